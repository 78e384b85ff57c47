// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/receiver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace muster::mcast {

namespace {

using std::chrono::milliseconds;

constexpr Duration kMinRenak = milliseconds(50);
constexpr Duration kMaxRenak = std::chrono::seconds(1);
constexpr Duration kMaxBackoff = std::chrono::seconds(1);  // whatever a STATUS says
constexpr std::size_t kMaxReportedDeficits = 64;

}  // namespace

Receiver::Receiver(const Layout& layout, ReceiverOptions options, content::BlockSet have,
                   Mediator& mediator, Prng prng)
    : layout_(layout),
      options_(std::move(options)),
      mediator_(mediator),
      prng_(prng),
      verified_(std::move(have)),
      distrusted_(layout_.block_count()),
      grouping_(layout_) {
    CHECK(verified_.size() == layout_.block_count());
    manifest_known_ =
        verified_.first_clear(0).value_or(layout_.block_count()) >= layout_.manifest_blocks();
    for (std::uint32_t b = 0; !manifest_known_ && b < layout_.manifest_blocks(); ++b) {
        verified_.clear(b);
    }
    counters_.blocks_verified = verified_.count();
}

JoinRequest Receiver::make_join() const {
    JoinRequest join;
    join.name = options_.name;
    join.open_blocks = options_.max_open_blocks;
    join.wants_all = verified_.none();
    if (!join.wants_all) {
        join.want = IntervalSet::range(0, layout_.block_count());
        const IntervalSet had = verified_.to_intervals();
        for (auto [begin, end] : had.runs()) join.want.remove(begin, end);
    }
    return join;
}

void Receiver::on_joined(TimePoint now, MemberNumber number) {
    number_ = number;
    joined_ = true;
    unreported_.clear();
    next_report_ = now + jittered_period();
}

bool Receiver::set_symbol_bytes(std::uint16_t symbol_bytes) {
    if (symbol_bytes == layout_.symbol_bytes()) return true;
    auto layout = layout_.with_symbol_bytes(symbol_bytes);
    if (!layout.ok() || !groups_.empty()) return false;
    layout_ = *layout;
    return true;
}

// ---- datagrams ----

void Receiver::on_packet(TimePoint now, std::uint64_t packet_number, const Packet& packet) {
    if (finished_ || !joined_) return;
    meter_.sink().advance(now);
    meter_.on_packet(packet_number, wire_bytes(packet, layout_.symbol_bytes()));
    counters_.datagrams_received = meter_.received();
    counters_.datagrams_lost = meter_.missing();
    last_heard_ = now;
    content_received_ += !std::holds_alternative<StatusPacket>(packet);
    if (const auto* data = std::get_if<DataPacket>(&packet)) {
        on_data(now, *data);
    } else if (const auto* repair = std::get_if<RepairPacket>(&packet)) {
        on_repair(now, *repair);
    } else if (const auto* status = std::get_if<StatusPacket>(&packet)) {
        on_status(now, *status);
    }
}

// False: this is not a group of the image as far as we believe.
bool Receiver::hear(GroupId group) {
    const auto heard = grouping_.hear(group);
    if (heard == Grouping::Heard::differs) {
        ++counters_.datagrams_rejected;
        return false;
    }
    if (heard == Grouping::Heard::agrees) return true;
    const StretchIndex stretch = layout_.stretch_of(layout_.first_block(group));
    std::vector<GroupId> replaced;
    for (const auto& [id, open] : groups_) {
        if (layout_.stretch_of(layout_.first_block(id)) == stretch) replaced.push_back(id);
    }
    for (const GroupId id : replaced) restart_group(id);
    return true;
}

bool Receiver::has_room_for(TimePoint now, GroupId group) {
    // In the order of the image: every receiver counts the stretches alike.
    const std::uint32_t stretch = layout_.stretch_of(layout_.first_block(group)).value;
    if (!duty_.takes(stretch - layout_.manifest_stretches())) return false;
    const std::uint32_t open_blocks = open_blocks_ + layout_.blocks_in_group(group);
    if (open_blocks_ == 0 || open_blocks <= options_.max_open_blocks) return true;
    duty_.on_full(now);
    return false;
}

