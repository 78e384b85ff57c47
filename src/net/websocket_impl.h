// SPDX-License-Identifier: GPL-3.0-or-later
//
// One WebSocket connection, whichever side opened it. It is made before the handshake, so that
// its owner can set functions and queue messages at once; the coroutine that does the handshake
// hands it the stream and then runs it to its end. What touches the loop (stream, timers) lives
// from the handshake to the end of that coroutine; a handle may live longer, even than the loop.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "net/loop_impl.h"
#include "net/websocket.h"

namespace muster::net {

struct WebSocket::Impl : std::enable_shared_from_this<WebSocket::Impl> {
    Impl(std::shared_ptr<LoopGate> the_gate, const WebSocketOptions& the_options,
         const Address& the_peer);

    // The handshake, on a stream that it takes over.
    asio::awaitable<error_code> accept(TlsStream tls,
                                       const http::request<http::string_body>& request);
    // RESPONSE is the server's, also when it refuses (websocket::error::upgrade_declined).
    asio::awaitable<error_code> connect(TlsStream tls, std::string host, std::string target,
                                        std::string token, websocket::response_type& response);
    // After the handshake, until the connection has ended and on_closed was called.
    asio::awaitable<void> run();
    // All on the loop's thread.
    void enqueue(std::string message);
    void begin_close(std::string why);
    void end(const std::string& why);
    void release();
    std::string reason_of(const error_code& ec) const;

    // Held by the coroutine that runs the connection, from before the handshake: at its end, also
    // when the loop is destroyed under it, the stream goes, and so do the functions with any
    // handle they hold on this very object.
    struct Guard {
        std::shared_ptr<Impl> impl;
        ~Guard() { impl->drop_everything(); }
    };
    void drop_everything();
    void drop_functions();
    // Rings run(), which looks at everything again.
    void change();

    std::shared_ptr<LoopGate> gate;
    WebSocketOptions options;
    Address peer;
    std::optional<WebSocketStream> stream;
    std::optional<asio::steady_timer> wake;            // rung when something changed for run()
    std::optional<asio::steady_timer> close_deadline;  // for a peer that reads nothing
    std::shared_ptr<std::function<void(std::string)>> text_function;
    std::function<void(const std::string&)> closed_function;
    std::deque<std::string> queue;
    std::string local_reason;
    bool running = false;
    bool writing = false;
    bool closing = false;
    bool ended = false;
    std::atomic<bool> open{false};
    std::atomic<std::size_t> queued{0};

private:
    void adopt(TlsStream&& tls);
    asio::awaitable<void> read_all();
    asio::awaitable<void> wait_for_change();
    void start_close_deadline();
    void write_next();
    void send_close();
};

}  // namespace muster::net
