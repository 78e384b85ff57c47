// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/sender.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace muster::mcast {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kRowsPerRequest = 64;  // one encode job; two in flight keep it busy
constexpr std::size_t kGroupsPrepared = 4;     // groups whose rows are made before their turn
constexpr Duration kStatusInterval = milliseconds(20);
// An answer to NAKs: the sooner it is out, the fewer ask for what is already promised.
constexpr Duration kNewsInterval = std::chrono::microseconds(500);
constexpr Duration kMaxStatusInterval = std::chrono::seconds(1);
constexpr Duration kNoticeOfLayout = milliseconds(30);
constexpr double kStatusShare = 1.0 / 16;  // of the rate, at most
constexpr Duration kIdleStatusInterval = milliseconds(250);
constexpr std::uint16_t kFeedbackPeriodMs = 100;
constexpr Duration kPollDelay = milliseconds(40);
constexpr Duration kPollInterval = milliseconds(500);

}  // namespace

SenderCounters& SenderCounters::operator+=(const SenderCounters& more) {
    source_symbols += more.source_symbols;
    repair_symbols += more.repair_symbols;
    status_packets += more.status_packets;
    source_wire_bytes += more.source_wire_bytes;
    repair_wire_bytes += more.repair_wire_bytes;
    status_wire_bytes += more.status_wire_bytes;
    naks_received += more.naks_received;
    nak_entries += more.nak_entries;
    feedbacks_received += more.feedbacks_received;
    groups_repaired += more.groups_repaired;
    return *this;
}

Sender::Sender(TimePoint now, const Layout& layout, const SenderOptions& options,
               Mediator& mediator)
    : layout_(layout),
      options_(options),
      mediator_(mediator),
      wants_(layout_),
      board_(layout_),
      rate_({options.rate_mode, options.rate_bits_per_second,
             options.policy == SlowPolicy::wait ? 0 : options.rate_tolerance}),
      pacer_(rate_.bits_per_second()),
      slow_(options.policy),
      pause_(options.feedback_timeout),
      created_at_(now),
      grouping_(layout_),
      plan_(layout_),
      batch_(layout_),
      nak_rate_(options.backoff_ms) {
    if (!options_.start.wait_from_first_member) waiting_since_ = now;
    if (options_.largest_symbol_bytes != 0) probe_.emplace(options_.largest_symbol_bytes);
}

// ---- states ----

void Sender::set_state(TimePoint now, SenderState state, std::string why) {
    if (state_ == state) return;
    const bool starts = state_ == SenderState::gathering && state == SenderState::running;
    if (state_ == SenderState::gathering) content_from_ = now + options_.prelude;
    if (starts && probe_) probe_->on_start(now);
    // When one of the lost comes back, so do the others.
    if (state_ == SenderState::lingering && membership_.anybody_lost()) {
        content_from_ = now + kReturnTime;
    }
    state_ = state;
    lingering_since_.reset();
    if (state == SenderState::lingering) lingering_since_ = now;
    pause_.expect_nothing();
    if (state == SenderState::running) pause_.expect_feedback(now);
    events_.push_back(StateChanged{state, std::move(why)});
    choose_layout(now);
}

// Members are told before the content begins, so the last moment comes a little earlier.
void Sender::choose_layout(TimePoint now) {
    if (layout_chosen_ || state_ == SenderState::gathering || state_ == SenderState::ended) return;
    if (probe_ && !probe_->all_have_answered() && now + kNoticeOfLayout < content_from_) return;
    layout_chosen_ = true;
    if (probe_) {
        // Nothing that depends on the size of symbols has happened yet.
        auto chosen = layout_.with_symbol_bytes(probe_->choose());
        if (chosen.ok()) layout_ = *chosen;
        probe_.reset();
    }
    events_.push_back(LayoutChosen{layout_.symbol_bytes()});
}

void Sender::start(TimePoint now) {
    if (state_ == SenderState::gathering) set_state(now, SenderState::running, "started by hand");
}

