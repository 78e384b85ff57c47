// SPDX-License-Identifier: GPL-3.0-or-later
//
// The sending side of a session, without sockets, clock or bytes of the image: control messages
// and NAKs come in, the datagrams to send come out one by one, when the pacer allows.
//
// It is a carousel over the groups that somebody still wants (WantMap), interleaved with repair
// rows for groups that were sent and of which somebody missed a part (RepairBoard):
//
//   gathering --(start rule, or start())--> running --(nobody wants anything)--> lingering -->
//   ended
//                                             ^-------------(a late joiner)----------'
//
// When it has nothing left to send but wants are open, the stream is *drained*: STATUS asks every
// member for a report, which is the truth that NAKs, being lossy, are not. A closed session (one
// with a fixed list of guests, as `muster send`) ends as soon as nobody is live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mcast/control.h"
#include "mcast/group_plan.h"
#include "mcast/grouping.h"
#include "mcast/layout.h"
#include "mcast/membership.h"
#include "mcast/nak_rate.h"
#include "mcast/pacer.h"
#include "mcast/packet.h"
#include "mcast/pause.h"
#include "mcast/rate_controller.h"
#include "mcast/repair_board.h"
#include "mcast/set_aside.h"
#include "mcast/slow_computers.h"
#include "mcast/source_batch.h"
#include "mcast/symbol_probe.h"
#include "mcast/want_map.h"

namespace muster::mcast {

struct StartRule {
    std::uint32_t min_members = 1;  // start when so many have joined ...
    Duration max_wait{};            // ... or this long after the waiting began, whichever first
    bool wait_from_first_member = false;  // else from the session's creation
};

struct SenderOptions {
    std::uint64_t rate_bits_per_second = 0;  // the cap; 0: none
    RateMode rate_mode = RateMode::fixed;
    double rate_tolerance = RateOptions{}.tolerance;  // 0: the slowest member rules
    StartRule start;
    bool closed = false;
    SlowPolicy policy = SlowPolicy::defer;  // for members that cannot follow the stream
    // Only STATUS is sent for so long after the start: the last to join must first be told the key
    // and the switches that it listens.
    Duration prelude = std::chrono::milliseconds(100);
    Duration linger = std::chrono::seconds(30);
    // Silence after which a member is lost; five report periods when the fleet makes those longer.
    Duration member_timeout = std::chrono::seconds(10);
    Duration stall_timeout = std::chrono::seconds(120);
    // Nothing heard from any member for so long: pause. Longer than a report takes.
    Duration feedback_timeout = std::chrono::milliseconds(1500);
    std::uint32_t max_members = 100'000;
    std::uint16_t backoff_ms = 10;
    std::uint16_t grtt_ms = 2;
    // The largest symbol to probe for (symbol_probe.h); 0: the layout's is taken as it is.
    std::uint16_t largest_symbol_bytes = 0;
    std::size_t link_overhead_bytes = kLinkOverheadBytes;  // of a datagram, for rate and figures
};

enum class SenderState { gathering, running, lingering, ended };

struct SenderCounters {
    std::uint64_t source_symbols = 0;
    std::uint64_t repair_symbols = 0;
    std::uint64_t status_packets = 0;
    std::uint64_t source_wire_bytes = 0;
    std::uint64_t repair_wire_bytes = 0;
    std::uint64_t status_wire_bytes = 0;
    std::uint64_t naks_received = 0;
    std::uint64_t nak_entries = 0;
    std::uint64_t feedbacks_received = 0;
    std::uint64_t groups_repaired = 0;  // group-rounds: a closed group got a (further) request
    SenderCounters& operator+=(const SenderCounters& more);
    std::uint64_t symbols() const { return source_symbols + repair_symbols; }
    std::uint64_t wire_bytes() const {
        return source_wire_bytes + repair_wire_bytes + status_wire_bytes;
    }
};

// How blocks reach the member has changed, by its own word.
struct DeliveryChanged {
    MemberNumber number;
    std::string name;
    Delivery delivery;
    std::string why;
};
struct StateChanged {
    SenderState state;
    std::string why;
};
struct PauseChanged {
    PauseReason reason;  // none: it goes on
};
// To be told to that member.
struct MemberOrdered {
    MemberNumber number;
    MemberOrder order;
};
// The symbol size is settled: said once, when the session starts or a little later.
struct LayoutChosen {
    std::uint16_t symbol_bytes = 0;
};
using SenderEvent = std::variant<MemberChanged, DeliveryChanged, StateChanged, PauseChanged,
                                 MemberOrdered, LayoutChosen>;

// A datagram to be sealed and sent now. Data and repair packets get their payload from the owner.
struct Outgoing {
    std::uint64_t packet_number = 0;
    Packet packet;
    std::size_t wire_bytes = 0;
};

class Sender {
public:
    // What the sender must ask of whoever owns the bytes.
    class Mediator {
    public:
        virtual ~Mediator() = default;
        // Compute these rows; answer with Sender::on_rows_ready, in any order, at any time.
        virtual void prepare_rows(GroupId group, std::uint32_t first_row, std::uint32_t count) = 0;
        // The group's sources will be sent next: a good time to read them ahead.
        virtual void prepare_sources(GroupId group) = 0;
    };

