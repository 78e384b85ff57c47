// SPDX-License-Identifier: GPL-3.0-or-later
//
// One session over several interfaces. Every interface has a stream of its own: a SessionHost with
// its sender, thread, key, rate and carousel, because what was lost behind one interface concerns
// nobody behind another. What they share is the content (read once while the streams run near each
// other, for the kernel caches it), the session's number, and the start: the rule counts the
// members of all streams, and none ends while another has live members.
//
// A member belongs to the stream of the interface through which it reached the server.
#pragma once

#include <memory>
#include <vector>

#include "session/session_host.h"

namespace muster::session {

// How a whole session stands, from how its streams do: what is sent adds up, a member that moved
// between streams is shown as it is now.
SenderSnapshot merge_snapshots(const std::vector<SenderSnapshot>& streams);

class SessionStreams {
public:
    // OPTIONS are those of every stream but for the stream's number, interface and group, which
    // are drawn from NETWORK.group. At most 256 interfaces.
    static Result<std::unique_ptr<SessionStreams>> create(
        net::Loop& loop, const SessionHostOptions& options,
        const std::vector<net::Interface>& interfaces, const std::string& group,
        std::shared_ptr<ContentSource> source, SessionHost::Callbacks callbacks);

    // ARRIVED_AT is the server's address that the member's connection came to.
    void accept(std::shared_ptr<net::WebSocket> socket, const std::string& name,
                const net::Address& arrived_at);
    // As SessionHost::answer_range, of the stream whose member asks.
    net::HttpResponse answer_range(std::string_view object, const net::HttpRequest& request);
    void start_now();
    void hold(bool held);  // as SenderEngine's
    // Of all streams together; 0: no limit.
    void limit_rate(std::uint64_t bits_per_second);
    void end(const std::string& why);
    void revoke(const std::string& name, const std::string& why);  // as SessionHost::revoke
    SenderSnapshot snapshot() const;
    std::vector<std::string> connected() const;  // as SessionHost::connected
    bool ended() const;
    const std::vector<net::Address>& groups() const { return groups_; }

private:
    explicit SessionStreams(SessionHost::Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
    SessionHost& stream_at(const net::Address& arrived_at);
    void on_member(const mcast::MemberChanged& change);
    void on_state(mcast::SenderState state, const std::string& why);

    SessionHost::Callbacks callbacks_;
    std::vector<net::Interface> interfaces_;
    std::vector<net::Address> groups_;
    std::vector<std::uint32_t> told_;  // each stream: of how many live members elsewhere
    mcast::SenderState state_ = mcast::SenderState::gathering;
    std::vector<std::unique_ptr<SessionHost>> streams_;
};

}  // namespace muster::session
