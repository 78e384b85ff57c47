// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/link.h"

#include "mcast/packet.h"
#include "text/json.h"

namespace muster::agent {

Link::Link(net::Loop& loop, net::HttpsClientOptions server, Callbacks callbacks, std::uint64_t seed)
    : loop_(loop), server_(std::move(server)), callbacks_(std::move(callbacks)), prng_(seed) {}

void Link::start() { connect(); }

void Link::connect() {
    net::WebSocketClient::Callbacks callbacks;
    callbacks.on_open = [this](std::shared_ptr<net::WebSocket> socket) {
        socket_ = std::move(socket);
        complained_ = false;
        was_connected_ = true;
        socket_->on_closed([this](const std::string& why) {
            socket_.reset();
            retry(why);
        });
        socket_->on_text([this](const std::string& text) {
            auto message = text::parse_json(text);
            if (message.ok()) callbacks_.on_message(*message);
        });
        Value hello = Value::map();
        hello.set("type", "hello").set("protocol", mcast::kProtocolVersion);
        callbacks_.on_hello(hello);
        socket_->send_text(text::to_json(hello));
        callbacks_.on_connected();
    };
    callbacks.on_failed = [this](const net::WebSocketFailure& failure) {
        const bool refused = failure.http_status >= 400 && failure.http_status < 500;
        const bool wrong_key = failure.error.code() == Errc::unauthenticated;
        const bool wrong_words = failure.error.code() == Errc::invalid_argument;
        if (refused || wrong_key || wrong_words) return callbacks_.on_refused(failure.error);
        retry(failure.error.message());
    };
    attempt_ = net::WebSocketClient::connect(loop_, server_, "/api/v1/agent", callbacks);
}

void Link::retry(const std::string& why) {
    if (!complained_) callbacks_.on_notice(why + "; trying again");
    complained_ = true;
    retry_ = loop_.after(from_seconds(0.5 + 1.5 * prng_.uniform()), [this] { connect(); });
}

void Link::send(const Value& message) {
    if (socket_) socket_->send_text(text::to_json(message));
}

}  // namespace muster::agent
