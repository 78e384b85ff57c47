// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/https_server.h"

#include "base/check.h"
#include "net/https_server_impl.h"
#include "net/tls_impl.h"

namespace muster::net {

namespace {
void deliver(LoopGate& gate, std::weak_ptr<HttpsConnection> connection, HttpResponse response) {
    gate.post([weak = std::move(connection), answer = std::move(response)]() mutable {
        if (const auto target = weak.lock()) target->on_answer(std::move(answer));
    });
}

HttpResponse no_answer() {
    return HttpResponse::text(500, "the server gave no answer to this request");
}

Error listen_error(const error_code& ec, const Address& address) {
    const std::string what = "listen on " + address.to_string() + ": ";
    const auto port = std::to_string(address.port());
    if (ec == asio::error::address_in_use) {
        return {Errc::busy, what +
                                "the port is in use by another program; stop it (ss -ltnp "
                                "'sport = :" +
                                port + "' names it) or listen on another port"};
    }
    if (ec == boost::system::errc::address_not_available) {
        return {Errc::invalid_argument,
                what + "no interface of this machine has the address (ip address shows them)"};
    }
    if (ec == asio::error::access_denied) {
        return {Errc::permission_denied,
                what + "port " + port + " is for root; take one above 1023"};
    }
    return {Errc::io, what + words_of(ec)};
}
}  // namespace

void Responder::State::answer(HttpResponse response) {
    if (!answered.exchange(true)) deliver(*gate, connection, std::move(response));
}
Responder::State::~State() { answer(no_answer()); }

void WebSocketAcceptor::State::reject(HttpResponse response) {
    if (response.status < 400) response.status = 500;
    if (!answered.exchange(true)) deliver(*gate, connection, std::move(response));
}
WebSocketAcceptor::State::~State() { reject(no_answer()); }

Responder::Responder() = default;
Responder::Responder(std::shared_ptr<State> state) : state_(std::move(state)) {}
void Responder::operator()(HttpResponse response) const {
    if (state_) state_->answer(std::move(response));
}

WebSocketAcceptor::WebSocketAcceptor() = default;
WebSocketAcceptor::WebSocketAcceptor(std::shared_ptr<State> state) : state_(std::move(state)) {}
void WebSocketAcceptor::reject(HttpResponse response) const {
    if (state_) state_->reject(std::move(response));
}
std::shared_ptr<WebSocket> WebSocketAcceptor::accept() const {
    if (!state_ || state_->answered.exchange(true)) return nullptr;
    const auto connection = state_->connection.lock();
    if (!connection) return nullptr;
    CHECK(state_->gate->on_loop_thread());
    return connection->on_accept();
}

HttpsServer::Impl::Impl(Loop::Impl& the_loop, Options the_options)
    : loop(the_loop),
      gate(the_loop.gate),
      options(std::move(the_options)),
      acceptor(the_loop.context),
      retry(the_loop.context),
      grace(the_loop.context) {}

Status HttpsServer::Impl::listen() {
    TRY(configure_server(tls.native_handle(), options.identity));
    const auto endpoint = to_endpoint(options.listen);
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) return {};
    error_code ignored;
    acceptor.close(ignored);
    return listen_error(ec, options.listen);
}

void HttpsServer::Impl::accept_next() {
    acceptor.async_accept([self = shared_from_this()](const error_code& ec, tcp::socket socket) {
        if (self->stopping) return;
        if (!ec) {
            self->on_accepted(std::move(socket));
            self->accept_next();
            return;
        }
        // Out of descriptors, or the client left already. Trying at once would burn the processor.
        self->retry.expires_after(std::chrono::milliseconds(100));
        self->retry.async_wait([self](const error_code& cancelled) {
            if (!cancelled && !self->stopping) self->accept_next();
        });
    });
}

namespace {
asio::awaitable<void> run_connection(std::shared_ptr<HttpsConnection> connection) {
    co_await connection->run();
}
}  // namespace

void HttpsServer::Impl::on_accepted(tcp::socket socket) {
    if (connections.size() >= options.max_connections && !evict_longest_idle()) return;
    tune_tcp(socket, options.congestion_control);
    auto connection = std::make_shared<HttpsConnection>(shared_from_this(), std::move(socket));
    connections.insert(connection.get());
    // What a library throws in there ends this one connection.
    asio::co_spawn(loop.context, run_connection(std::move(connection)), asio::detached);
}

bool HttpsServer::Impl::evict_longest_idle() {
    HttpsConnection* oldest = nullptr;
    for (auto* connection : connections) {
        if (!connection->is_idle()) continue;
        if (!oldest || connection->idle_since() < oldest->idle_since()) oldest = connection;
    }
    if (!oldest) return false;
    oldest->kill("room for another connection");
    return true;
}

void HttpsServer::Impl::stop(std::function<void()> when_stopped) {
    stopping = true;
    on_stopped = std::move(when_stopped);
    error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
    for (auto* connection : std::set(connections)) connection->finish();
    grace.expires_after(to_steady(options.shutdown_grace));
    grace.async_wait([self = shared_from_this()](const error_code& ec) {
        if (ec) return;
        for (auto* connection : std::set(self->connections)) {
            connection->kill("the server is stopping");
        }
    });
    on_connection_ended(nullptr);
}

void HttpsServer::Impl::abort() {
    stopping = true;
    on_stopped = nullptr;
    handler = nullptr;
    websocket_handler = nullptr;
    error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
    grace.cancel();
    for (auto* connection : std::set(connections)) connection->kill("the server is stopping");
}

void HttpsServer::Impl::on_connection_ended(HttpsConnection* connection) {
    connections.erase(connection);
    if (!stopping || !connections.empty() || !on_stopped) return;
    grace.cancel();
    // Not from within a destructor or the caller's stop().
    gate->post(std::exchange(on_stopped, nullptr));
}

HttpsServer::HttpsServer(Loop& loop, Options options)
    : impl_(std::make_shared<Impl>(loop.impl(), std::move(options))) {}
HttpsServer::~HttpsServer() { impl_->abort(); }
void HttpsServer::on_request(Handler handler) { impl_->handler = std::move(handler); }
void HttpsServer::on_websocket(WebSocketHandler handler) {
    impl_->websocket_handler = std::move(handler);
}

Status HttpsServer::start() {
    TRY(impl_->listen());
    impl_->accept_next();
    return {};
}

Address HttpsServer::local_address() const {
    error_code ec;
    const auto endpoint = impl_->acceptor.local_endpoint(ec);
    return ec ? impl_->options.listen : from_endpoint(endpoint);
}

std::size_t HttpsServer::connections() const { return impl_->connections.size(); }
void HttpsServer::stop(std::function<void()> on_stopped) { impl_->stop(std::move(on_stopped)); }

}  // namespace muster::net
