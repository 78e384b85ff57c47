// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/client_channel.h"
#include "net/https_client.h"
#include "net/loop_impl.h"
#include "net/websocket_impl.h"

namespace muster::net {

// Owned by its coroutine and by the caller's handle; whichever ends first drops the callbacks.
struct WebSocketClient::Attempt {
    Attempt(Loop::Impl& the_loop, HttpsClientOptions the_options, std::string_view the_target,
            Callbacks the_callbacks, const WebSocketOptions& websocket_options)
        : loop(the_loop),
          gate(the_loop.gate),
          options(std::move(the_options)),
          target(the_target),
          callbacks(std::move(the_callbacks)),
          websocket(websocket_options) {}

    static asio::awaitable<void> run(std::shared_ptr<Attempt> self);
    asio::awaitable<void> open();
    asio::awaitable<error_code> handshake(websocket::response_type& response);
    void fail(WebSocketFailure failure);
    void cancel();

    Loop::Impl& loop;
    std::shared_ptr<LoopGate> gate;
    HttpsClientOptions options;
    std::string target;
    Callbacks callbacks;
    WebSocketOptions websocket;
    ClientChannel channel;
    std::shared_ptr<WebSocket::Impl> socket;
    bool settled = false;  // a callback was called, or the caller has lost interest
};

void WebSocketClient::Attempt::fail(WebSocketFailure failure) {
    if (settled) return;
    settled = true;
    const auto function = std::move(callbacks.on_failed);
    callbacks = {};
    if (function) function(failure);
}

void WebSocketClient::Attempt::cancel() {
    if (settled) return;
    settled = true;
    // Dropped at the end: a callback may own what owns us.
    const auto dropped = std::exchange(callbacks, {});
    if (socket) {
        socket->end("cancelled");
    } else if (channel.stream) {
        channel.stream->close();
    }
}

asio::awaitable<error_code> WebSocketClient::Attempt::handshake(
    websocket::response_type& response) {
    auto stream = channel.stream->release();
    channel.stream.reset();
    co_return co_await socket->connect(std::move(stream), options.server, target,
                                       options.bearer_token, response);
}

asio::awaitable<void> WebSocketClient::Attempt::open() {
    if (!is_target_safe(target)) {
        fail({Error(Errc::invalid_argument, "\"" + target + "\" is no path of a WebSocket")});
        co_return;
    }
    const auto connected = co_await channel.connect(loop.context.get_executor(), options, false);
    if (settled) co_return;
    if (!connected.ok()) {
        fail({connected.error()});
        co_return;
    }
    websocket::response_type response;
    socket = std::make_shared<WebSocket::Impl>(gate, websocket, channel.peer);
    const WebSocket::Impl::Guard guard{socket};
    const auto ec = co_await handshake(response);
    if (settled) co_return;
    if (!ec) {
        settled = true;
        const auto function = std::move(callbacks.on_open);
        callbacks = {};
        // When nobody keeps the handle, its end closes the connection.
        auto handle = std::make_shared<WebSocket>(socket);
        if (function) function(std::move(handle));
        handle.reset();
        co_await socket->run();
        co_return;
    }
    socket->end("");
    if (ec == websocket::error::upgrade_declined) {
        const int status = static_cast<int>(response.result_int());
        fail({status_error(options.server, status, response.body()), status, response.body()});
    } else {
        fail({request_error(options.server, ec, websocket.handshake_timeout)});
    }
}

asio::awaitable<void> WebSocketClient::Attempt::run(std::shared_ptr<Attempt> self) {
    struct Dropper {
        Attempt& attempt;
        ~Dropper() {
            const auto dropped = std::exchange(attempt.callbacks, {});
            attempt.channel.stream.reset();
        }
    };
    const Dropper dropper{*self};
    // The callbacks must not run within connect().
    co_await asio::post(self->loop.context, asio::use_awaitable);
    if (!self->settled) co_await self->open();
}

WebSocketClient WebSocketClient::connect(Loop& loop, const HttpsClientOptions& options,
                                         std::string_view target, Callbacks callbacks,
                                         const WebSocketOptions& websocket) {
    auto attempt =
        std::make_shared<Attempt>(loop.impl(), options, target, std::move(callbacks), websocket);
    asio::co_spawn(
        loop.impl().context, Attempt::run(attempt), [attempt](std::exception_ptr failure) {
            if (!failure) return;
            attempt->fail(
                {Error(Errc::internal, "open a WebSocket to " + attempt->options.server)});
        });
    return WebSocketClient(std::move(attempt));
}

WebSocketClient::WebSocketClient() = default;
WebSocketClient::WebSocketClient(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
WebSocketClient::WebSocketClient(WebSocketClient&&) noexcept = default;
WebSocketClient& WebSocketClient::operator=(WebSocketClient&& other) noexcept {
    if (this != &other) {
        cancel();
        attempt_ = std::move(other.attempt_);
    }
    return *this;
}
WebSocketClient::~WebSocketClient() { cancel(); }

void WebSocketClient::cancel() {
    if (const auto attempt = std::move(attempt_)) attempt->cancel();
}

}  // namespace muster::net
