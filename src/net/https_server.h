// SPDX-License-Identifier: GPL-3.0-or-later
//
// The HTTPS server of the API: TLS 1.3, HTTP/1.1 with keep-alive, file ranges, WebSockets. It
// knows nothing of routes or tokens; one handler gets every request and answers from any thread,
// so that slow work can go to a pool.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/websocket.h"

namespace muster::net {

// The answer to one request: call it once, from any thread; later calls do nothing. When every
// copy is gone without an answer, the client gets a 500.
class Responder {
public:
    struct State;
    Responder();
    explicit Responder(std::shared_ptr<State> state);
    void operator()(HttpResponse response) const;
    void respond(HttpResponse response) const { (*this)(std::move(response)); }

private:
    std::shared_ptr<State> state_;
};

// The answer to one WebSocket request; exactly one of accept() and reject() counts, the first.
class WebSocketAcceptor {
public:
    struct State;
    WebSocketAcceptor();
    explicit WebSocketAcceptor(std::shared_ptr<State> state);
    // Any thread. A status below 400 becomes 500.
    void reject(HttpResponse response) const;
    // Loop's thread. Set on_text() and on_closed() at once; messages may be sent at once too and
    // leave after the handshake. Null when the request is already answered or its client gone.
    std::shared_ptr<WebSocket> accept() const;

private:
    std::shared_ptr<State> state_;
};

struct HttpsServerOptions {
    Address listen;
    TlsIdentity identity;
    std::size_t body_limit_bytes = 1u << 20;       // beyond: 413
    std::uint32_t header_limit_bytes = 16u << 10;  // beyond: 431
    std::size_t max_connections = 4096;  // beyond: the longest idle one is closed, else the new
    Duration idle_timeout = std::chrono::seconds(60);     // between requests
    Duration request_timeout = std::chrono::seconds(30);  // for a body to arrive; beyond: 408
    Duration write_timeout = std::chrono::seconds(60);    // for each piece of a response
    Duration handshake_timeout = std::chrono::seconds(10);
    Duration shutdown_grace = std::chrono::seconds(5);
    std::string congestion_control;  // TCP's; empty: the kernel's default
    WebSocketOptions websocket;
};

// Loop's thread, except where noted. Destroying it closes every connection at once.
class HttpsServer {
public:
    using Options = HttpsServerOptions;
    using Handler = std::function<void(HttpRequest, Responder)>;
    using WebSocketHandler = std::function<void(const HttpRequest&, WebSocketAcceptor)>;

    HttpsServer(Loop& loop, Options options);
    ~HttpsServer();
    HttpsServer(const HttpsServer&) = delete;
    HttpsServer& operator=(const HttpsServer&) = delete;

    // Before start(). Without a handler every request gets a 404.
    void on_request(Handler handler);
    void on_websocket(WebSocketHandler handler);
    // Errc::busy: the port is in use; Errc::invalid_argument: no identity, or an address that is
    // not of this machine; Errc::permission_denied: a port below 1024 without the right to it.
    Status start();
    // With the real port when port 0 was asked for.
    Address local_address() const;
    std::size_t connections() const;
    // Graceful: no new connection, idle ones end, running requests may finish within the grace,
    // WebSockets are closed with "the server is stopping". Calls on_stopped when all are gone.
    void stop(std::function<void()> on_stopped = {});

    // For the other parts of net.
    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace muster::net
