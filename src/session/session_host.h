// SPDX-License-Identifier: GPL-3.0-or-later
//
// The server's side of a session: one SenderEngine and the control connections of its members.
// Lives on one Loop; whoever owns the HTTPS server hands over the WebSockets that ask for it, after
// having checked who they are.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "crypto/signature.h"
#include "net/https_server.h"
#include "net/loop.h"
#include "session/range_server.h"
#include "session/sender_engine.h"

namespace muster::session {

struct SessionHostOptions {
    std::string name;        // of the image or file, for people
    crypto::SigningKey key;  // of the server; what it offers is signed with it
    SenderEngineOptions engine;
    UnicastOptions unicast;
};

class SessionHost {
public:
    struct Callbacks {  // on the loop
        std::function<void(const mcast::MemberChanged&)> on_member;
        std::function<void(mcast::SenderState, const std::string& why)> on_state;
        // A member found blocks that somebody with the group's key has forged. With words for the
        // administrator.
        std::function<void(const std::string& name, const std::string& words)> on_forgery;
        std::function<void(mcast::PauseReason)> on_pause;                // may be left out
        std::function<void(const mcast::DeliveryChanged&)> on_delivery;  // the same
    };
    static Result<std::unique_ptr<SessionHost>> create(net::Loop& loop,
                                                       const SessionHostOptions& options,
                                                       std::shared_ptr<ContentSource> source,
                                                       Callbacks callbacks);
    ~SessionHost();

    // A member's connection. `name` is who it is by its token, and empty when the token is shared
    // and its hello may say it.
    void accept(std::shared_ptr<net::WebSocket> socket, const std::string& name);
    // A request for PATH/OBJECT, PATH being that of the options. The caller has checked who asks.
    net::HttpResponse answer_range(std::string_view object, const net::HttpRequest& request);
    void start_now() { engine_->start_now(); }
    void hold(bool held) { engine_->hold(held); }
    void limit_rate(std::uint64_t bits_per_second) { engine_->limit_rate(bits_per_second); }
    void others(std::uint32_t live_members) { engine_->others(live_members); }
    void end(const std::string& why) { engine_->end(why); }
    // The token of this computer is good no more: it is put out, and the group gets a new secret.
    void revoke(const std::string& name, const std::string& why);
    // With those who could not even join, as failed members.
    SenderSnapshot snapshot() const;
    bool ended() const { return ended_; }
    // Names of the computers that are connected at this moment.
    std::vector<std::string> connected() const;

private:
    struct Connection {
        std::shared_ptr<net::WebSocket> socket;
        std::string name;  // by the token, or of the hello
        bool greeted = false;
        bool asked = false;
        std::optional<mcast::MemberNumber> member;
        std::uint64_t blocks_forged = 0;  // as it has reported
    };
    SessionHost(net::Loop& loop, const SessionHostOptions& options,
                std::shared_ptr<ContentSource> source, Callbacks callbacks);
    void on_text(std::uint64_t id, const std::string& text);
    void on_hello(Connection& connection, const Hello& hello);
    void on_join(std::uint64_t id, Connection& connection, mcast::JoinRequest request);
    void on_joined(std::uint64_t id, Result<Welcome> welcome);
    void on_closed(std::uint64_t id);
    void on_rekey(const mcast::GroupSecret& secret);
    void on_event(const mcast::SenderEvent& event);
    void watch_for_forgery(Connection& connection, const mcast::MemberCounters& counters);
    void refuse(Connection& connection, const std::string& why);
    void on_early_failure(Connection& connection, const mcast::MemberFinished& finished);
    void give_up(const mcast::MemberChanged& member);
    void tell_all(const ToMember& message);
    void tell(mcast::MemberNumber number, const ToMember& message);
    std::uint64_t unicast_limit() const;

    net::Loop& loop_;
    SessionHostOptions options_;
    std::shared_ptr<ContentSource> source_;
    RangeServer ranges_;
    Callbacks callbacks_;
    std::unordered_map<std::uint64_t, Connection> connections_;
    std::uint64_t next_id_ = 1;
    std::map<std::string, std::string> failed_before_joining_;  // name -> why
    mcast::GroupSecret last_rekey_;
    std::optional<mcast::SessionStarted> started_;  // said to members since
    bool ended_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unique_ptr<SenderEngine> engine_;
};

}  // namespace muster::session
