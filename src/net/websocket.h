// SPDX-License-Identifier: GPL-3.0-or-later
//
// A WebSocket over TLS, the same on both sides: text messages in order, a bounded queue, and a
// dead peer noticed by pings within a known time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "net/address.h"

namespace muster::net {

struct WebSocketOptions {
    // Nothing heard for so long, pings included: the peer is dead. A ping goes out at half of it.
    Duration idle_timeout = std::chrono::seconds(10);
    // For the opening and for the closing handshake.
    Duration handshake_timeout = std::chrono::seconds(10);
    // More than this waiting to be sent: the peer does not read; the socket is closed.
    std::size_t queue_limit_bytes = 8u << 20;
    // A longer message closes the socket.
    std::size_t message_limit_bytes = 4u << 20;
};

// The handle of one connection. Functions given to it run on the Loop's thread. Destroying the
// last handle closes the connection, and from then on none of its functions is called.
class WebSocket {
public:
    struct Impl;
    explicit WebSocket(std::shared_ptr<Impl> impl);
    ~WebSocket();
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    // Any thread; queued, never blocks. Messages after the end are dropped.
    void send_text(std::string message);
    // Loop's thread. Nothing is read before on_text() was called.
    void on_text(std::function<void(std::string)> function);
    // Called once, however the connection ends: "closed by the peer: REASON", "no sign of life
    // from 10.0.0.7:40112 for 10 s", "... does not read: more than 8 MiB are waiting", or the
    // reason given to close().
    void on_closed(std::function<void(const std::string& reason)> function);
    // Any thread. What is queued is sent first; the peer learns the first 120 bytes of the reason.
    void close(std::string reason);
    // The peer's address; on the client's side the server's.
    const Address& peer() const;
    // Any thread. False before the handshake and from the end on.
    bool is_open() const;
    std::size_t queued_bytes() const;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace muster::net