void Sender::end(TimePoint now, const std::string& why) { set_state(now, SenderState::ended, why); }

void Sender::check_start(TimePoint now) {
    if (state_ != SenderState::gathering) return;
    const auto& rule = options_.start;
    const std::uint32_t live = membership_.live_count() + live_elsewhere_;
    if (live >= rule.min_members) {
        return set_state(now, SenderState::running,
                         std::to_string(rule.min_members) + " computers have joined");
    }
    if (!waiting_since_ || now < *waiting_since_ + rule.max_wait) return;
    if (live > 0) {
        set_state(now, SenderState::running, "the longest wait is over");
    } else if (options_.closed) {
        set_state(now, SenderState::ended, "nobody came");
    }
}

void Sender::check_end(TimePoint now) {
    const bool idle = state_ == SenderState::running || state_ == SenderState::lingering;
    if (idle && membership_.live_count() == 0) {
        if (options_.closed && live_elsewhere_ == 0 && !membership_.anybody_lost())
            return set_state(now, SenderState::ended, "all have reported");
        set_state(now, SenderState::lingering,
                  options_.closed ? "the lost may come back" : "nobody wants anything");
    }
    if (lingering_since_ && live_elsewhere_ == 0 && now >= *lingering_since_ + options_.linger) {
        set_state(now, SenderState::ended, "nobody has come for a while");
    }
}

// ---- rows ----

void Sender::on_rows_ready(GroupId group, std::uint32_t end_row) {
    auto it = rows_.find(group);
    if (it != rows_.end()) it->second.ready = std::max(it->second.ready, end_row);
}

// Keeps two requests ahead of what is being sent, for the groups that are next in line.
void Sender::request_rows() {
    for (const auto& row : board_.next_rows(kGroupsPrepared)) {
        auto [it, is_new] = rows_.try_emplace(row.group);
        Rows& rows = it->second;
        if (is_new) rows.requested = rows.ready = row.row;
        const std::uint32_t first = rows.requested;
        if (first >= row.row + kRowsPerRequest) continue;
        const std::uint32_t ahead = row.row + 2 * kRowsPerRequest;
        const std::uint32_t end = std::min(board_.target(row.group), ahead);
        if (end <= first) continue;
        rows.requested = end;
        mediator_.prepare_rows(row.group, first, end - first);
    }
}

// The oldest request first; but where sources are interleaved because losses come in bursts, so
// are rows.
std::optional<RepairBoard::Row> Sender::ready_row() const {
    const auto next = board_.next_rows(kGroupsPrepared);
    for (std::size_t i = 0; i < next.size(); ++i) {
        const std::size_t turns = std::min<std::size_t>(interleave_, next.size());
        const auto& row = next[(row_turn_ % turns + i) % next.size()];
        const auto it = rows_.find(row.group);
        if (it != rows_.end() && it->second.ready > row.row) return row;
    }
    return std::nullopt;
}

// ---- what to send ----

bool Sender::is_drained() const {
    return state_ == SenderState::running && batch_.empty() && !board_.has_rows() &&
           !wants_.next_unserved(cursor_);
}

std::optional<Packet> Sender::next_repair() {
    const auto row = ready_row();
    if (!row) return std::nullopt;
    board_.on_row_sent(*row);
    ++row_turn_;
    return RepairPacket{row->group.start_block, row->group.blocks_log2, row->row, {}};
}

// The manifest first, for without it nothing can be verified; else round and round.
bool Sender::begin_batch(TimePoint now) {
    if (!batch_.empty()) return true;
    auto block = wants_.next_unserved(BlockIndex(0));
    if (!block) return false;
    if (layout_.is_manifest(*block)) {
        begin_sources(layout_.manifest_group_of(*block));
        return true;
    }
    const auto shape = plan_.choose(now, membership_.active_count(), least_open_blocks_);
    while (batch_.size() < shape.interleave && (block = wants_.next_unserved(cursor_))) {
        const GroupId group = grouping_.split(*block, shape.blocks_log2);
        cursor_ = BlockIndex(layout_.end_block(group).value % layout_.block_count());
        begin_sources(group);
    }
    interleave_ = static_cast<std::uint32_t>(batch_.size());
    return true;
}

