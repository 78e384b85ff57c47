// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/websocket.h"

#include "base/check.h"
#include "net/websocket_impl.h"

namespace muster::net {

namespace {
constexpr std::size_t kCloseReasonBytes = 120;  // RFC 6455 allows 123

// At most so many bytes, and no half of a UTF-8 character at the end.
std::string_view cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
    return text.substr(0, limit);
}
}  // namespace

WebSocket::Impl::Impl(std::shared_ptr<LoopGate> the_gate, const WebSocketOptions& the_options,
                      const Address& the_peer)
    : gate(std::move(the_gate)), options(the_options), peer(the_peer) {}

void WebSocket::Impl::adopt(TlsStream&& tls) {
    // The WebSocket stream has timeouts of its own; two at once would disturb each other.
    beast::get_lowest_layer(tls).expires_never();
    stream.emplace(std::move(tls));
    wake.emplace(stream->get_executor());
    close_deadline.emplace(stream->get_executor());
    stream->set_option(websocket::stream_base::timeout{
        .handshake_timeout = to_steady(options.handshake_timeout),
        .idle_timeout = to_steady(options.idle_timeout),
        .keep_alive_pings = true,
    });
    // The limit is the read buffer's, which ends in a proper close; Beast's own ends in a reset.
    stream->read_message_max(0);
    stream->write_buffer_bytes(64 * 1024);
    stream->text(true);
}

asio::awaitable<error_code> WebSocket::Impl::accept(
    TlsStream tls, const http::request<http::string_body>& request) {
    adopt(std::move(tls));
    error_code ec;
    co_await stream->async_accept(request, catching(ec));
    co_return ec;
}

asio::awaitable<error_code> WebSocket::Impl::connect(TlsStream tls, std::string host,
                                                     std::string target, std::string token,
                                                     websocket::response_type& response) {
    adopt(std::move(tls));
    stream->set_option(websocket::stream_base::decorator([token](websocket::request_type& request) {
        request.set(http::field::user_agent, "muster");
        if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
    }));
    error_code ec;
    co_await stream->async_handshake(response, host, target, catching(ec));
    co_return ec;
}

asio::awaitable<void> WebSocket::Impl::run() {
    const auto self = shared_from_this();
    running = true;
    open = !ended && !closing;
    if (closing) start_close_deadline();
    write_next();
    while (!text_function && !ended && !closing) co_await wait_for_change();
    co_await read_all();
    // The stream must not go under an operation that still uses it.
    while (!ended || writing) co_await wait_for_change();
}

asio::awaitable<void> WebSocket::Impl::read_all() {
    beast::flat_buffer buffer(options.message_limit_bytes);
    error_code ec;
    while (!ended) {
        co_await stream->async_read(buffer, catching(ec));
        if (ec == websocket::error::buffer_overflow) {
            begin_close("a message of more than " + std::to_string(options.message_limit_bytes) +
                        " bytes from " + peer.to_string());
            co_return;
        }
        if (ec) {
            end(reason_of(ec));
        } else if (!stream->got_text()) {
            begin_close("only text messages are understood here");
        } else if (const auto function = text_function) {
            (*function)(beast::buffers_to_string(buffer.data()));
        }
        buffer.consume(buffer.size());
    }
}

asio::awaitable<void> WebSocket::Impl::wait_for_change() {
    error_code ec;
    wake->expires_at(asio::steady_timer::time_point::max());
    co_await wake->async_wait(catching(ec));
}

void WebSocket::Impl::change() {
    if (wake) wake->cancel();
}

void WebSocket::Impl::enqueue(std::string message) {
    if (ended || closing) return;
    if (queued + message.size() > options.queue_limit_bytes) {
        local_reason = peer.to_string() + " does not read: more than " +
                       std::to_string(options.queue_limit_bytes) + " bytes are waiting";
        // A close frame would wait behind the queue; the owner is told from the loop, not from
        // within its own call.
        closing = true;
        open = false;
        gate->post([self = shared_from_this()] { self->end(""); });
        return;
    }
    queued += message.size();
    queue.push_back(std::move(message));
    write_next();
}