OpenGroup* Receiver::open(TimePoint now, GroupId group) {
    auto it = groups_.find(group);
    if (it != groups_.end()) return &it->second;
    if (!layout_.is_manifest(group)) {
        if (!has_room_for(now, group)) {
            dropped_groups_ = true;
            return nullptr;
        }
        open_blocks_ += layout_.blocks_in_group(group);
    }
    return &groups_.emplace(group, OpenGroup(layout_, group, verified_)).first->second;
}

void Receiver::on_data(TimePoint now, const DataPacket& packet) {
    if (!layout_.is_symbol(packet.symbol)) return;
    const BlockIndex block = layout_.block_of(packet.symbol);
    const GroupId index = layout_.group_of(block, packet.group_blocks_log2);
    if (index.blocks_log2 != packet.group_blocks_log2) return;
    if (verified_.test(block.value)) {
        ++counters_.duplicates;
        return;
    }
    if (!wants_group(index) || !hear(index)) return;
    OpenGroup* group = open(now, index);
    if (group == nullptr) {
        meter_.on_memory_drop();
        counters_.local_drops = meter_.local_drops();
        return;
    }
    const std::uint32_t position =
        layout_.first_symbol_in_group(index, block) + layout_.symbol_in_block(packet.symbol);
    if (group->decoding || !group->add_source(position)) {
        ++counters_.duplicates;
        return;
    }
    mediator_.store_symbol(index, position, packet.payload);
    if (group->has_all_of(block) || group->can_decode()) order_checks(*group);
}

void Receiver::watch_for_manifest(std::uint32_t cursor_block) {
    if (!cursor_at_join_) cursor_at_join_ = cursor_block;
    carousel_moved_ |= *cursor_at_join_ != cursor_block;
}

void Receiver::on_repair(TimePoint now, const RepairPacket& packet) {
    const GroupId index = packet.group();
    if (!layout_.is_group(index)) return;
    if (!wants_group(index)) {
        ++counters_.duplicates;
        return;
    }
    if (!hear(index)) return;
    OpenGroup* group = open(now, index);
    if (group == nullptr) {
        meter_.on_memory_drop();
        counters_.local_drops = meter_.local_drops();
        return;
    }
    const bool needed = !group->decoding && group->deficit() > 0;
    if (!needed || !group->add_row(packet.row)) {
        group->saw_rows(packet.row + 1);
        ++counters_.duplicates;
        return;
    }
    mediator_.store_row(index, packet.row, packet.payload);
    maybe_decode(*group);
}

// Some block of it is missing and not fetched.
bool Receiver::wants_group(GroupId group) const {
    const std::uint32_t end = layout_.end_block(group).value;
    auto block = verified_.first_clear(layout_.first_block(group).value);
    while (block && *block < end && distrusted_.test(*block)) {
        block = verified_.first_clear(*block + 1);
    }
    return block && *block < end;
}

void Receiver::maybe_decode(OpenGroup& group) {
    if (group.decoding || !group.can_decode()) return;
    group.decoding = true;
    meter_.sink().on_ordered(bytes_of(group.group()));
    mediator_.decode(group.group(), group.missing_symbols());
}

void Receiver::order_checks(OpenGroup& group) {
    const GroupId index = group.group();
    if (layout_.is_manifest(index)) {
        if (manifest_ordered_ || manifest_known_) return;
        for (BlockIndex b(0); layout_.is_manifest(b); b = layout_.end_of_stretch(b)) {
            auto it = groups_.find(layout_.manifest_group_of(b));
            if (it == groups_.end() || it->second.missing() > 0) return maybe_decode(group);
        }
        manifest_ordered_ = true;
        return mediator_.check_manifest();
    }
    if (manifest_known_) {
        // The answer to the last check may close the group, so collect the orders first.
        std::vector<BlockIndex> whole;
        for (BlockIndex b = layout_.first_block(index); b < layout_.end_block(index); ++b) {
            auto& state = group.block_state(b);
            if (state.ordered || !group.has_all_of(b)) continue;
            state.ordered = true;
            whole.push_back(b);
        }
        for (BlockIndex b : whole) {
            if (!groups_.contains(index)) break;
            meter_.sink().on_ordered(bytes_of(b));
            mediator_.check_block(index, b);
        }
        if (!groups_.contains(index)) return;
    }
    maybe_decode(group);
}

// ---- answers of the owner ----