    Sender(TimePoint now, const Layout& layout, const SenderOptions& options, Mediator& mediator);

    // Errc::version_mismatch (names both), Errc::unavailable (over, or full).
    Result<MemberNumber> on_join(TimePoint now, const JoinRequest& request);
    void on_report(TimePoint now, MemberNumber number, const MemberReport& report);
    void on_finished(TimePoint now, MemberNumber number, const MemberFinished& finished);
    void on_left_group(TimePoint now, MemberNumber number, const MemberLeft& left);
    // The control connection is gone. The member is lost if it does not come back in time.
    void on_disconnected(TimePoint now, MemberNumber number);
    void on_nak(TimePoint now, const NakPacket& nak);
    void on_feedback(TimePoint now, const FeedbackPacket& feedback);
    void on_probed(MemberNumber number, const MemberProbed& answer);
    void on_rows_ready(GroupId group, std::uint32_t end_row);
    void start(TimePoint now);
    void end(TimePoint now, const std::string& why);
    // So many live members have the session's other streams (other interfaces, each with a Sender
    // of its own): the start rule counts them, and nobody ends while they are there.
    void on_others(TimePoint now, std::uint32_t live_members);
    // Whether this computer's own link is up; without it nothing is sent and nobody gets lost.
    void on_carrier(TimePoint now, bool there);
    // An administrator holds the session, or lets it go on: nobody gets lost meanwhile.
    void hold(TimePoint now, bool held);
    // Never faster than this, whatever the rate control says; 0: no such limit.
    void limit_rate(TimePoint now, std::uint64_t bits_per_second);

    void on_deadline(TimePoint now);
    TimePoint next_deadline(TimePoint now) const;
    std::optional<Outgoing> poll_packet(TimePoint now);
    // The last `count` polled packets have left the machine only now (a batch takes time).
    void on_left(TimePoint now, std::size_t count) { pacer_.on_left(now, count); }
    std::vector<SenderEvent> take_events();

