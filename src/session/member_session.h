// SPDX-License-Identifier: GPL-3.0-or-later
//
// A computer's membership in a session, over all its connections: connects to the server's member
// endpoint, says hello, gets the offer, opens the store the offer asks for, joins, receives, and
// comes back by itself when the connection breaks. What was verified stays; only open groups are
// lost. Lives on one Loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/prng.h"
#include "net/https_client.h"
#include "net/loop.h"
#include "session/receiver_engine.h"

namespace muster::session {

struct MemberOptions {
    net::HttpsClientOptions server;
    std::string target;  // "/api/v1/sessions/7/member"
    std::string name;
    std::string interface;
    net::Wifi wifi = net::Wifi::refused;
    std::uint64_t memory_bytes = 128u << 20;
    std::uint64_t seed = 0;
    // After a first success connections are tried again for so long; negative: for ever.
    Duration retry_for = std::chrono::seconds(60);
};

class MemberSession {
public:
    struct Callbacks {
        // Once, with the first offer. The store is kept over all connections.
        std::function<Result<std::unique_ptr<BlockStore>>(const Offer&)> open_store;
        // Once, at the end: everything is verified and stored, or why not.
        std::function<void(Status)> on_finished;
        std::function<void(std::string)> on_notice;  // "connection lost, trying again" and the like
    };
    MemberSession(net::Loop& loop, MemberOptions options, Callbacks callbacks);
    ~MemberSession();

    void start();
    void stop();  // leaves without a result; nothing is called any more
    // The same, and the session is told why, as of a member that failed.
    void abandon(const std::string& why);
    // Leaves the session in the same way, but keeps what was verified; resume() joins again and
    // wants the rest.
    void pause(const std::string& why);
    void resume();
    const Offer* offer() const { return offer_ ? &*offer_ : nullptr; }
    // After on_finished: ends receiving and gives the store away; the connection stays, so that the
    // last report leaves.
    std::unique_ptr<BlockStore> take_store();
    // How it stands; counters add up over connections.
    ReceiverSnapshot snapshot() const;
    bool joined() const { return joined_; }
    bool welcomed() const { return welcomed_; }  // and connected since
    bool started() const { return started_; }

private:
    bool may_retry() const;
    void connect();
    void on_open(std::shared_ptr<net::WebSocket> socket);
    void on_text(const std::string& text);
    Status on_offer(const Offer& offer);
    Status on_welcome(const Welcome& welcome);
    Status on_rekey(const Rekey& rekey);
    void on_lost(const std::string& why, bool may_retry);
    void leave();
    void come_back();
    void finish(Status status);
    void say_failed(const std::string& why);
    void send(const ToServer& message);

    net::Loop& loop_;
    MemberOptions options_;
    Callbacks callbacks_;
    Prng prng_;
    std::optional<Offer> offer_;
    std::unique_ptr<BlockStore> store_;
    net::WebSocketClient attempt_;
    std::shared_ptr<net::WebSocket> socket_;
    std::unique_ptr<ReceiverEngine> engine_;
    net::Timer retry_;
    std::uint32_t waits_ = 0;  // how often a server has asked us to come again later
    std::string waits_for_;    // its words
    std::optional<TimePoint> lost_at_;
    mcast::MemberCounters earlier_;  // of engines before this one
    bool joined_ = false;            // once at least
    bool welcomed_ = false;          // on this connection
    bool started_ = false;
    bool away_ = false;  // by the server's order
    bool paused_ = false;
    bool finished_ = false;
    // Posts from the engine's thread check it: a message for an object that is gone is dropped.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::session
