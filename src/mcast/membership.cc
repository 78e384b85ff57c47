// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/membership.h"

#include <algorithm>

#include "base/check.h"

namespace muster::mcast {

std::string_view to_string(MemberState state) {
    switch (state) {
        case MemberState::active: return "active";
        case MemberState::deferred: return "deferred";
        case MemberState::away: return "away";
        case MemberState::unicast: return "unicast";
        case MemberState::verified: return "verified";
        case MemberState::failed: return "failed";
        case MemberState::lost: return "lost";
    }
    return "failed";
}

std::string_view to_string(Delivery delivery) {
    switch (delivery) {
        case Delivery::multicast: return "multicast";
        case Delivery::unicast: return "unicast";
        case Delivery::waiting: return "waiting";
    }
    return "multicast";
}

std::optional<Delivery> delivery_from(std::string_view text) {
    for (auto delivery : {Delivery::multicast, Delivery::unicast, Delivery::waiting}) {
        if (text == to_string(delivery)) return delivery;
    }
    return std::nullopt;
}

MemberNumber Membership::add(TimePoint now, std::string name, std::uint32_t blocks_wanted,
                             std::uint64_t symbols_sent) {
    const MemberNumber number(next_number_++);
    Member member;
    member.name = std::move(name);
    member.joined_at = member.last_heard = member.last_progress = now;
    member.blocks_wanted = member.blocks_missing = blocks_wanted;
    member.symbols_sent_before = symbols_sent;
    live_names_[member.name] = number;
    members_.emplace(number, std::move(member));
    ++live_;
    ++active_;
    return number;
}

Member* Membership::find(MemberNumber number) {
    auto it = members_.find(number);
    return it == members_.end() ? nullptr : &it->second;
}

const Member* Membership::find(MemberNumber number) const {
    auto it = members_.find(number);
    return it == members_.end() ? nullptr : &it->second;
}

std::optional<MemberNumber> Membership::live_member_named(const std::string& name) const {
    auto it = live_names_.find(name);
    if (it == live_names_.end()) return std::nullopt;
    return it->second;
}

std::vector<MemberNumber> Membership::silent(TimePoint now, Duration timeout) const {
    std::vector<MemberNumber> list;
    for (const auto& [number, member] : members_) {
        // Who is away is called first, and lost when it does not answer then.
        if (member.state == MemberState::away && member.blocks_missing > 0) continue;
        if (member.is_live() && now - member.last_heard >= timeout) list.push_back(number);
    }
    return list;
}

std::optional<TimePoint> Membership::next_silence(Duration timeout) const {
    std::optional<TimePoint> next;
    for (const auto& [number, member] : members_) {
        if (!member.is_live()) continue;
        const TimePoint at = member.last_heard + timeout;
        if (!next || at < *next) next = at;
    }
    return next;
}

void Membership::excuse(TimePoint now, Duration silence) {
    for (auto& [number, member] : members_) {
        member.last_heard = std::min(now, member.last_heard + silence);
        member.last_progress = std::min(now, member.last_progress + silence);
    }
}

bool Membership::anybody_away() const {
    return std::any_of(members_.begin(), members_.end(), [](const auto& entry) {
        return entry.second.is_live() && !entry.second.connected;
    });
}

bool Membership::anybody_lost() const {
    std::map<std::string_view, MemberState> latest;
    for (const auto& [number, member] : members_) latest[member.name] = member.state;
    return std::any_of(latest.begin(), latest.end(),
                       [](const auto& entry) { return entry.second == MemberState::lost; });
}

std::uint32_t Membership::least_open_blocks() const {
    std::uint32_t least = ~0u;
    for (const auto& [number, member] : members_) {
        if (member.state == MemberState::active) least = std::min(least, member.open_blocks);
    }
    return active_ == 0 ? 0 : least;
}

void Membership::set_state(MemberNumber number, MemberState state, std::string why, TimePoint now) {
    Member* member = find(number);
    CHECK(member != nullptr);
    if (member->is_live()) --live_;
    if (member->state == MemberState::active) --active_;
    member->state = state;
    member->failure = std::move(why);
    if (member->is_live()) ++live_;
    if (state == MemberState::active) ++active_;
    if (!member->is_live()) {
        member->finished_at = now;
        auto it = live_names_.find(member->name);
        if (it != live_names_.end() && it->second == number) live_names_.erase(it);
    }
}

bool Membership::is_excessive(const Member& member, std::uint64_t symbols_sent,
                              std::uint32_t group_symbols) {
    const std::uint64_t since_join = symbols_sent - member.symbols_sent_before;
    const std::uint64_t for_others = since_join - std::min(since_join, member.symbols_caused);
    return member.symbols_caused > 2ULL * group_symbols + for_others / 2;
}

}  // namespace muster::mcast