void Receiver::on_decoded(TimePoint now, GroupId index, std::uint32_t missing_rank) {
    meter_.sink().advance(now);
    meter_.sink().on_answered(bytes_of(index), 0);
    auto it = groups_.find(index);
    if (it == groups_.end() || !it->second.decoding) return;  // it was restarted meanwhile
    it->second.decoding = false;
    if (missing_rank > 0) {
        it->second.on_rank_missing(missing_rank);
        return maybe_close(index);
    }
    it->second.on_decoded();
    order_checks(it->second);
    maybe_close(index);  // all of it may have come another way meanwhile
}

void Receiver::on_block_checked(TimePoint now, BlockIndex block, bool ok) {
    meter_.sink().advance(now);
    meter_.sink().on_answered(bytes_of(block), bytes_of(block));
    const auto known = grouping_.group_of(block);
    CHECK(known.has_value());  // else its check was never ordered
    const GroupId index = *known;
    if (!ok) {
        ++counters_.blocks_forged;
        return distrust(index);
    }
    auto it = groups_.find(index);
    if (verified_.test(block.value)) return;
    verified_.set(block.value);
    unreported_.add(block.value);
    ++counters_.blocks_verified;
    if (it == groups_.end()) return;
    auto& state = it->second.block_state(block);
    state.verified = true;
    if (state.repaired) ++counters_.blocks_repaired;
    maybe_close(index);
}

void Receiver::on_manifest_checked(TimePoint, bool ok) {
    manifest_ordered_ = false;
    for (BlockIndex at(0); layout_.is_manifest(at); at = layout_.end_of_stretch(at)) {
        const GroupId index = layout_.manifest_group_of(at);
        if (!ok) {
            ++counters_.blocks_forged;
            distrust(index);
            continue;
        }
        const std::uint32_t first = layout_.first_block(index).value;
        for (std::uint32_t b = first; b < layout_.end_block(index).value; ++b) {
            if (verified_.test(b)) continue;
            verified_.set(b);
            unreported_.add(b);
            ++counters_.blocks_verified;
            auto it = groups_.find(index);
            if (it != groups_.end() && it->second.block_state(BlockIndex(b)).repaired) {
                ++counters_.blocks_repaired;
            }
        }
        if (groups_.erase(index) > 0) mediator_.release(index);
    }
    if (!ok) return;
    manifest_known_ = true;
    std::vector<GroupId> waiting;
    for (const auto& [index, group] : groups_) waiting.push_back(index);
    for (GroupId index : waiting) {
        auto it = groups_.find(index);
        if (it != groups_.end()) order_checks(it->second);
    }
}

void Receiver::maybe_close(GroupId index) {
    auto it = groups_.find(index);
    if (it == groups_.end() || it->second.decoding || !it->second.all_verified()) return;
    if (!layout_.is_manifest(index)) open_blocks_ -= layout_.blocks_in_group(index);
    groups_.erase(it);
    mediator_.release(index);
}

void Receiver::restart_group(GroupId index) {
    auto it = groups_.find(index);
    if (it == groups_.end()) return;
    if (!layout_.is_manifest(index)) open_blocks_ -= layout_.blocks_in_group(index);
    groups_.erase(it);
    mediator_.release(index);
}

void Receiver::on_stored(TimePoint) {
    if (finished_) return;
    finished_ = true;
    outbox_.push_back(make_report(false));
    outbox_.push_back(MemberFinished{true, "", counters_});
}

void Receiver::on_failed(TimePoint, const std::string& why) {
    if (finished_) return;
    finished_ = true;
    outbox_.push_back(MemberFinished{false, why, counters_});
}

// ---- feedback ----

void Receiver::on_local_drops(std::uint64_t datagrams) {
    meter_.on_socket_drops(datagrams);
    counters_.local_drops = meter_.local_drops();
}

std::uint64_t Receiver::bytes_of(BlockIndex block) const {
    return std::uint64_t{layout_.symbols_in_block(block)} * layout_.symbol_bytes();
}

std::uint64_t Receiver::bytes_of(GroupId group) const {
    return std::uint64_t{layout_.symbols_in_group(group)} * layout_.symbol_bytes();
}

NakEntry Receiver::nak_entry(const OpenGroup& group) {
    const auto deficit = static_cast<std::uint16_t>(std::min(group.deficit(), 65535u));
    return {group.group().start_block, group.rows_seen(), deficit, group.group().blocks_log2};
}

