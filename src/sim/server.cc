// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/server.h"

#include <algorithm>

#include "base/check.h"
#include "fec/encoder.h"

namespace muster::sim {

using mcast::BlockIndex;
using mcast::GroupId;
using mcast::MemberNumber;

namespace {

mcast::Secret draw_secret(Prng& prng) {
    mcast::Secret secret;
    for (auto& byte : secret) byte = static_cast<std::byte>(prng.next());
    return secret;
}

}  // namespace

Server::Server(World& world, Prng prng)
    : world_(world),
      sender_(world.queue.now(), world.content.layout(), world.options.sender, *this),
      prng_(prng.fork()) {
    world.session = static_cast<std::uint32_t>(prng.next());
    world.group_secret = {};
    world.group_secret.secret = draw_secret(prng);
    uplink_base_ = draw_secret(prng);
    if (world.with_bytes()) {
        sealer_ = std::make_unique<mcast::GroupSealer>(
            world.session, 0, world.options.epoch_packets, world.group_secret);
    }
}

// ---- control ----

void Server::on_join(std::uint32_t guest, const mcast::JoinRequest& request) {
    auto number = sender_.on_join(world_.queue.now(), request);
    if (!number.ok()) return world_.tell_guest(guest, Refused{number.error()});
    guest_of_[*number] = guest;
    Joined joined{
        *number, world_.session, mcast::derive_uplink_secret(uplink_base_, number->value), {}};
    if (world_.with_bytes()) {
        joined.group_secret = sealer_->current();
        rekeying_.on_joined(*number);
        openers_.emplace(
            *number,
            mcast::PacketOpener(mcast::derive_uplink_key(joined.uplink_secret), world_.session, 0));
    }
    world_.tell_guest(guest, joined);
    if (world_.with_bytes() && told_.rekeys > joined.group_secret.rekeys) {
        world_.tell_guest(guest, Rekey{told_});
    }
}

void Server::on_message(std::uint32_t guest, MemberNumber number, const ToServer& message) {
    const TimePoint now = world_.queue.now();
    if (std::holds_alternative<Disconnected>(message)) {
        sender_.on_disconnected(now, number);
        rekeying_.on_disconnected(number);
    } else if (const auto* rekeyed = std::get_if<Rekeyed>(&message)) {
        rekeying_.on_acknowledged(number, rekeyed->rekeys);
    } else {
        const auto& said = std::get<mcast::MemberMessage>(message);
        if (const auto* join = std::get_if<mcast::JoinRequest>(&said)) {
            on_join(guest, *join);
        } else if (const auto* report = std::get_if<mcast::MemberReport>(&said)) {
            sender_.on_report(now, number, *report);
        } else if (const auto* left = std::get_if<mcast::MemberLeft>(&said)) {
            sender_.on_left_group(now, number, *left);
        } else {
            sender_.on_finished(now, number, std::get<mcast::MemberFinished>(said));
        }
    }
    pump();
}

void Server::on_carrier(bool there) {
    sender_.on_carrier(world_.queue.now(), there);
    pump();
}

void Server::on_uplink(const Frame& frame) {
    if (!world_.with_bytes()) return on_uplink_packet(frame.packet);
    // Which member it is from, only its key can tell; production asks the packet number first.
    for (auto& [number, opener] : openers_) {
        Bytes scratch(frame.datagram.size());
        auto opened = opener.open(frame.datagram, scratch);
        if (!opened.ok()) continue;
        return on_uplink_packet(opened->packet);
    }
}

void Server::on_uplink_packet(const mcast::Packet& packet) {
    const TimePoint now = world_.queue.now();
    if (const auto* nak = std::get_if<mcast::NakPacket>(&packet)) {
        count_nak(*nak);
        sender_.on_nak(now, *nak);
    } else if (const auto* feedback = std::get_if<mcast::FeedbackPacket>(&packet)) {
        sender_.on_feedback(now, *feedback);
    }
    pump();
}

void Server::handle_events() {
    for (const auto& event : sender_.take_events()) {
        if (const auto* ordered = std::get_if<mcast::MemberOrdered>(&event)) {
            world_.tell_guest(guest_of_.at(ordered->number),
                              Ordered{ordered->number, ordered->order});
            continue;
        }
        const auto* changed = std::get_if<mcast::MemberChanged>(&event);
        if (changed != nullptr) rekeying_.on_member_changed(*changed);
        if (changed == nullptr || (changed->state != mcast::MemberState::lost &&
                                   changed->state != mcast::MemberState::failed)) {
            continue;
        }
        openers_.erase(changed->number);
        world_.tell_guest(guest_of_.at(changed->number), Closed{changed->number});
    }
}

void Server::rekey_when_due() {
    const TimePoint now = world_.queue.now();
    if (rekeying_.begin_due(now)) {
        told_ = rekeying_.begin(now, sealer_->current(), draw_secret(prng_), sender_.membership());
        for (const auto& [number, member] : sender_.membership().all()) {
            if (member.is_live()) world_.tell_guest(guest_of_.at(number), Rekey{told_});
        }
    }
    if (const auto secret = rekeying_.poll_switch(now)) sealer_->rekey(*secret);
}

// ---- datagrams ----

void Server::pump() {
    const TimePoint now = world_.queue.now();
    sender_.on_deadline(now);
    while (auto outgoing = sender_.poll_packet(now)) emit(*outgoing);
    handle_events();
    if (world_.with_bytes()) rekey_when_due();
    if (sender_.state() == mcast::SenderState::ended) return;
    const TimePoint next = sender_.next_deadline(now);
    if (next <= now) {
        // A core that asks to be called at once and then does nothing would spin in production.
        world_.violation("the sender has nothing to send and no time to wait for");
        wake_at_ = TimePoint::max();
        return;
    }
    if (next >= wake_at_) return;
    wake_at_ = next;
    world_.queue.at(next, [this, next, alive = std::weak_ptr(alive_)] {
        if (alive.expired() || wake_at_ != next) return;
        wake_at_ = TimePoint::max();
        pump();
    });
}

void Server::emit(const mcast::Outgoing& outgoing) {
    watch(outgoing.packet);
    watch_window(outgoing.wire_bytes);
    auto frame = std::make_shared<Frame>();
    frame->packet_number = outgoing.packet_number;
    frame->wire_bytes = outgoing.wire_bytes;
    mcast::Outgoing said = outgoing;
    if (auto* status = std::get_if<mcast::StatusPacket>(&said.packet)) {
        status->sent_at_us += static_cast<std::uint64_t>(world_.stamp_offset_us);
    }
    if (world_.with_bytes()) {
        seal(said, *frame);
    } else {
        frame->packet = std::move(said.packet);
    }
    world_.multicast(std::move(frame));
}

void Server::seal(const mcast::Outgoing& outgoing, Frame& frame) {
    const auto& layout = world_.content.layout();
    Bytes payload;
    if (const auto* data = std::get_if<mcast::DataPacket>(&outgoing.packet)) {
        payload.resize(layout.symbol_bytes());
        world_.content.copy_symbol(layout.block_of(data->symbol),
                                   layout.symbol_in_block(data->symbol), payload);
    } else if (const auto* repair = std::get_if<mcast::RepairPacket>(&outgoing.packet)) {
        const GroupId group = repair->group();
        auto it = rows_.find({group, repair->row});
        CHECK(it != rows_.end());
        payload = std::move(it->second);
        rows_.erase(it);
    }
    const std::size_t body = mcast::body_bytes(outgoing.packet, payload.size());
    frame.datagram.resize(mcast::kHeaderBytes + body + mcast::kTagBytes);
    const std::size_t size =
        sealer_->seal(outgoing.packet_number, outgoing.packet, payload, frame.datagram);
    CHECK(size == frame.datagram.size());
    world_.group_secret = sealer_->current();
    if (size + mcast::kLinkOverheadBytes != outgoing.wire_bytes) {
        world_.violation("a datagram is not as long as the sender counted");
    }
}

void Server::prepare_rows(GroupId group, std::uint32_t first_row, std::uint32_t count) {
    if (world_.with_bytes()) encode_rows(group, first_row, count);
    if (world_.options.encode_time == Duration{}) {
        return sender_.on_rows_ready(group, first_row + count);
    }
    world_.queue.after(world_.options.encode_time,
                       [this, group, end = first_row + count, alive = std::weak_ptr(alive_)] {
                           if (alive.expired()) return;
                           sender_.on_rows_ready(group, end);
                           pump();
                       });
}

void Server::encode_rows(GroupId group, std::uint32_t first_row, std::uint32_t count) {
    const auto& layout = world_.content.layout();
    const std::size_t bytes = layout.symbol_bytes();
    const std::uint32_t symbols = layout.symbols_in_group(group);
    Bytes sources(symbols * bytes);
    std::vector<const std::byte*> pointers;
    for (BlockIndex b = layout.first_block(group); b < layout.end_block(group); ++b) {
        for (std::uint32_t s = 0; s < layout.symbols_in_block(b); ++s) {
            const auto out = MutableByteSpan(sources).subspan(pointers.size() * bytes, bytes);
            world_.content.copy_symbol(b, s, out);
            pointers.push_back(out.data());
        }
    }
    std::vector<std::byte*> outs;
    for (std::uint32_t row = first_row; row < first_row + count; ++row) {
        auto& out = rows_[{group, row}];
        out.resize(bytes);
        outs.push_back(out.data());
    }
    fec::encode_rows(fec::fast_kernel(), pointers, bytes, first_row, outs);
}

// ---- what is counted beside the sender ----

void Server::begin_round(GroupId group, bool quiet) {
    rounds_[group] = {0, quiet};
    ++round_count_;
}

void Server::watch(const mcast::Packet& packet) {
    const auto& layout = world_.content.layout();
    if (const auto* data = std::get_if<mcast::DataPacket>(&packet)) {
        const BlockIndex block = layout.block_of(data->symbol);
        const GroupId group = layout.group_of(block, data->group_blocks_log2);
        if (!sender_.is_sending(group)) begin_round(group, true);  // its last source
    } else if (const auto* repair = std::get_if<mcast::RepairPacket>(&packet)) {
        if (std::exchange(rounds_[repair->group()].quiet, false)) {
            begin_round(repair->group(), false);
        }
    } else if (const auto* status = std::get_if<mcast::StatusPacket>(&packet)) {
        for (const auto& advert : status->adverts) {
            if (advert.rows_sent != advert.rows_target) continue;
            rounds_[advert.group()].quiet = true;
        }
    }
}

void Server::watch_window(std::size_t wire_bytes) {
    const TimePoint now = world_.queue.now();
    while (!window_.empty() && window_.front().first + std::chrono::milliseconds(10) <= now) {
        window_bytes_ -= window_.front().second;
        window_.pop_front();
    }
    window_.emplace_back(now, wire_bytes);
    window_bytes_ += wire_bytes;
    highest_window_bytes_ = std::max(highest_window_bytes_, window_bytes_);
}

void Server::count_nak(const mcast::NakPacket& nak) {
    const TimePoint now = world_.queue.now();
    nak_times_.push_back(now);
    while (nak_times_.front() + std::chrono::seconds(1) <= now) nak_times_.pop_front();
    most_naks_in_second_ = std::max(most_naks_in_second_, nak_times_.size());
    for (const auto& entry : nak.entries) {
        if (!world_.content.layout().is_group(entry.group())) continue;
        ++nak_entries_;
        most_naks_ = std::max(most_naks_, ++rounds_[entry.group()].naks);
    }
}

void Server::report_to(RunReport& report) const {
    report.source_symbols = world_.content.layout().symbol_count();
    report.sent += sender_.counters();
    report.highest_window_bytes = std::max(report.highest_window_bytes, highest_window_bytes_);
    report.rounds += round_count_;
    report.nak_entries += nak_entries_;
    report.most_naks_in_round = std::max(report.most_naks_in_round, most_naks_);
    report.most_naks_in_second =
        std::max(report.most_naks_in_second, static_cast<std::uint32_t>(most_naks_in_second_));
}

}  // namespace muster::sim
