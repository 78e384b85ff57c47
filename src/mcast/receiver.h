// SPDX-License-Identifier: GPL-3.0-or-later
//
// The receiving side of a session, without sockets, clock or disk. Opened datagrams come in;
// orders to store, decode, check and release leave through the Mediator, whose answers come back
// as events, at once (simulator) or from a worker (production); NAKs and control messages are
// polled.
//
// A symbol belongs to a group; how the image is split into groups, datagrams tell (Grouping). A
// group is open from its first symbol until all of its wanted blocks are verified. Groups of at
// most max_open_blocks are open, because each block costs memory; symbols of further groups are
// dropped on purpose, and wanted again in a later lap. The manifest
// comes first in the stream; image blocks that are whole before it was verified wait for it.
//
// A block counts as had when the owner says that it was verified *and stored*. Nothing else is
// ever reported to the sender.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/prng.h"
#include "base/result.h"
#include "base/time.h"
#include "content/block_set.h"
#include "mcast/attendance.h"
#include "mcast/control.h"
#include "mcast/duty_cycle.h"
#include "mcast/feedback_timer.h"
#include "mcast/grouping.h"
#include "mcast/layout.h"
#include "mcast/open_group.h"
#include "mcast/packet.h"
#include "mcast/reception_meter.h"

namespace muster::mcast {

struct ReceiverOptions {
    std::string name;
    // Of the image, in all open groups together, but one group always; the manifest's are always
    // kept. The sender is told, and does not interleave more groups than fit.
    std::uint32_t max_open_blocks = 992;
    // Mediator::fetch() can bring blocks another way.
    bool fetches = false;
    Duration report_period = std::chrono::seconds(1);
};

class Receiver {
public:
    class Mediator {
    public:
        virtual ~Mediator() = default;
        virtual void store_symbol(GroupId group, std::uint32_t symbol_in_group,
                                  ByteSpan payload) = 0;
        virtual void store_row(GroupId group, std::uint32_t row, ByteSpan payload) = 0;
        // Ends in on_decoded(). Until then the group takes no more symbols.
        virtual void decode(GroupId group, std::vector<std::uint32_t> missing) = 0;
        // Hash, compare with the manifest, store. Ends in on_block_checked().
        virtual void check_block(GroupId group, BlockIndex block) = 0;
        // All manifest blocks are whole. Ends in on_manifest_checked().
        virtual void check_manifest() = 0;
        // Somebody sends false symbols of this block's group, so nothing of it is taken from the
        // group any more. A block of the manifest stands for all of it. Ends in on_block_fetched()
        // or on_manifest_fetched(). Called when ReceiverOptions::fetches is set.
        virtual void fetch(BlockIndex block) { (void)block; }
        // The group's memory may go.
        virtual void release(GroupId group) = 0;
    };

    // `have`: blocks verified earlier, by number in the session. When it has all manifest blocks,
    // the owner holds the manifest already; a part of them counts as none.
    Receiver(const Layout& layout, ReceiverOptions options, content::BlockSet have,
             Mediator& mediator, Prng prng);

    JoinRequest make_join() const;
    void on_joined(TimePoint now, MemberNumber number);
    // The session's symbol size, before anything was received. False when it cannot be so or came
    // too late.
    bool set_symbol_bytes(std::uint16_t symbol_bytes);

    void on_packet(TimePoint now, std::uint64_t packet_number, const Packet& packet);
    void on_rejected_datagram() { ++counters_.datagrams_rejected; }
    // Dropped by the kernel, for our socket's buffer was full.
    void on_local_drops(std::uint64_t datagrams);

    void on_decoded(TimePoint now, GroupId group, std::uint32_t missing_rank);
    // ok: verified and stored. Not ok: the bytes did not match; the group is fetched, or starts
    // again where nothing can be fetched.
    void on_block_checked(TimePoint now, BlockIndex block, bool ok);
    void on_manifest_checked(TimePoint now, bool ok);

    // Blocks that came another way than by multicast (receiver_fetch.cc), verified and stored.
    void on_block_fetched(TimePoint now, BlockIndex block);
    void on_manifest_fetched(TimePoint now);
    // How blocks reach us from now on; the sender is told at once.
    void set_delivery(TimePoint now, Delivery delivery, const std::string& why);