void Receiver::on_status(TimePoint now, const StatusPacket& packet) {
    meter_.on_status(now, packet, prng_);
    attendance_.on_status(now, packet.serves_away);
    pace_intake(now, packet);
    feedback_.members = packet.members;
    cursor_ = BlockIndex(packet.cursor_block);
    // Its own loss too: the sender may not know of it yet.
    feedback_.worst_loss = std::max(packet.worst_loss_per_10k / 10000.0, counters_.loss());
    feedback_.backoff = std::min<Duration>(milliseconds(packet.backoff_ms), kMaxBackoff);
    grtt_ = std::min<Duration>(milliseconds(packet.grtt_ms), kMaxBackoff);
    // A false number of members must not silence us for longer than until the next STATUS.
    next_report_ = std::min(next_report_, now + from_seconds(1.25 * report_period_seconds()));
    watch_for_manifest(packet.cursor_block);
    for (const auto& advert : packet.adverts) on_advert(now, advert);
    if (packet.state == StreamState::drained && packet.poll != last_poll_) {
        last_poll_ = packet.poll;
        schedule_poll_report(now);
    }
}

// How much of the stream this computer takes depends on what it can store.
void Receiver::pace_intake(TimePoint now, const StatusPacket& packet) {
    const double symbol = layout_.symbol_bytes();
    const double wire = static_cast<double>(wire_bytes(RepairPacket{}, layout_.symbol_bytes()));
    const double stream = 1000.0 * packet.rate_kbps;
    duty_.on_rates(now, static_cast<double>(meter_.sink().bits_per_second()),
                   stream * symbol / wire, 4 * open_blocks_ < 3 * options_.max_open_blocks);
}

void Receiver::on_advert(TimePoint now, const GroupAdvert& advert) {
    const GroupId index = advert.group();
    if (!layout_.is_group(index)) return;
    const bool lost_manifest =
        layout_.is_manifest(index) && !manifest_known_ && carousel_moved_ && wants_group(index);
    if (lost_manifest) open(now, index);
    auto it = groups_.find(index);
    if (it == groups_.end()) return;
    OpenGroup& group = it->second;
    group.saw_rows(advert.rows_sent);
    auto& nak = group.nak;
    const std::uint32_t deficit = group.decoding ? 0 : group.deficit();
    const std::uint64_t needed = std::uint64_t{group.rows_seen()} + deficit;
    if (deficit == 0 || advert.rows_target >= needed) {
        nak.due.reset();
        return;
    }
    // Who has seen no source of the group was not there when they were sent; they will come.
    if (group.sources_received() == 0 && !lost_manifest) return;
    if (nak.due) return;
    if (group.rows_seen() != nak.rows_seen_at_last) nak.sent_in_a_row = 0;
    const Duration delay =
        draw_feedback_delay(feedback_, deficit, layout_.symbols_in_group(index), prng_);
    nak.due = now + delay;
    if (nak.sent_in_a_row > 0) nak.due = std::max(*nak.due, nak.not_before);
}

std::optional<NakPacket> Receiver::poll_nak(TimePoint now) {
    if (finished_ || !joined_ || attendance_.is_away()) return std::nullopt;
    NakPacket packet;
    for (auto& [index, group] : groups_) {
        auto& nak = group.nak;
        if (!nak.due || *nak.due > now) continue;
        nak.due.reset();
        const std::uint32_t deficit = group.decoding ? 0 : group.deficit();
        if (deficit == 0) continue;
        packet.entries.push_back(nak_entry(group));
        const Duration wait = std::max<Duration>(3 * grtt_, kMinRenak);
        nak.not_before =
            now + std::min<Duration>(wait * (1u << std::min(nak.sent_in_a_row, 5u)), kMaxRenak);
        ++nak.sent_in_a_row;
        nak.rows_seen_at_last = group.rows_seen();
        if (packet.entries.size() == kMaxNakEntries) break;
    }
    if (packet.entries.empty()) return std::nullopt;
    packet.member = number_.value;
    packet.highest_seen = meter_.highest_number();
    packet.loss_per_10k = static_cast<std::uint16_t>(counters_.loss() * 10000);
    ++counters_.naks_sent;
    return packet;
}

std::optional<FeedbackPacket> Receiver::poll_feedback(TimePoint now) {
    if (finished_ || !joined_) return std::nullopt;
    auto feedback = meter_.poll_feedback(now, number_.value, prng_);
    if (feedback) {
        feedback->away = attendance_.is_away();
        feedback->takes_share = !duty_.takes_all();
    }
    return feedback;
}

// ---- in the group or not ----