void Sender::begin_sources(GroupId group) {
    batch_.add(group, wants_.unserved_blocks(group));
    wants_.mark_served(group);
    board_.on_sources_begun(group);
    rows_.erase(group);
    mediator_.prepare_sources(group);
}

std::optional<Packet> Sender::next_source(TimePoint now) {
    if (!begin_batch(now)) return std::nullopt;
    const auto symbol = batch_.take();
    if (symbol.last_of_group) {
        if (wants_.wanted(symbol.group)) {
            board_.on_sources_sent(symbol.group, next_packet_number_);
            plan_.on_sources_sent(now, symbol.group, interleave_);
        }
        status_news_ = true;
    }
    return DataPacket{symbol.wire_symbol, {}, symbol.group.blocks_log2};
}

// Repair gets at most every other slot while there are sources to send.
std::optional<Packet> Sender::next_content(TimePoint now) {
    std::optional<Packet> packet;
    repair_turn_ = !repair_turn_;
    if (repair_turn_) packet = next_repair();
    if (!packet) packet = next_source(now);
    if (!packet && !repair_turn_) packet = next_repair();
    return packet;
}

Duration Sender::status_interval() const {
    const bool idle = state_ == SenderState::lingering || paused_ != PauseReason::none;
    if (idle) return kIdleStatusInterval;
    const Duration interval = status_news_ ? kNewsInterval : kStatusInterval;
    const std::uint64_t rate = pacer_.rate_bits_per_second();
    if (rate == 0) return interval;
    const double bits = 8 * static_cast<double>(status_wire_bytes()) / kStatusShare;
    return std::clamp(from_seconds(bits / static_cast<double>(rate)), interval, kMaxStatusInterval);
}

void Sender::check_rate(TimePoint now) {
    if (state_ != SenderState::running) return;
    rate_.on_time(now, counters_.wire_bytes(), next_packet_number_);
    apply_ceiling(now);
}

bool Sender::status_due(TimePoint now) const {
    return counters_.status_packets == 0 || now >= last_status_ + status_interval();
}

StatusPacket Sender::make_status(TimePoint now) {
    StatusPacket status;
    status.sent_at_us = static_cast<std::uint64_t>(now.time_since_epoch().count() / 1000);
    status.state = StreamState::running;
    if (is_drained()) {
        status.state = StreamState::drained;
        if (!drained_since_) drained_since_ = now;
        const Duration spread = from_seconds(2 * membership_.live_count() / kReportsPerSecond);
        const bool first = last_poll_ < *drained_since_;
        const TimePoint due = first ? *drained_since_ + kPollDelay
                                    : last_poll_ + std::max<Duration>(kPollInterval, spread);
        if (now >= due) {
            last_poll_ = now;
            ++poll_number_;
        }
    } else {
        drained_since_.reset();
    }
    status.poll = poll_number_;
    status.cursor_block = cursor().value;
    status.rate_kbps = static_cast<std::uint32_t>(pacer_.rate_bits_per_second() / 1000);
    const std::uint32_t active = membership_.active_count();
    status.members = active > 0 ? active : membership_.live_count();
    status.serves_away = slow_.serves_away();
    status.backoff_ms = nak_rate_.backoff_ms();
    status.grtt_ms = options_.grtt_ms;
    status.worst_loss_per_10k = static_cast<std::uint16_t>(std::min(1.0, worst_loss_) * 10000);
    status.feedback_period_ms = kFeedbackPeriodMs;
    status.adverts = board_.adverts();
    return status;
}

