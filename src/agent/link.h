// SPDX-License-Identifier: GPL-3.0-or-later
//
// The agent's connection to the server: opened again for ever when it breaks. What must not get
// lost with it is kept by whoever says it. Loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/prng.h"
#include "base/value.h"
#include "net/https_client.h"
#include "net/loop.h"

namespace muster::agent {

class Link {
public:
    struct Callbacks {
        std::function<void(const Value&)> on_message;
        // The server refuses us (wrong token, other version): trying again would not help.
        std::function<void(const Error&)> on_refused;
        std::function<void(const std::string&)> on_notice;
        // Completes the hello: what this computer has in hand.
        std::function<void(Value& hello)> on_hello;
        // The hello was sent.
        std::function<void()> on_connected;
    };
    Link(net::Loop& loop, net::HttpsClientOptions server, Callbacks callbacks, std::uint64_t seed);

    void start();
    // Dropped when nobody can hear it.
    void send(const Value& message);
    bool connected() const { return socket_ != nullptr; }

private:
    void connect();
    void retry(const std::string& why);

    net::Loop& loop_;
    net::HttpsClientOptions server_;
    Callbacks callbacks_;
    Prng prng_;
    net::WebSocketClient attempt_;
    std::shared_ptr<net::WebSocket> socket_;
    net::Timer retry_;
    bool complained_ = false;
    bool was_connected_ = false;
};

}  // namespace muster::agent
