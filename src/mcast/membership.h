// SPDX-License-Identifier: GPL-3.0-or-later
//
// The sender's list of members: who they are, when they were last heard, how far they are, and how
// much traffic each of them has caused. It decides two things that keep one computer from slowing
// the room: a member that is silent is lost, and one that asks for far more than a lossy link
// explains is deferred until the others are done.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "mcast/control.h"
#include "mcast/member_reception.h"

namespace muster::mcast {

struct Member {
    std::string name;
    MemberState state = MemberState::active;
    std::string failure;  // why it is in this state
    TimePoint joined_at{};
    TimePoint last_heard{};
    TimePoint last_progress{};
    TimePoint finished_at{};
    bool connected = true;
    std::uint32_t blocks_wanted = 0;  // at its join
    std::uint32_t blocks_missing = 0;
    std::uint32_t open_blocks = 0;             // what it can hold open
    std::uint64_t symbols_sent_before = 0;     // of the session, when it joined
    std::uint64_t symbols_caused = 0;          // repair rows and resent sources only it asked for
    std::uint64_t symbols_caused_in_vain = 0;  // of these, since it last reported a block
    double loss = 0;
    MemberCounters counters;
    MemberReception reception;  // from its FEEDBACK
    Delivery delivery = Delivery::multicast;
    std::string delivery_why;

    int rank = 0;                             // whose turn it is with (SlowComputers)
    std::optional<TimePoint> called_back_at;  // into the group, last

    bool is_live() const { return mcast::is_live(state); }
};

struct MemberChanged {
    MemberNumber number;
    std::string name;
    MemberState state;
    std::string why;
};

class Membership {
public:
    MemberNumber add(TimePoint now, std::string name, std::uint32_t blocks_wanted,
                     std::uint64_t symbols_sent);
    Member* find(MemberNumber number);
    const Member* find(MemberNumber number) const;
    // The live member of that name, if any.
    std::optional<MemberNumber> live_member_named(const std::string& name) const;
    const std::map<MemberNumber, Member>& all() const { return members_; }

    // Live members that were silent for longer than `timeout`, but for those that are away: behind
    // a flooded port one may not be able to speak.
    std::vector<MemberNumber> silent(TimePoint now, Duration timeout) const;
    std::optional<TimePoint> next_silence(Duration timeout) const;
    // Nobody could be heard for so long: it is no silence of theirs.
    void excuse(TimePoint now, Duration silence);
    // A live member's connection is broken.
    bool anybody_away() const;
    // Somebody is lost and has not come back.
    bool anybody_lost() const;

    std::uint32_t live_count() const { return live_; }
    std::uint32_t active_count() const { return active_; }
    // What the active member with the least memory can hold open; 0 when nobody is active.
    std::uint32_t least_open_blocks() const;
    void set_state(MemberNumber number, MemberState state, std::string why, TimePoint now);

    // True when what the member caused is more than any link worth repairing explains: half of
    // what was sent for the others since it joined (a loss of one third), after an allowance of
    // two groups.
    static bool is_excessive(const Member& member, std::uint64_t symbols_sent,
                             std::uint32_t group_symbols);

private:
    std::map<MemberNumber, Member> members_;
    std::map<std::string, MemberNumber> live_names_;
    std::uint32_t next_number_ = 1;
    std::uint32_t live_ = 0;
    std::uint32_t active_ = 0;
};

}  // namespace muster::mcast