    SenderState state() const { return state_; }
    PauseReason paused() const { return paused_; }
    const Membership& membership() const { return membership_; }
    const SenderCounters& counters() const { return counters_; }
    const WantMap& wants() const { return wants_; }
    // Its symbol size is settled when LayoutChosen was said.
    const Layout& layout() const { return layout_; }
    BlockIndex cursor() const { return cursor_; }
    // Sources of the group are still to be sent in the running pass.
    bool is_sending(GroupId group) const { return batch_.contains(group); }
    std::uint64_t rate_bits_per_second() const { return pacer_.rate_bits_per_second(); }
    RateLimit rate_limit() const;

private:
    void set_state(TimePoint now, SenderState state, std::string why);
    void finish_member(TimePoint now, MemberNumber number, MemberState state, std::string why);
    void check_start(TimePoint now);
    void check_end(TimePoint now);
    void choose_layout(TimePoint now);
    void check_members(TimePoint now);
    void check_rate(TimePoint now);
    void check_pause(TimePoint now);
    void check_slow(TimePoint now);
    void carry_out(TimePoint now, const SlowAction& action);
    void set_aside(MemberNumber number);
    void bring_back(TimePoint now, MemberNumber number);
    void apply_ceiling(TimePoint now);
    bool was_polled(TimePoint now) const;
    void on_request(TimePoint now, MemberNumber number, const NakEntry& entry, double loss,
                    std::uint64_t highest_seen);
    IntervalSet missed_blocks(const MemberReport& report) const;
    void on_missed(TimePoint now, MemberNumber number, const IntervalSet& missed,
                   std::uint64_t highest_seen);
    void forget_satisfied();
    void charge(TimePoint now, MemberNumber number, std::uint64_t symbols);
    bool may_request(const Member& member) const;
    void request_rows();
    std::optional<RepairBoard::Row> ready_row() const;
    std::optional<Packet> next_content(TimePoint now);
    std::optional<Packet> next_repair();
    std::optional<Packet> next_source(TimePoint now);
    bool begin_batch(TimePoint now);
    void begin_sources(GroupId group);
    bool is_drained() const;
    bool status_due(TimePoint now) const;
    Duration status_interval() const;
    Duration silence_limit() const;
    std::size_t wire_bytes_of(const Packet& packet) const;
    std::size_t status_wire_bytes() const;
    std::size_t content_wire_bytes() const;  // of a repair datagram, the longer of the two kinds
    StatusPacket make_status(TimePoint now);
    std::optional<Outgoing> next_probe(TimePoint now);
    Outgoing account(TimePoint now, Packet packet);
    double worst_loss() const;

    Layout layout_;
    const SenderOptions options_;
    Mediator& mediator_;
    Membership membership_;
    WantMap wants_;
    RepairBoard board_;
    RateController rate_;
    Pacer pacer_;
    SlowComputers slow_;
    bool held_for_slow_ = false;  // the rate
    std::uint64_t rate_limit_bits_per_second_ = 0;
    SetAside aside_;
    Pause pause_;
    PauseReason paused_ = PauseReason::none;
    std::optional<TimePoint> returning_since_;
    std::optional<TimePoint> held_since_;
    SenderState state_ = SenderState::gathering;
    SenderCounters counters_;
    std::vector<SenderEvent> events_;

    std::uint32_t live_elsewhere_ = 0;

    TimePoint created_at_;
    std::optional<TimePoint> waiting_since_;
    TimePoint content_from_{};          // the end of the prelude
    std::optional<SymbolProbe> probe_;  // until the layout is chosen
    bool layout_chosen_ = false;
    std::optional<TimePoint> lingering_since_;
    std::optional<TimePoint> drained_since_;

    Grouping grouping_;
    BlockIndex cursor_;
    GroupPlan plan_;
    SourceBatch batch_;
    std::uint32_t interleave_ = 1;         // of the batch
    std::uint32_t least_open_blocks_ = 0;  // of the active members
    NakRate nak_rate_;
    bool repair_turn_ = false;
    std::uint32_t row_turn_ = 0;
    std::uint64_t next_packet_number_ = 0;

    // Rows asked of the mediator and rows it has ready, per group that is being repaired.
    struct Rows {
        std::uint32_t requested = 0;
        std::uint32_t ready = 0;
    };
    std::unordered_map<GroupId, Rows> rows_;

    TimePoint last_status_{};
    bool status_news_ = false;
    std::uint16_t poll_number_ = 0;
    TimePoint last_poll_{};
    double worst_loss_ = 0;
    TimePoint next_member_check_{};
};

}  // namespace muster::mcast