    // Everything wanted is verified; the owner has made it durable / has to give up.
    void on_stored(TimePoint now);
    void on_failed(TimePoint now, const std::string& why);

    // The sender's order: be in the group or not.
    void on_order(TimePoint now, const MemberOrder& order);
    // Whether it shall be in the multicast group now; looked at after everything that happens.
    bool listens() const { return attendance_.listens(); }
    bool is_away() const { return attendance_.is_away(); }

    TimePoint next_deadline(TimePoint now) const;
    std::optional<NakPacket> poll_nak(TimePoint now);
    std::optional<FeedbackPacket> poll_feedback(TimePoint now);
    std::optional<MemberMessage> poll_control(TimePoint now);

    bool all_verified() const { return verified_.all(); }
    bool finished() const { return finished_; }
    const content::BlockSet& verified() const { return verified_; }
    const MemberCounters& counters() const { return counters_; }
    std::uint32_t blocks_missing() const { return verified_.size() - verified_.count(); }
    std::optional<TimePoint> last_heard() const { return last_heard_; }
    std::size_t open_groups() const { return groups_.size(); }
    std::uint64_t content_received() const { return content_received_; }
    Delivery delivery() const { return delivery_; }
    const std::string& delivery_why() const { return delivery_why_; }
    // Where the carousel was when we heard of it last.
    BlockIndex cursor() const { return cursor_; }
    // Multicast has brought most of what this block's group needs.
    bool is_nearly_whole(BlockIndex block) const;

private:
    void on_data(TimePoint now, const DataPacket& packet);
    void on_repair(TimePoint now, const RepairPacket& packet);
    void on_status(TimePoint now, const StatusPacket& packet);
    void on_advert(TimePoint now, const GroupAdvert& advert);
    void pace_intake(TimePoint now, const StatusPacket& packet);
    void attend(TimePoint now);
    bool has_room_for(TimePoint now, GroupId group);
    bool hear(GroupId group);
    OpenGroup* open(TimePoint now, GroupId group);
    bool wants_group(GroupId group) const;
    void order_checks(OpenGroup& group);
    void maybe_decode(OpenGroup& group);
    void maybe_close(GroupId group);
    void restart_group(GroupId group);
    void distrust(GroupId group);
    void watch_for_manifest(std::uint32_t cursor_block);
    std::uint64_t bytes_of(BlockIndex block) const;
    std::uint64_t bytes_of(GroupId group) const;
    double report_period_seconds() const;
    void schedule_poll_report(TimePoint now);
    static NakEntry nak_entry(const OpenGroup& group);
    MemberReport make_report(bool polled);
    IntervalSet missed_blocks();
    Duration jittered_period();

    Layout layout_;
    const ReceiverOptions options_;
    Mediator& mediator_;
    Prng prng_;
    MemberNumber number_;
    content::BlockSet verified_;
    content::BlockSet distrusted_;  // not taken from the group
    bool manifest_known_ = false;
    bool manifest_ordered_ = false;
    // The manifest is sent before any group of the image that begins after our join: when the
    // carousel has moved and the manifest is not there, all of it was lost.
    std::optional<std::uint32_t> cursor_at_join_;
    bool carousel_moved_ = false;
    Grouping grouping_;
    std::map<GroupId, OpenGroup> groups_;
    std::uint32_t open_blocks_ = 0;  // of the image
    bool dropped_groups_ = false;    // for want of room, since the last polled report
    FeedbackParameters feedback_;
    Duration grtt_ = std::chrono::milliseconds(2);

    ReceptionMeter meter_;
    Attendance attendance_;
    DutyCycle duty_;
    std::optional<TimePoint> last_heard_;
    MemberCounters counters_;
    std::uint64_t content_received_ = 0;  // DATA and REPAIR
    BlockIndex cursor_;
    Delivery delivery_ = Delivery::multicast;
    std::string delivery_why_;

    IntervalSet unreported_;
    TimePoint next_report_{};
    std::optional<TimePoint> poll_report_at_;
    std::uint16_t last_poll_ = 0;
    bool joined_ = false;
    bool finished_ = false;
    std::vector<MemberMessage> outbox_;
};

}  // namespace muster::mcast
