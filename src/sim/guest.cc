// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/guest.h"

#include <algorithm>

namespace muster::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

// ---- what all of them do ----

Guest::Guest(World& world, std::uint32_t index, const GuestOptions& options, Prng prng)
    : world_(world),
      index_(index),
      options_(options),
      prng_(prng),
      down_(options.down, prng_.fork()),
      up_(options.up, prng_.fork()),
      name_("PC-" + std::to_string(index + 1)) {}

const mcast::Packet* Guest::open(const Frame& frame) {
    if (!world_.with_bytes()) return &frame.packet;
    if (!opener_) return nullptr;
    scratch_.resize(std::max(scratch_.size(), frame.datagram.size()));
    auto opened = opener_->open(world_.queue.now(), frame.datagram, scratch_);
    if (!opened.ok()) return nullptr;
    opened_ = std::move(opened->packet);
    return &opened_;
}

void Guest::on_joined(const Joined& joined) {
    number_ = joined.number;
    connected_ = true;
    if (!joined_at_) joined_at_ = world_.queue.now();
    if (!world_.with_bytes()) return;
    sealer_ = std::make_unique<mcast::PacketSealer>(mcast::derive_uplink_key(joined.uplink_secret),
                                                    joined.session);
    next_uplink_number_ = 0;
    opener_ = std::make_unique<mcast::GroupOpener>(joined.session, 0, world_.options.epoch_packets,
                                                   world_.content.layout().symbol_bytes(),
                                                   joined.group_secret);
}

void Guest::on_rekey(const Rekey& rekey) {
    if (opener_) opener_->on_rekey(world_.queue.now(), rekey.secret);
    world_.tell_server(index_, number_, Rekeyed{rekey.secret.rekeys});
}

void Guest::send_uplink(const mcast::Packet& packet) {
    auto frame = std::make_shared<Frame>();
    const std::size_t body = mcast::body_bytes(packet, 0);
    const std::size_t size = mcast::kHeaderBytes + body + mcast::kTagBytes;
    frame->wire_bytes = mcast::kLinkOverheadBytes + size;
    if (world_.with_bytes()) {
        frame->datagram.resize(size);
        sealer_->seal(next_uplink_number_++, packet, {}, frame->datagram);
    } else {
        frame->packet = packet;
    }
    world_.uplink(index_, std::move(frame));
}

void Guest::report_to(GuestOutcome& outcome) const {
    outcome.name = name_;
    if (joined_at_) outcome.joined_at = joined_at_->time_since_epoch();
}

// ---- the honest one ----

HonestGuest::HonestGuest(World& world, std::uint32_t index, const GuestOptions& options, Prng prng)
    : Guest(world, index, options, prng),
      clock_ahead_(milliseconds(static_cast<std::int64_t>(prng_.below(1'000'000)))) {
    if (world.with_bytes()) disk_.image.resize(world.content.image().size());
}

void HonestGuest::start_program() {
    if (world_.with_bytes()) {
        holder_ = std::make_unique<BytesHolder>(world_, disk_, options_);
    } else {
        holder_ = std::make_unique<IdentityHolder>(world_, disk_, options_, prng_.fork());
    }
    mcast::ReceiverOptions receiver;
    receiver.name = name_;
    receiver.max_open_blocks = options_.max_open_blocks;
    receiver.fetches = options_.fetches;
    receiver_ = std::make_unique<mcast::Receiver>(world_.content.layout(), receiver,
                                                  disk_.blocks(world_.content.layout()), *holder_,
                                                  prng_.fork());
    holder_->attach(
        *receiver_, [this] { return now(); },
        [this] {
            check_completion();
            plan_wake();
        });
}

void HonestGuest::join() {
    listens_ = true;
    ++lives_;
    connect();
}

// As a MemberSession does: every connection begins with what is on the disk, and is tried again.
void HonestGuest::connect() {
    if (!world_.is_reachable(index_)) return on_broken();
    start_program();
    world_.tell_server(index_, mcast::MemberNumber(), mcast::MemberMessage(receiver_->make_join()));
}

void HonestGuest::on_broken() {
    ++connection_;
    connected_ = false;
    wake_at_ = TimePoint::max();
    receiver_.reset();
    holder_.reset();
    const auto pause = milliseconds(300 + static_cast<std::int64_t>(prng_.below(1700)));
    world_.queue.after(pause, [this, connection = connection_] {
        if (listens_ && connection == connection_ && !connected_) connect();
    });
}

void HonestGuest::on_message(const ToGuest& message) {
    if (!listens_) return;
    if (const auto* joined = std::get_if<Joined>(&message)) {
        if (!receiver_ || connected_) return;  // the answer to an earlier connection
        on_joined(*joined);
        receiver_->on_joined(now(), joined->number);
        check_completion();
        return plan_wake();
    }
    if (const auto* rekey = std::get_if<Rekey>(&message)) {
        if (connected_) on_rekey(*rekey);
        return;
    }
    if (std::holds_alternative<Broken>(message)) {
        if (!complete_) on_broken();
        return;
    }
    if (const auto* refused = std::get_if<Refused>(&message)) {
        return world_.violation(name_ + " was refused: " + refused->error.message());
    }
    if (const auto* ordered = std::get_if<Ordered>(&message)) {
        if (!connected_ || ordered->number != number_ || complete_) return;
        receiver_->on_order(now(), ordered->order);
        return plan_wake();
    }
    if (!connected_ || std::get<Closed>(message).number != number_ || complete_) return;
    on_broken();
}

