// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/loop.h"

#include <netinet/tcp.h>

#include <cctype>

#include "net/loop_impl.h"
#include "net/sockaddr.h"

namespace muster::net {

void LoopGate::post(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    if (context_) asio::post(*context_, std::move(function));
}

bool LoopGate::on_loop_thread() {
    const std::lock_guard lock(mutex_);
    return context_ && context_->get_executor().running_in_this_thread();
}

void LoopGate::dispatch(std::function<void()> function) {
    if (on_loop_thread()) {
        function();
    } else {
        post(std::move(function));
    }
}

void LoopGate::close() {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
}

struct Timer::Impl {
    Impl(asio::io_context& context, Duration delay, std::function<void()> fn)
        : timer(context, to_steady(delay)), function(std::move(fn)) {}
    asio::steady_timer timer;
    std::function<void()> function;
};

Timer::Timer() = default;
Timer::Timer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
    if (this != &other) {
        cancel();
        impl_ = std::move(other.impl_);
    }
    return *this;
}
Timer::~Timer() { cancel(); }

void Timer::cancel() {
    const auto impl = std::move(impl_);
    if (!impl) return;
    impl->function = nullptr;
    impl->timer.cancel();
}

bool Timer::pending() const { return impl_ && impl_->function; }

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() {
    impl_->gate->close();
    // The pool first: what it finishes is still handed to the context.
    impl_->file_pool.reset();
}

void Loop::run() {
    {
        const auto guard = asio::make_work_guard(impl_->context);
        impl_->context.run();
    }
    // After the guard: a context stops by itself when its last work goes.
    impl_->context.restart();
}

void Loop::stop() { impl_->context.stop(); }

void Loop::post(std::function<void()> function) { asio::post(impl_->context, std::move(function)); }

Timer Loop::after(Duration delay, std::function<void()> function) {
    auto timer = std::make_shared<Timer::Impl>(impl_->context, delay, std::move(function));
    // The weak pointer: a Timer that is gone must not be kept alive by its own wait.
    timer->timer.async_wait([weak = std::weak_ptr(timer)](const error_code& ec) {
        const auto self = weak.lock();
        if (ec || !self || !self->function) return;
        const auto due = std::exchange(self->function, nullptr);
        due();
    });
    return Timer(std::move(timer));
}

void Loop::Impl::wait_for_signal() {
    signals->async_wait([this](const error_code& ec, int number) {
        if (ec) return;
        signal_function(number);
        wait_for_signal();
    });
}

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> function) {
    impl_->signals.emplace(impl_->context);
    for (int number : signals) {
        error_code ignored;  // only for numbers that are no signals
        impl_->signals->add(number, ignored);
    }
    impl_->signal_function = std::move(function);
    impl_->wait_for_signal();
}

void Loop::on_signals(std::initializer_list<int> signals, std::function<void()> function) {
    on_signals(signals, [run = std::move(function)](int) { run(); });
}

bool Loop::on_loop_thread() const { return impl_->context.get_executor().running_in_this_thread(); }

Address from_endpoint(const tcp::endpoint& endpoint) {
    const auto address = from_sockaddr(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    return address.value_or(Address());
}

tcp::endpoint to_endpoint(const Address& address) {
    const auto raw = to_sockaddr(address);
    tcp::endpoint endpoint;
    endpoint.resize(raw.length);
    std::memcpy(endpoint.data(), raw.raw(), raw.length);
    return endpoint;
}

void tune_tcp(tcp::socket& socket, const std::string& congestion_control) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (congestion_control.empty()) return;
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CONGESTION, congestion_control.data(),
                 static_cast<socklen_t>(congestion_control.size()));
}

std::string words_of(const error_code& ec) {
    std::string words = ec.message();
    if (words.size() > 1 && std::islower(static_cast<unsigned char>(words[1]))) {
        words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
    }
    return words;
}

}  // namespace muster::net
