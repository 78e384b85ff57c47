// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/session_streams.h"

#include <algorithm>

#include "session/group_address.h"

namespace muster::session {

namespace {

constexpr std::size_t kMaxStreams = 256;

// Of two memberships of one name: who is there before who is not, who has verified before who
// failed, who came later before who came earlier.
bool is_better(const MemberSnapshot& one, const MemberSnapshot& other) {
    const auto rank = [](mcast::MemberState state) {
        if (mcast::is_live(state)) return 2;
        return state == mcast::MemberState::verified ? 1 : 0;
    };
    if (rank(one.state) != rank(other.state)) return rank(one.state) > rank(other.state);
    return one.seconds < other.seconds;
}

// The whole is running while a stream is, and ended when all are.
mcast::SenderState merge_states(const std::vector<mcast::SenderState>& states) {
    using enum mcast::SenderState;
    for (const auto state : {running, gathering, lingering}) {
        if (std::find(states.begin(), states.end(), state) != states.end()) return state;
    }
    return ended;
}

}  // namespace

SenderSnapshot merge_snapshots(const std::vector<SenderSnapshot>& streams) {
    if (streams.size() == 1) return streams.front();
    SenderSnapshot whole;
    std::vector<mcast::SenderState> states;
    std::map<std::string, MemberSnapshot> members;
    std::size_t busy = 0;
    for (const auto& stream : streams) {
        states.push_back(stream.state);
        whole.counters += stream.counters;
        whole.symbol_bytes = std::max(whole.symbol_bytes, stream.symbol_bytes);
        whole.live_members += stream.live_members;
        whole.seconds = std::max(whole.seconds, stream.seconds);
        whole.waiting_seconds = std::max(whole.waiting_seconds, stream.waiting_seconds);
        whole.rate_bits_per_second += stream.rate_bits_per_second;
        whole.rate_limit_bits_per_second += stream.rate_limit_bits_per_second;
        if (whole.limited_by == mcast::RateLimit::cap) whole.limited_by = stream.limited_by;
        whole.unicast_bytes += stream.unicast_bytes;
        whole.unicast_limit_bits_per_second += stream.unicast_limit_bits_per_second;
        if (whole.paused == mcast::PauseReason::none) whole.paused = stream.paused;
        if (!stream.members.empty()) {
            whole.progress += stream.progress;
            ++busy;
        }
        for (const auto& member : stream.members) {
            const auto [it, is_new] = members.try_emplace(member.name, member);
            if (!is_new && is_better(member, it->second)) it->second = member;
        }
    }
    whole.state = merge_states(states);
    if (busy > 0) whole.progress /= static_cast<double>(busy);
    for (auto& [name, member] : members) whole.members.push_back(std::move(member));
    return whole;
}

Result<std::unique_ptr<SessionStreams>> SessionStreams::create(
    net::Loop& loop, const SessionHostOptions& options,
    const std::vector<net::Interface>& interfaces, const std::string& group,
    std::shared_ptr<ContentSource> source, SessionHost::Callbacks callbacks) {
    if (interfaces.empty() || interfaces.size() > kMaxStreams) {
        return Error(Errc::invalid_argument, "a session needs 1 to 256 interfaces");
    }
    std::unique_ptr<SessionStreams> whole(new SessionStreams(std::move(callbacks)));
    auto* self = whole.get();
    self->interfaces_ = interfaces;
    self->told_.resize(interfaces.size());
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
        SessionHostOptions stream = options;
        stream.engine.stream = static_cast<std::uint8_t>(i);
        stream.engine.interface = interfaces[i];
        stream.engine.group = TRY(group_address(
            group, stream.engine.session + static_cast<std::uint32_t>(i), interfaces[i]));
        self->groups_.push_back(stream.engine.group);
        SessionHost::Callbacks own;
        own.on_member = [self](const auto& change) { self->on_member(change); };
        own.on_pause = self->callbacks_.on_pause;
        own.on_forgery = self->callbacks_.on_forgery;
        own.on_delivery = self->callbacks_.on_delivery;
        own.on_state = [self](auto state, const auto& why) { self->on_state(state, why); };
        self->streams_.push_back(TRY(SessionHost::create(loop, stream, source, std::move(own))));
    }
    return whole;
}

SessionHost& SessionStreams::stream_at(const net::Address& arrived_at) {
    const net::Address ip = arrived_at.with_port(0);
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < interfaces_.size(); ++i) {
        const auto& own = ip.is_v6() ? interfaces_[i].ipv6 : interfaces_[i].ipv4;
        if (std::find(own.begin(), own.end(), ip) != own.end()) chosen = i;
    }
    return *streams_[chosen];
}

void SessionStreams::accept(std::shared_ptr<net::WebSocket> socket, const std::string& name,
                            const net::Address& arrived_at) {
    stream_at(arrived_at).accept(std::move(socket), name);
}

net::HttpResponse SessionStreams::answer_range(std::string_view object,
                                               const net::HttpRequest& request) {
    return stream_at(request.local).answer_range(object, request);
}

void SessionStreams::start_now() {
    for (auto& stream : streams_) stream->start_now();
}

void SessionStreams::hold(bool held) {
    for (auto& stream : streams_) stream->hold(held);
}

void SessionStreams::limit_rate(std::uint64_t bits_per_second) {
    for (auto& stream : streams_) stream->limit_rate(bits_per_second / streams_.size());
}

void SessionStreams::revoke(const std::string& name, const std::string& why) {
    for (auto& stream : streams_) stream->revoke(name, why);
}

void SessionStreams::end(const std::string& why) {
    for (auto& stream : streams_) stream->end(why);
}

bool SessionStreams::ended() const {
    return std::all_of(streams_.begin(), streams_.end(),
                       [](const auto& stream) { return stream->ended(); });
}

std::vector<std::string> SessionStreams::connected() const {
    std::vector<std::string> names;
    for (const auto& stream : streams_) {
        const auto some = stream->connected();
        names.insert(names.end(), some.begin(), some.end());
    }
    return names;
}

SenderSnapshot SessionStreams::snapshot() const {
    std::vector<SenderSnapshot> list;
    for (const auto& stream : streams_) list.push_back(stream->snapshot());
    return merge_snapshots(list);
}

void SessionStreams::on_member(const mcast::MemberChanged& change) {
    if (streams_.size() > 1) {
        std::uint32_t all = 0;
        std::vector<std::uint32_t> live;
        for (const auto& stream : streams_) {
            live.push_back(stream->snapshot().live_members);
            all += live.back();
        }
        for (std::size_t i = 0; i < streams_.size(); ++i) {
            if (told_[i] == all - live[i]) continue;
            told_[i] = all - live[i];
            streams_[i]->others(told_[i]);
        }
    }
    callbacks_.on_member(change);
}

// Told once for the whole: each stream goes through the same states a moment apart.
void SessionStreams::on_state(mcast::SenderState state, const std::string& why) {
    if (streams_.size() > 1) {
        state = snapshot().state;
        if (state == state_) return;
    }
    state_ = state;
    callbacks_.on_state(state, why);
}

}  // namespace muster::session