Outgoing Sender::account(TimePoint now, Packet packet) {
    const std::size_t wire = wire_bytes_of(packet);
    switch (packet_type(packet)) {
        case PacketType::data:
            ++counters_.source_symbols;
            counters_.source_wire_bytes += wire;
            break;
        case PacketType::repair:
            ++counters_.repair_symbols;
            counters_.repair_wire_bytes += wire;
            break;
        case PacketType::probe: counters_.status_wire_bytes += wire; break;
        default:
            ++counters_.status_packets;
            counters_.status_wire_bytes += wire;
            last_status_ = now;
            status_news_ = false;
    }
    pacer_.on_sent(now, wire);
    return Outgoing{next_packet_number_++, std::move(packet), wire};
}

std::size_t Sender::wire_bytes_of(const Packet& packet) const {
    return mcast::wire_bytes(packet, layout_.symbol_bytes()) - kLinkOverheadBytes +
           options_.link_overhead_bytes;
}

std::size_t Sender::status_wire_bytes() const {
    StatusPacket status;
    status.adverts.resize(std::min(board_.open_count(), kMaxAdverts));
    return wire_bytes_of(status);
}

std::size_t Sender::content_wire_bytes() const { return wire_bytes_of(RepairPacket{}); }

std::optional<Outgoing> Sender::next_probe(TimePoint now) {
    if (!probe_ || pacer_.earliest(now, content_wire_bytes()) > now) return std::nullopt;
    const auto size = probe_->poll(now);
    if (!size) return std::nullopt;
    return account(now, ProbePacket{*size});
}

std::optional<Outgoing> Sender::poll_packet(TimePoint now) {
    on_deadline(now);
    if (state_ == SenderState::ended || !pause_.has_carrier()) return std::nullopt;
    if (auto probe = next_probe(now)) return probe;
    if (state_ == SenderState::gathering) return std::nullopt;
    request_rows();
    const bool status = status_due(now);
    const std::size_t size = status ? status_wire_bytes() : content_wire_bytes();
    if (pacer_.earliest(now, size) > now) return std::nullopt;
    if (status) return account(now, make_status(now));
    if (now < content_from_ || paused_ != PauseReason::none) return std::nullopt;
    if (slow_.waits_for_called(now)) return std::nullopt;
    auto packet = next_content(now);
    if (!packet) return std::nullopt;
    return account(now, std::move(*packet));
}

void Sender::on_deadline(TimePoint now) {
    if (state_ == SenderState::ended) return;
    check_pause(now);
    check_members(now);
    check_rate(now);
    check_start(now);
    choose_layout(now);
    check_end(now);
}

TimePoint Sender::next_deadline(TimePoint now) const {
    TimePoint next = now + std::chrono::seconds(1);
    if (state_ == SenderState::gathering && waiting_since_) {
        const TimePoint wait_over = *waiting_since_ + options_.start.max_wait;
        if (wait_over > now) next = std::min(next, wait_over);
    }
    if (probe_ && state_ != SenderState::ended && pause_.has_carrier()) {
        if (const auto due = probe_->next_deadline()) {
            next = std::min(next, std::max(*due, pacer_.earliest(now, content_wire_bytes())));
        }
        if (state_ != SenderState::gathering) {
            next = std::min(next, content_from_ - kNoticeOfLayout);
        }
    }
    const bool sends = state_ == SenderState::running || state_ == SenderState::lingering;
    if (sends && pause_.has_carrier()) {
        const bool busy =
            state_ == SenderState::running && (!batch_.empty() || wants_.next_unserved(cursor_));
        const TimePoint status = last_status_ + status_interval();
        next = std::min(next, std::max(status, pacer_.earliest(now, status_wire_bytes())));
        const bool paused = paused_ != PauseReason::none || slow_.waits_for_called(now);
        if ((busy || ready_row()) && !paused && !status_due(now)) {
            const TimePoint free = pacer_.earliest(now, content_wire_bytes());
            next = std::min(next, std::max(content_from_, free));
        }
    }
    return std::max(next, now);
}

std::vector<SenderEvent> Sender::take_events() { return std::exchange(events_, {}); }

}  // namespace muster::mcast
