// SPDX-License-Identifier: GPL-3.0-or-later
//
// The client side of the API: a blocking one for the command line and for downloads, and the
// asynchronous opening of a WebSocket on a Loop. Both know the server by its key's fingerprint.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/websocket.h"

namespace muster::net {

struct HttpsClientOptions {
    std::string server;        // "10.0.0.1:8443", "[fd00::1]:8443", "site.example:8443"
    std::string fingerprint;   // TlsIdentity::fingerprint() of the server
    std::string bearer_token;  // sent with every request unless empty
    Duration connect_timeout = std::chrono::seconds(5);    // name, TCP and TLS together
    Duration response_timeout = std::chrono::seconds(30);  // request sent to response read
    std::size_t body_limit_bytes = 64u << 20;              // of a response kept in memory
    std::string congestion_control;                        // TCP's; empty: the kernel's default
};

// One connection, used again from request to request, opened anew when it was closed. For one
// thread at a time; blocks it.
class HttpsClient {
public:
    using Options = HttpsClientOptions;
    explicit HttpsClient(Options options);
    HttpsClient(HttpsClient&&) noexcept;
    HttpsClient& operator=(HttpsClient&&) noexcept;
    ~HttpsClient();

    // Any status is a response. Errc::unavailable: "cannot reach ADDR: connection refused; is
    // muster serve running there?"; Errc::unauthenticated: the server has another key.
    Result<HttpResponse> request(std::string_view method, std::string_view target,
                                 std::string body = {}, std::string_view content_type = {});
    Result<HttpResponse> get(std::string_view target) { return request("GET", target); }

    // Bytes FIRST to LAST (inclusive) of a resource, in pieces and in order. Ends with the first
    // error of the callback. A status >= 400 is an error here (errc_of_status) with the server's
    // words; Errc::corrupt: the server sent another range; Errc::unavailable: the connection
    // broke, what the callback got so far is good.
    using Piece = std::function<Status(ByteSpan)>;
    Status download_range(std::string_view target, std::uint64_t first, std::uint64_t last,
                          const Piece& piece);
    // What the last refused download was told to wait (Retry-After, in seconds); zero: nothing.
    Duration retry_after() const;

    // Any thread: the call under way and all later ones end with Errc::cancelled.
    void cancel();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Connects, reads the server's key and hangs up: for showing it to a person who is to confirm it
// at the first login. It proves nothing by itself. Ignores options.fingerprint.
Result<std::string> fetch_fingerprint(const HttpsClientOptions& options);

struct WebSocketFailure {
    Error error;          // one line for people
    int http_status = 0;  // of the server's refusal (401, 409, 426 ...); 0 when it was not reached
    std::string body;     // the server's words
};

class WebSocketClient {
public:
    struct Callbacks {
        // Exactly one of the two is called, on the loop, unless the attempt is dropped before.
        std::function<void(std::shared_ptr<WebSocket>)> on_open;
        std::function<void(const WebSocketFailure&)> on_failed;
    };
    // Loop's thread, or before run(). The attempt lives as long as the object returned; it may be
    // destroyed at any time, also within a callback, and does not own the opened WebSocket.
    [[nodiscard]] static WebSocketClient connect(Loop& loop, const HttpsClientOptions& options,
                                                 std::string_view target, Callbacks callbacks,
                                                 const WebSocketOptions& websocket = {});
    WebSocketClient();
    WebSocketClient(WebSocketClient&&) noexcept;
    WebSocketClient& operator=(WebSocketClient&&) noexcept;
    ~WebSocketClient();
    void cancel();

private:
    struct Attempt;
    explicit WebSocketClient(std::shared_ptr<Attempt> attempt);
    std::shared_ptr<Attempt> attempt_;
};

}  // namespace muster::net