void HonestGuest::on_frame(const Frame& frame) {
    if (!connected_ || complete_ || !receiver_->listens()) return;
    const mcast::Packet* packet = open(frame);
    if (packet == nullptr) return receiver_->on_rejected_datagram();
    receiver_->on_packet(now(), frame.packet_number, *packet);
    check_completion();
    // Only a STATUS brings a deadline nearer; the others are too many to look each time.
    if (complete_ || std::holds_alternative<mcast::StatusPacket>(*packet)) plan_wake();
}

void HonestGuest::check_completion() {
    if (complete_ || !connected_ || !receiver_->all_verified()) return;
    complete_ = true;
    completed_at_ = world_.queue.now();
    receiver_->on_stored(now());
    world_.on_guest_completed(index_);
}

void HonestGuest::plan_wake() {
    if (!connected_) return;
    const TimePoint next = receiver_->next_deadline(now()) - clock_ahead_;
    if (next >= wake_at_) return;
    wake_at_ = next;
    world_.queue.at(next, [this, next] {
        if (wake_at_ != next) return;
        wake_at_ = TimePoint::max();
        wake();
    });
}

void HonestGuest::wake() {
    if (!connected_ || suspended_at_) return;
    const TimePoint now = this->now();
    while (auto message = receiver_->poll_control(now)) {
        world_.tell_server(index_, number_, std::move(*message));
    }
    while (auto nak = receiver_->poll_nak(now)) send_uplink(*nak);
    if (const auto feedback = receiver_->poll_feedback(now)) send_uplink(*feedback);
    if (receiver_->next_deadline(now) <= now) {
        return world_.violation(name_ + " has nothing to do and no time to wait for");
    }
    if (!receiver_->finished()) plan_wake();
}

void HonestGuest::go_away(const Outage& outage) {
    if (!listens_ || complete_) return;
    if (connected_) world_.tell_server(index_, number_, Disconnected{});
    if (!outage.crash) return on_broken();
    listens_ = connected_ = false;
    ++connection_;
    wake_at_ = TimePoint::max();
    receiver_.reset();
    holder_.reset();
    disk_.lose_last(outage.blocks_lost);
}

void HonestGuest::come_back() {
    if (!listens_ && !complete_ && lives_ > 0) join();
}

void HonestGuest::resume(Duration slept) {
    suspended_at_.reset();
    clock_ahead_ -= slept;
    if (connected_) wake();
}

void HonestGuest::report_to(GuestOutcome& outcome) const {
    Guest::report_to(outcome);
    outcome.lives = lives_;
    outcome.complete = complete_;
    outcome.bytes_match = complete_ && disk_.image == world_.content.image();
    if (complete_) outcome.completed_at = completed_at_.time_since_epoch();
    if (receiver_) outcome.counters = receiver_->counters();
}

// ---- the liar ----

void Liar::join() {
    listens_ = true;
    mcast::JoinRequest request;
    request.name = name_;
    request.wants_all = true;
    request.open_blocks = options_.max_open_blocks;
    world_.tell_server(index_, mcast::MemberNumber(), mcast::MemberMessage(request));
}

void Liar::on_message(const ToGuest& message) {
    if (const auto* joined = std::get_if<Joined>(&message)) {
        on_joined(*joined);
    } else if (const auto* rekey = std::get_if<Rekey>(&message)) {
        on_rekey(*rekey);
    } else if (std::holds_alternative<Closed>(message)) {
        connected_ = listens_ = false;
    } else if (std::holds_alternative<Broken>(message)) {
        connected_ = false;
        world_.queue.after(seconds(1), [this] {
            if (!connected_) join();
        });
    }
}

void Liar::report() {
    mcast::MemberReport report;
    report.highest_seen = highest_seen_;
    report.missed = IntervalSet::range(0, world_.content.layout().block_count());
    report.blocks_missing = world_.content.layout().block_count();
    world_.tell_server(index_, number_, mcast::MemberMessage(report));
    next_report_ = world_.queue.now() + milliseconds(100);
}

void Liar::on_frame(const Frame& frame) {
    if (!connected_) return;
    const mcast::Packet* packet = open(frame);
    if (packet == nullptr) return;
    highest_seen_ = std::max(highest_seen_, frame.packet_number);
    const auto* status = std::get_if<mcast::StatusPacket>(packet);
    if (status == nullptr) return;
    const TimePoint now = world_.queue.now();
    if (now >= next_nak_) {
        next_nak_ = now + milliseconds(10);
        mcast::NakPacket nak;
        nak.member = number_.value;
        nak.highest_seen = highest_seen_;
        nak.loss_per_10k = 9999;
        for (const auto& advert : status->adverts) {
            if (nak.entries.size() == mcast::kMaxNakEntries) break;
            nak.entries.push_back(
                {advert.start_block, advert.rows_sent, 65535, advert.group_blocks_log2});
        }
        if (!nak.entries.empty()) send_uplink(nak);
    }
    if (now >= next_report_ || status->poll != last_poll_) report();
    last_poll_ = status->poll;
}

void Liar::report_to(GuestOutcome& outcome) const {
    Guest::report_to(outcome);
    outcome.lies = true;
}

}  // namespace muster::sim
