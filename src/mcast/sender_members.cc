// SPDX-License-Identifier: GPL-3.0-or-later
//
// The sender's side of its members: joins, reports, requests for repair, and who is lost, deferred
// or given up. What is sent, and when, is in sender.cc.
#include <algorithm>

#include "base/check.h"
#include "mcast/sender.h"

namespace muster::mcast {

namespace {

constexpr Duration kMemberCheckInterval = std::chrono::milliseconds(100);

}  // namespace

// ---- members ----

Result<MemberNumber> Sender::on_join(TimePoint now, const JoinRequest& request) {
    if (request.protocol_version != kProtocolVersion) {
        return Error(Errc::version_mismatch,
                     "protocol version " + std::to_string(request.protocol_version) +
                         " of the receiver is not version " + std::to_string(kProtocolVersion) +
                         " of this server: install the same muster on both");
    }
    if (state_ == SenderState::ended) return Error(Errc::unavailable, "the session is over");
    if (membership_.live_count() >= options_.max_members) {
        return Error(Errc::unavailable,
                     "the session is full: " + std::to_string(options_.max_members) + " members");
    }
    if (auto before = membership_.live_member_named(request.name)) {
        finish_member(now, *before, MemberState::lost, "came back as a new member");
    }
    auto wanted = content::BlockSet(layout_.block_count());
    if (request.wants_all) {
        wanted = content::BlockSet::from_intervals(IntervalSet::range(0, layout_.block_count()),
                                                   layout_.block_count());
    } else {
        for (auto [begin, end] : request.want.runs()) {
            const auto last = std::min<std::uint64_t>(end, layout_.block_count());
            for (std::uint64_t b = begin; b < last; ++b) wanted.set(static_cast<std::uint32_t>(b));
        }
    }
    const MemberNumber number =
        membership_.add(now, request.name, wanted.count(), counters_.symbols());
    wants_.add_member(number, std::move(wanted));
    membership_.find(number)->open_blocks = request.open_blocks;
    least_open_blocks_ = membership_.active_count() == 1
                             ? request.open_blocks
                             : std::min(least_open_blocks_, request.open_blocks);
    slow_.on_joined(number, request.name);
    events_.push_back(MemberChanged{number, request.name, MemberState::active, ""});
    if (probe_) probe_->on_joined(now, number);
    if (!waiting_since_) waiting_since_ = now;
    if (state_ == SenderState::lingering) set_state(now, SenderState::running, "a late joiner");
    drained_since_.reset();
    pause_.on_feedback(now);
    check_start(now);
    return number;
}

void Sender::on_report(TimePoint now, MemberNumber number, const MemberReport& report) {
    Member* member = membership_.find(number);
    if (member == nullptr || !member->is_live()) return;
    member->last_heard = now;
    pause_.on_feedback(now);
    member->counters = report.counters;
    member->loss = report.counters.loss();
    const bool aside = aside_.has(number);
    if ((aside ? aside_.on_verified(number, report.verified)
               : wants_.on_verified(number, report.verified)) > 0) {
        member->last_progress = now;
        member->symbols_caused_in_vain = 0;
    }
    member->blocks_missing = aside ? aside_.missing(number) : wants_.missing(number);
    if (member->delivery != report.delivery || member->delivery_why != report.delivery_why) {
        member->delivery = report.delivery;
        member->delivery_why = report.delivery_why;
        events_.push_back(
            DeliveryChanged{number, member->name, report.delivery, report.delivery_why});
    }
    if (may_request(*member)) worst_loss_ = std::max(worst_loss_, member->loss);
    forget_satisfied();
    on_missed(now, number, missed_blocks(report), report.highest_seen);
    for (const auto& entry : report.deficits) {
        on_request(now, number, entry, member->loss, report.highest_seen);
    }
    check_end(now);
}

void Sender::on_finished(TimePoint now, MemberNumber number, const MemberFinished& finished) {
    Member* member = membership_.find(number);
    if (member == nullptr || !member->is_live()) return;
    member->last_heard = now;
    pause_.on_feedback(now);
    member->counters = finished.counters;
    member->loss = finished.counters.loss();
    if (finished.verified) member->blocks_missing = 0;
    finish_member(now, number, finished.verified ? MemberState::verified : MemberState::failed,
                  finished.failure);
    check_end(now);
    check_slow(now);
}

void Sender::on_probed(MemberNumber number, const MemberProbed& answer) {
    if (probe_) probe_->on_answer(number, answer.symbol_bytes);
}

void Sender::on_others(TimePoint now, std::uint32_t live_members) {
    if (live_members > 0 && !waiting_since_) waiting_since_ = now;
    const bool all_gone = live_members == 0 && live_elsewhere_ > 0;
    live_elsewhere_ = live_members;
    if (all_gone && lingering_since_) lingering_since_ = now;
    check_start(now);
    check_end(now);
}

void Sender::on_disconnected(TimePoint now, MemberNumber number) {
    Member* member = membership_.find(number);
    if (member == nullptr || !member->is_live()) return;
    member->connected = false;
    member->last_heard = now;
}

void Sender::finish_member(TimePoint now, MemberNumber number, MemberState state, std::string why) {
    Member* member = membership_.find(number);
    CHECK(member != nullptr && member->is_live());
    membership_.set_state(number, state, why, now);
    if (probe_) probe_->on_gone(number);
    if (!aside_.remove(number)) wants_.remove_member(number);
    forget_satisfied();
    events_.push_back(MemberChanged{number, member->name, state, std::move(why)});
}

void Sender::forget_satisfied() {
    const auto open = board_.open_groups();
    for (const GroupId group : open) {
        if (wants_.wanted(group)) continue;
        board_.on_satisfied(group);
        rows_.erase(group);
    }
}

void Sender::check_members(TimePoint now) {
    if (now < next_member_check_ || !pause_.has_carrier() || held_since_) return;
    next_member_check_ = now + kMemberCheckInterval;
    nak_rate_.on_time(now);
    least_open_blocks_ = membership_.least_open_blocks();
    worst_loss_ = worst_loss();
    for (MemberNumber number : membership_.silent(now, silence_limit())) {
        const bool gone = !membership_.find(number)->connected;
        finish_member(now, number, MemberState::lost,
                      gone ? "its control connection broke and it did not come back"
                           : "silent for " +
                                 std::to_string(static_cast<int>(to_seconds(silence_limit()))) +
                                 " s");
    }
    check_slow(now);
    if (state_ != SenderState::running || !drained_since_) return;
    for (const auto& [number, member] : membership_.all()) {
        const TimePoint since = std::max(member.last_progress, *drained_since_);
        // Whom multicast does not reach says so, and waits or takes its blocks by HTTPS.
        const bool reached = member.delivery == Delivery::multicast;
        if (!member.is_live() || !reached || member.state == MemberState::away) continue;
        if (now - since < options_.stall_timeout) continue;
        finish_member(now, number, MemberState::failed, "no block completed for too long");
    }
}

Duration Sender::silence_limit() const {
    const double report_period = membership_.live_count() / kReportsPerSecond;
    return std::max(options_.member_timeout, from_seconds(5 * report_period));
}

double Sender::worst_loss() const {
    double worst = 0;
    for (const auto& [number, member] : membership_.all()) {
        if (may_request(member)) worst = std::max(worst, member.loss);
    }
    return worst;
}

// ---- pause ----

void Sender::on_carrier(TimePoint now, bool there) {
    const Duration gone = pause_.on_carrier(now, there);
    if (gone > Duration{}) membership_.excuse(now, gone);
    check_pause(now);
}

void Sender::hold(TimePoint now, bool held) {
    if (held == held_since_.has_value()) return;
    if (held) {
        held_since_ = now;
    } else {
        membership_.excuse(now, now - *held_since_);
        held_since_.reset();
    }
    check_pause(now);
}

void Sender::check_pause(TimePoint now) {
    PauseReason reason = pause_.reason(now);
    if (held_since_ && reason != PauseReason::no_carrier) reason = PauseReason::held;
    if (reason != PauseReason::none) returning_since_.reset();
    if (reason == PauseReason::none && paused_ != PauseReason::none && membership_.anybody_away()) {
        if (!returning_since_) returning_since_ = now;
        if (now < *returning_since_ + kReturnTime) reason = PauseReason::returning;
    }
    if (reason == paused_) return;
    paused_ = reason;
    events_.push_back(PauseChanged{reason});
}

// ---- requests ----

bool Sender::may_request(const Member& member) const {
    return member.state == MemberState::active ||
           (member.state == MemberState::deferred && member.rank <= slow_.turn());
}

void Sender::charge(TimePoint now, MemberNumber number, std::uint64_t symbols) {
    Member& member = *membership_.find(number);
    member.symbols_caused += symbols;
    member.symbols_caused_in_vain += symbols;
    // Two groups of a usual length are one of the longest.
    const std::uint32_t group_symbols =
        layout_.symbols_per_block() << layout_.longest_group_log2() >> 1;
    if (member.symbols_caused_in_vain > 3 * layout_.symbol_count() + 8ULL * group_symbols) {
        finish_member(now, number, MemberState::failed,
                      "asked for three times the image without completing a block of it");
    } else if (member.state == MemberState::active &&
               Membership::is_excessive(member, counters_.symbols(), group_symbols)) {
        const std::string why = "asks for more than half of the stream again";
        membership_.set_state(number, MemberState::deferred, why, now);
        member.rank = SlowComputers::kTurnOfGreedy;
        events_.push_back(MemberChanged{number, member.name, MemberState::deferred, why});
    }
}

// Only who is asked may say so: in the middle of a pass sources come anyway, or they wait.
bool Sender::was_polled(TimePoint now) const {
    const Duration spread = from_seconds(2 * membership_.live_count() / kReportsPerSecond);
    return poll_number_ > 0 &&
           now < last_poll_ + std::max<Duration>(std::chrono::seconds(1), spread);
}

// Also the groups it collects that we never made: it was told a false split, and of the true groups
// it has nothing.
IntervalSet Sender::missed_blocks(const MemberReport& report) const {
    IntervalSet missed = report.missed;
    for (const auto& entry : report.deficits) {
        const GroupId group = entry.group();
        if (!layout_.is_group(group)) continue;
        if (grouping_.group_of(layout_.first_block(group)) == group) continue;
        missed.add(group.start_block, layout_.end_block(group).value);
    }
    return missed;
}

void Sender::on_missed(TimePoint now, MemberNumber number, const IntervalSet& missed,
                       std::uint64_t highest_seen) {
    if (!was_polled(now)) return;
    for (auto [begin, end] : missed.runs()) {
        const auto last = std::min<std::uint64_t>(end, layout_.block_count());
        for (auto b = static_cast<std::uint32_t>(std::min(begin, last)); b < last;) {
            const auto group = grouping_.group_of(BlockIndex(b));
            // Of a stretch that was never sent nobody can have missed anything.
            b = (group ? layout_.end_block(*group) : layout_.end_of_stretch(BlockIndex(b))).value;
            if (!group || batch_.contains(*group) || !may_request(*membership_.find(number)) ||
                !wants_.wants(number, *group) || !wants_.is_served(number, *group) ||
                board_.is_void(*group, highest_seen)) {
                continue;
            }
            wants_.on_missed(number, *group);
            charge(now, number, layout_.symbols_in_group(*group));
        }
    }
}

void Sender::on_request(TimePoint now, MemberNumber number, const NakEntry& entry, double loss,
                        std::uint64_t highest_seen) {
    const Member* member = membership_.find(number);
    if (member == nullptr || !may_request(*member)) return;
    const GroupId group = entry.group();
    if (!layout_.is_group(group) || !wants_.wants(number, group)) return;
    const bool served = wants_.is_served(number, group);
    if (served && slow_.holds_request(now, number, *member, loss, entry,
                                      layout_.symbols_in_group(group), membership_)) {
        return;
    }
    if (!served) {
        // It joined in the middle of the group. Rows for the rest cost less than the sources
        // again, unless it has hardly anything of them.
        const bool has_little = entry.deficit > layout_.symbols_in_group(group) / 8 * 7;
        if (has_little || !board_.is_open(group) || board_.is_void(group, highest_seen)) return;
        wants_.mark_served(number, group);
    } else if (!board_.is_void(group, highest_seen)) {
        // What it would miss had no row been sent yet.
        const std::uint32_t rows_seen = std::min(entry.rows_seen, board_.rows_sent(group));
        const double missed = entry.deficit + rows_seen * (1 - loss);
        plan_.on_deficit(group, missed, loss,
                         highest_seen - std::min(highest_seen, member->symbols_sent_before));
    }
    const std::uint32_t raised =
        board_.on_request({group, entry.rows_seen, entry.deficit, loss, highest_seen});
    status_news_ = true;  // also when it was covered: who asks in vain missed the last STATUS
    if (raised == 0) return;
    ++counters_.groups_repaired;
    charge(now, number, raised);
}

void Sender::on_nak(TimePoint now, const NakPacket& nak) {
    const MemberNumber number(nak.member);
    Member* member = membership_.find(number);
    if (member == nullptr || !member->is_live()) return;
    member->last_heard = now;
    pause_.on_feedback(now);
    nak_rate_.on_nak(now);
    ++counters_.naks_received;
    counters_.nak_entries += nak.entries.size();
    const double loss = std::min(1.0, nak.loss_per_10k / 10000.0);
    member->loss = loss;
    if (may_request(*member)) worst_loss_ = std::max(worst_loss_, loss);
    for (const auto& entry : nak.entries) on_request(now, number, entry, loss, nak.highest_seen);
}

void Sender::on_feedback(TimePoint now, const FeedbackPacket& feedback) {
    Member* member = membership_.find(MemberNumber(feedback.member));
    if (member == nullptr || !member->is_live()) return;
    member->last_heard = now;
    pause_.on_feedback(now);
    ++counters_.feedbacks_received;
    const auto interval = member->reception.on_feedback(now, feedback);
    // Who gets nothing of full size has a path of a small MTU, and takes its blocks by HTTPS.
    const bool small_only =
        interval && interval->received > 0 &&
        4 * interval->wire_bytes < 3 * interval->received * layout_.symbol_bytes();
    slow_.on_feedback(MemberNumber(feedback.member), *member, small_only ? std::nullopt : interval);
    const bool counts = member->state == MemberState::active || membership_.active_count() == 0;
    if (interval && counts) {
        rate_.on_interval(MemberNumber(feedback.member), *interval, member->reception);
    }
}

}  // namespace muster::mcast
