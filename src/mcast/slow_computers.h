// SPDX-License-Identifier: GPL-3.0-or-later
//
// Nobody slows the room. The sender's judgement of members that cannot follow the stream, and of
// what becomes of them:
//
//   kind       found by                           defer (default)         wait       evict
//   slow port  PortProbe                          away, second pass       the rate   unicast
//   lossy      PortProbe, more than a third       repaired afterwards     repaired   unicast
//   slow sink  its own word (FEEDBACK)            share, second pass      the rate   share
//   greedy     asks for everything, all the time  last of all             last       last
//
// Who is served when is a turn: 0 those that follow, 1 the lossy, 2 slow ports, 3 ports that are
// slower than a quarter of another's, 4 the greedy. A turn ends when nobody of it who still answers
// wants anything, and a member that joins begins turn 0 again. In turn 2, and when only slow sinks
// want data, the stream is as slow as the slowest of them: then one more pass, shared by all of
// them, is enough.
//
// When most of the room loses that much, it is no single computer that is slow: nobody is set
// aside, nobody's requests wait.
//
// Decisions rest on FEEDBACK datagrams, which come up a port that is flooded only downwards. Orders
// may take long; who is away is not lost for that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mcast/membership.h"
#include "mcast/port_probe.h"
#include "mcast/port_rate.h"

namespace muster::mcast {

enum class SlowPolicy { defer, wait, evict };
std::string_view to_string(SlowPolicy policy);
std::optional<SlowPolicy> slow_policy_from(std::string_view text);

// What the sender shall do with a member.
struct SlowAction {
    enum class Kind {
        note,       // people should know; nothing changes
        postpone,   // its requests wait for their turn; it stays in the group
        send_away,  // out of the group, until called back
        call_back,
        stay,    // it left the group and should not have
        evict,   // to unicast
        remind,  // say again that it is away
    };
    MemberNumber member;
    Kind kind = Kind::note;
    std::string why;
};

class SlowComputers {
public:
    static constexpr int kTurnOfPorts = 2;
    static constexpr int kTurnOfSlowest = 3;  // ports far slower than another
    static constexpr int kTurnOfGreedy = 4;

    explicit SlowComputers(SlowPolicy policy) : policy_(policy) {}

    // A computer that was slow in an earlier membership is slow.
    void on_joined(MemberNumber number, const std::string& name);
    void on_feedback(MemberNumber number, const Member& member,
                     const std::optional<ReceptionInterval>& told);
    void on_left(MemberNumber number) { records_[number].left = true; }
    // A request for more than a third of a group, or by somebody who loses so much, waits while
    // others want data. Who asks for nothing else, group after group, is greedy.
    bool holds_request(TimePoint now, MemberNumber number, const Member& member, double loss,
                       const NakEntry& entry, std::uint32_t group_symbols,
                       const Membership& membership);

    // About every tenth of a second, and when members come or go. Sets Member::rank.
    // `sending_at`: what the stream keeps to now, bits per second; 0: no limit.
    std::vector<SlowAction> decide(TimePoint now, Membership& membership, std::uint64_t sending_at);
    int turn() const { return turn_; }
    bool serves_away() const { return turn_ >= kTurnOfPorts; }
    // Whoever was called back needs a moment to be there.
    bool waits_for_called(TimePoint now) const;
    // The most to send at, bits per second; 0: as always.
    std::uint64_t ceiling(TimePoint now) const;

private:
    enum class Kind { normal, lossy, slow_port, greedy };
    struct Record {
        Kind kind = Kind::normal;
        std::string why;
        bool told = false;  // people know
        PortProbe probe;
        std::optional<PortRate> port;
        double sink_bits_per_second = 0;  // known to be slower than the stream; 0: it is not
        Duration interval{};
        std::uint32_t dips = 0;
        bool left = false;                     // the group, by itself
        std::set<std::uint32_t> big_requests;  // groups; since its last modest one
        std::optional<TimePoint> called_at;
        TimePoint reminded_at{};
    };
    static void follow_sink(const Member& member, const std::optional<ReceptionInterval>& told,
                            Record& record);
    void judge(TimePoint now, const Member& member, Record& record);
    void begin_dip(TimePoint now, Record& record);
    void find_turn(TimePoint now, Membership& membership);
    void find_pace(TimePoint now, const Membership& membership);
    void settle(TimePoint now, MemberNumber number, const Member& member, Record& record,
                std::vector<SlowAction>& actions);
    bool is_room_lossy(const Membership& membership) const;
    int rank(const Member& member, const Record& record) const;
    double fastest_slow_port(const Membership& membership) const;
    double limit(const Record& record) const;  // 0: none

    const SlowPolicy policy_;
    std::map<MemberNumber, Record> records_;
    std::map<std::string, Record> slow_names_;
    int turn_ = 0;
    double pace_ = 0;
    double fastest_port_ = 0;  // of the slow ones
    double dip_ = 0;
    double sending_at_ = 0;
    TimePoint dip_until_{};
    TimePoint next_dip_{};
    Duration room_delay_{};
    std::uint32_t undemanding_ = 0;  // active, want data, and follow
    bool room_is_lossy_ = false;
    TimePoint look_at_room_{};
};

}  // namespace muster::mcast