void WebSocket::Impl::write_next() {
    if (!running || writing || ended) return;
    if (queue.empty()) {
        if (closing) send_close();
        return;
    }
    writing = true;
    stream->async_write(asio::buffer(queue.front()),
                        [self = shared_from_this()](const error_code& ec, std::size_t) {
                            self->writing = false;
                            self->change();
                            // After the end nobody counts any more; the read loop reports errors.
                            if (ec || self->ended) return;
                            self->queued -= self->queue.front().size();
                            self->queue.pop_front();
                            self->write_next();
                        });
}

void WebSocket::Impl::begin_close(std::string why) {
    if (ended || closing) return;
    closing = true;
    open = false;
    local_reason = std::move(why);
    start_close_deadline();
    change();
    write_next();
}

void WebSocket::Impl::start_close_deadline() {
    if (!close_deadline) return;
    close_deadline->expires_after(to_steady(options.handshake_timeout));
    close_deadline->async_wait([self = shared_from_this()](const error_code& ec) {
        if (!ec) self->end("");
    });
}

void WebSocket::Impl::send_close() {
    const auto words = cut(local_reason, kCloseReasonBytes);
    writing = true;  // nothing may follow
    stream->async_close(websocket::close_reason(websocket::close_code::normal,
                                                beast::string_view(words.data(), words.size())),
                        [self = shared_from_this()](const error_code&) {
                            self->writing = false;
                            self->end("");
                            self->change();
                        });
}

void WebSocket::Impl::end(const std::string& why) {
    if (ended) return;
    ended = true;
    open = false;
    queued = 0;
    change();
    if (close_deadline) close_deadline->cancel();
    if (stream) beast::get_lowest_layer(*stream).close();
    const auto function = std::move(closed_function);
    drop_functions();
    if (function) function(local_reason.empty() ? why : local_reason);
}

void WebSocket::Impl::drop_everything() {
    ended = true;
    open = false;
    stream.reset();
    wake.reset();
    close_deadline.reset();
    drop_functions();
}

void WebSocket::Impl::drop_functions() {
    const auto text = std::move(text_function);
    const auto closed = std::move(closed_function);
    text_function = nullptr;
    closed_function = nullptr;
}

void WebSocket::Impl::release() {
    drop_functions();
    begin_close("no longer needed");
}

std::string WebSocket::Impl::reason_of(const error_code& ec) const {
    if (ec == beast::error::timeout) {
        const auto seconds = std::chrono::duration<double>(options.idle_timeout).count();
        char words[32];
        std::snprintf(words, sizeof words, "%g", seconds);
        return "no sign of life from " + peer.to_string() + " for " + words + " s";
    }
    if (ec == websocket::error::closed) {
        const auto& given = stream->reason().reason;
        if (given.empty()) return "closed by the peer";
        return "closed by the peer: " + std::string(given.data(), given.size());
    }
    if (ec == asio::error::eof || ec == ssl::error::stream_truncated) {
        return "connection to " + peer.to_string() + " lost: it closed without a word";
    }
    return "connection to " + peer.to_string() + " lost: " + words_of(ec);
}

WebSocket::WebSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

WebSocket::~WebSocket() {
    impl_->gate->dispatch([impl = impl_] { impl->release(); });
}

void WebSocket::send_text(std::string message) {
    impl_->gate->dispatch(
        [impl = impl_, text = std::move(message)]() mutable { impl->enqueue(std::move(text)); });
}

void WebSocket::on_text(std::function<void(std::string)> function) {
    if (impl_->ended) return;
    impl_->text_function = std::make_shared<std::function<void(std::string)>>(std::move(function));
    impl_->change();
}

void WebSocket::on_closed(std::function<void(const std::string&)> function) {
    if (!impl_->ended) impl_->closed_function = std::move(function);
}

void WebSocket::close(std::string reason) {
    impl_->gate->dispatch(
        [impl = impl_, why = std::move(reason)] { impl->begin_close(std::move(why)); });
}

const Address& WebSocket::peer() const { return impl_->peer; }
bool WebSocket::is_open() const { return impl_->open; }
std::size_t WebSocket::queued_bytes() const { return impl_->queued; }

}  // namespace muster::net