void Receiver::on_order(TimePoint now, const MemberOrder& order) {
    const bool was_away = attendance_.is_away();
    attendance_.on_order(now, order.mode);
    if (was_away != attendance_.is_away()) meter_.on_absence();
}

void Receiver::attend(TimePoint now) {
    if (finished_ || !joined_) return;
    // When nothing of full size comes, that is the path's MTU and no slow port.
    attendance_.on_counts(now, content_received_, meter_.lost_in_network());
    attendance_.on_deadline(now);
    if (!attendance_.is_away()) return;
    meter_.on_absence();
    if (auto left = attendance_.take_left()) outbox_.push_back(std::move(*left));
}

double Receiver::report_period_seconds() const {
    return std::max(to_seconds(options_.report_period), feedback_.members / kReportsPerSecond);
}

Duration Receiver::jittered_period() {
    return from_seconds(report_period_seconds() * (0.75 + 0.5 * prng_.uniform()));
}

void Receiver::schedule_poll_report(TimePoint now) {
    poll_report_at_ = now + from_seconds(prng_.uniform() * feedback_.members / kReportsPerSecond);
}

MemberReport Receiver::make_report(bool polled) {
    MemberReport report;
    report.verified = std::exchange(unreported_, {});
    report.highest_seen = meter_.highest_number();
    report.blocks_missing = blocks_missing();
    report.counters = counters_;
    report.delivery = delivery_;
    report.delivery_why = delivery_why_;
    if (!polled) return report;
    report.missed = missed_blocks();
    duty_.on_asked();
    for (const auto& [index, group] : groups_) {
        if (group.received() == 0 || group.decoding || group.deficit() == 0) continue;
        if (report.deficits.size() == kMaxReportedDeficits) break;
        report.deficits.push_back(nak_entry(group));
    }
    return report;
}

// Wanted blocks of groups of which nothing came, also of stretches whose split nobody has told.
// When memory was short, no more than there is room for: what would be dropped again is not worth
// sending.
IntervalSet Receiver::missed_blocks() {
    std::uint32_t room = layout_.block_count();
    if (dropped_groups_)
        room = options_.max_open_blocks - std::min(options_.max_open_blocks, open_blocks_);
    const bool one_fits = open_blocks_ == 0;
    dropped_groups_ = false;
    IntervalSet blocks;
    for (auto b = verified_.first_clear(0); b; b = verified_.first_clear(*b)) {
        const BlockIndex first(*b);
        const GroupId group = grouping_.group_of(first).value_or(
            layout_.group_of(first, layout_.longest_group_log2()));
        const std::uint32_t end = layout_.end_block(group).value;
        const auto it = groups_.find(group);
        const std::uint32_t cost = layout_.is_manifest(first) ? 0 : end - group.start_block;
        const bool fits = cost <= room || (one_fits && blocks.empty());
        if ((it == groups_.end() || it->second.received() == 0) && fits) {
            room -= std::min(room, cost);
            for (auto at = b; at && *at < end; at = verified_.first_clear(*at + 1)) {
                if (!distrusted_.test(*at)) blocks.add(*at);
            }
        }
        *b = end;
    }
    return blocks;
}

std::optional<MemberMessage> Receiver::poll_control(TimePoint now) {
    attend(now);
    if (!outbox_.empty()) {
        MemberMessage message = std::move(outbox_.front());
        outbox_.erase(outbox_.begin());
        return message;
    }
    if (finished_ || !joined_) return std::nullopt;
    const bool polled = poll_report_at_ && now >= *poll_report_at_;
    if (!polled && now < next_report_) return std::nullopt;
    if (polled) poll_report_at_.reset();
    next_report_ = now + jittered_period();
    return make_report(polled);
}

TimePoint Receiver::next_deadline(TimePoint now) const {
    if (!outbox_.empty()) return now;
    TimePoint next = now + std::chrono::seconds(1);
    if (finished_ || !joined_) return next;
    next = std::min(next, next_report_);
    if (meter_.next_feedback()) next = std::min(next, *meter_.next_feedback());
    if (poll_report_at_) next = std::min(next, *poll_report_at_);
    if (attendance_.next_deadline()) next = std::min(next, *attendance_.next_deadline());
    if (attendance_.is_away()) return std::max(next, now);  // no NAKs
    for (const auto& [index, group] : groups_) {
        if (group.nak.due) next = std::min(next, *group.nak.due);
    }
    return std::max(next, now);
}

}  // namespace muster::mcast
