// SPDX-License-Identifier: GPL-3.0-or-later
//
// The server's parts: Impl accepts and counts, an HttpsConnection serves one client as one
// coroutine. A connection is owned by its coroutine; Impl knows it by plain pointer while it runs.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>

#include "net/http_io.h"
#include "net/https_server.h"
#include "net/loop_impl.h"
#include "net/tls_channel.h"
#include "net/websocket_impl.h"

namespace muster::net {

class HttpsConnection;

struct HttpsServer::Impl : std::enable_shared_from_this<HttpsServer::Impl> {
    Impl(Loop::Impl& the_loop, Options the_options);
    Status listen();
    void accept_next();
    void on_accepted(tcp::socket socket);
    bool evict_longest_idle();
    void stop(std::function<void()> when_stopped);
    void abort();
    void on_connection_ended(HttpsConnection* connection);

    Loop::Impl& loop;
    std::shared_ptr<LoopGate> gate;
    Options options;
    ssl::context tls{ssl::context::tls_server};
    tcp::acceptor acceptor;
    asio::steady_timer retry;  // after accept() failed for want of descriptors
    asio::steady_timer grace;
    Handler handler;
    WebSocketHandler websocket_handler;
    std::set<HttpsConnection*> connections;
    std::function<void()> on_stopped;
    bool stopping = false;
};

class HttpsConnection : public std::enable_shared_from_this<HttpsConnection> {
public:
    HttpsConnection(std::shared_ptr<HttpsServer::Impl> server, tcp::socket socket);
    ~HttpsConnection();

    asio::awaitable<void> run();
    // Loop's thread. Ends the connection now.
    void kill(const std::string& why);
    // Ends it when the running request is answered.
    void finish();
    bool is_idle() const { return idle_; }
    std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }

    // From the Responder and the acceptor.
    void on_answer(HttpResponse response);
    std::shared_ptr<WebSocket> on_accept();

private:
    using Request = http::request<http::string_body>;
    using Parser = http::request_parser<http::string_body>;

    asio::awaitable<bool> serve_one();
    asio::awaitable<error_code> read_request(Parser& parser);
    asio::awaitable<bool> refuse(error_code ec, bool got_some);
    asio::awaitable<bool> serve_request(const Request& message, HttpRequest request);
    asio::awaitable<bool> serve_websocket(const Request& message, HttpRequest request);
    asio::awaitable<void> wait_for_answer();
    // How the answer is to look, from the request.
    struct Frame {
        bool is_head = false;
        bool old_version = false;  // HTTP/1.0
        bool keep_alive = false;
    };
    Frame frame_of(const Request& message) const;
    // True when the connection goes on.
    asio::awaitable<bool> write(HttpResponse response, Frame frame);
    asio::awaitable<bool> write_file(HttpResponse response, Frame frame);
    asio::awaitable<bool> write_source(HttpResponse response, Frame frame);
    static std::string head_of(const HttpResponse& response, std::uint64_t length, Frame frame);
    asio::awaitable<bool> send_source(std::shared_ptr<BodySource> source);
    asio::awaitable<void> linger();
    asio::awaitable<void> say_goodbye();
    void start_deadline(Duration limit);
    void stop_deadline();

    std::shared_ptr<HttpsServer::Impl> server_;
    std::optional<TlsChannel> stream_;
    beast::flat_buffer buffer_;
    Address peer_;
    Address local_;
    asio::steady_timer deadline_;
    std::uint64_t deadline_number_ = 0;
    bool deadline_passed_ = false;
    asio::steady_timer wake_;  // rung by on_answer(), on_accept() and kill()
    std::optional<HttpResponse> answer_;
    std::shared_ptr<WebSocket::Impl> websocket_;
    std::chrono::steady_clock::time_point idle_since_;
    bool idle_ = false;
    bool finishing_ = false;
    bool killed_ = false;
};

struct Responder::State {
    std::shared_ptr<LoopGate> gate;
    std::weak_ptr<HttpsConnection> connection;
    std::atomic<bool> answered{false};
    void answer(HttpResponse response);
    ~State();
};

struct WebSocketAcceptor::State {
    std::shared_ptr<LoopGate> gate;
    std::weak_ptr<HttpsConnection> connection;
    std::atomic<bool> answered{false};
    void reject(HttpResponse response);
    ~State();
};

}  // namespace muster::net
