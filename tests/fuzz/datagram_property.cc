// SPDX-License-Identifier: GPL-3.0-or-later
#include <memory>

#include "base/check.h"
#include "mcast/receiver.h"
#include "mcast/sender.h"
#include "properties.h"

namespace muster::fuzz {

namespace {

using mcast::BlockIndex;
using mcast::GroupId;
using mcast::Packet;

constexpr std::size_t kPayloadBytes = 16;

ByteSpan payload_of(const Packet& packet) {
    if (const auto* data = std::get_if<mcast::DataPacket>(&packet)) return data->payload;
    if (const auto* repair = std::get_if<mcast::RepairPacket>(&packet)) return repair->payload;
    return {};
}

Bytes encoded(const Packet& packet) {
    const ByteSpan payload = payload_of(packet);
    Bytes body(mcast::body_bytes(packet, payload.size()));
    ByteWriter out(body);
    mcast::encode_body(packet, payload, out);
    CHECK(out.size() == body.size());
    return body;
}

// One receiver and one sender on a small image; work is answered at once, and every tenth check
// and decode fails, as after forged symbols.
class Cores : public mcast::Receiver::Mediator, public mcast::Sender::Mediator {
public:
    Cores() {
        mcast::SenderOptions options;
        options.rate_bits_per_second = 50'000'000;
        sender_ = std::make_unique<mcast::Sender>(now_, layout_, options, *this);
        receiver_ = std::make_unique<mcast::Receiver>(
            layout_, mcast::ReceiverOptions{.name = "PC-1", .max_open_blocks = 8},
            content::BlockSet(layout_.block_count()), *this, Prng(1));
        number_ = sender_->on_join(now_, receiver_->make_join()).value();
        receiver_->on_joined(now_, number_);
    }

    void feed(std::uint64_t packet_number, const Packet& packet) {
        now_ += std::chrono::microseconds(300);
        receiver_->on_packet(now_, packet_number, packet);
        if (const auto* nak = std::get_if<mcast::NakPacket>(&packet)) {
            mcast::NakPacket from_member = *nak;
            from_member.member = number_.value;
            sender_->on_nak(now_, *nak);
            sender_->on_nak(now_, from_member);
        }
        if (const auto* feedback = std::get_if<mcast::FeedbackPacket>(&packet)) {
            mcast::FeedbackPacket from_member = *feedback;
            from_member.member = number_.value;
            sender_->on_feedback(now_, *feedback);
            sender_->on_feedback(now_, from_member);
        }
        turn();
    }

    // Thirty deadlines further, with nothing coming in.
    void run_on() {
        for (int i = 0; i < 30; ++i) {
            now_ = std::min(sender_->next_deadline(now_), receiver_->next_deadline(now_));
            turn();
        }
    }

private:
    void turn() {
        for (int i = 0; i < 8; ++i) {
            auto outgoing = sender_->poll_packet(now_);
            if (!outgoing) break;
            receiver_->on_packet(now_, outgoing->packet_number, outgoing->packet);
        }
        while (auto message = receiver_->poll_control(now_)) {
            if (const auto* report = std::get_if<mcast::MemberReport>(&*message)) {
                sender_->on_report(now_, number_, *report);
            }
        }
        while (auto nak = receiver_->poll_nak(now_)) sender_->on_nak(now_, *nak);
        if (auto said = receiver_->poll_feedback(now_)) sender_->on_feedback(now_, *said);
        sender_->take_events();
        CHECK(receiver_->next_deadline(now_) > now_);
        CHECK(receiver_->open_groups() <= 8 + layout_.manifest_stretches());
    }
    bool fails() { return ++answers_ % 10 == 0; }

    void store_symbol(GroupId group, std::uint32_t symbol, ByteSpan) override {
        CHECK(symbol < layout_.symbols_in_group(group));
    }
    void store_row(GroupId group, std::uint32_t, ByteSpan) override {
        CHECK(layout_.is_group(group));
    }
    void decode(GroupId group, std::vector<std::uint32_t> missing) override {
        CHECK(!missing.empty() && missing.back() < layout_.symbols_in_group(group));
        receiver_->on_decoded(now_, group, fails() ? 1 : 0);
    }
    void check_block(GroupId group, BlockIndex block) override {
        CHECK(layout_.is_group(group) && block.value < layout_.block_count());
        receiver_->on_block_checked(now_, block, !fails());
    }
    void check_manifest() override { receiver_->on_manifest_checked(now_, !fails()); }
    void release(GroupId) override {}
    void prepare_rows(GroupId group, std::uint32_t first_row, std::uint32_t count) override {
        CHECK(count > 0);
        sender_->on_rows_ready(group, first_row + count);
    }
    void prepare_sources(GroupId) override {}

    const mcast::Layout layout_ = mcast::Layout::create({6 * 512 + 100, 150, 64, 16, 3}).value();
    TimePoint now_{std::chrono::seconds(1000)};
    std::unique_ptr<mcast::Sender> sender_;
    std::unique_ptr<mcast::Receiver> receiver_;
    mcast::MemberNumber number_;
    int answers_ = 0;
};

}  // namespace

void check_datagrams(ByteSpan input) {
    Cores cores;
    ByteReader in(input);
    while (in.remaining() > 2) {
        const std::size_t size = in.u16() % 1500;
        const ByteSpan datagram = in.bytes(std::min(size, in.remaining()));
        const auto header = mcast::decode_header(datagram);
        if (!header.ok()) continue;
        const ByteSpan body = datagram.subspan(mcast::kHeaderBytes);
        const auto packet = mcast::decode_body(header->type, body, kPayloadBytes, header->flags);
        if (!packet.ok()) continue;
        const Bytes once = encoded(*packet);
        CHECK(once.size() == body.size());
        const auto again =
            mcast::decode_body(header->type, once, kPayloadBytes, mcast::header_flags(*packet));
        CHECK(again.ok() && encoded(*again) == once);
        CHECK(mcast::header_flags(*again) == mcast::header_flags(*packet));
        cores.feed(header->packet_number, *packet);
    }
    cores.run_on();
}

}  // namespace muster::fuzz
