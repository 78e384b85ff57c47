// SPDX-License-Identifier: GPL-3.0-or-later
//
// The sending computer: the real mcast::Sender with the simulated network, clock and image around
// it, and the counts that only somebody beside it can take (NAKs per round, bytes per window).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/prng.h"
#include "mcast/group_seal.h"
#include "mcast/rekeying.h"
#include "mcast/sender.h"
#include "sim/report.h"
#include "sim/world.h"

namespace muster::sim {

class Server : private mcast::Sender::Mediator {
public:
    Server(World& world, Prng prng);

    void on_message(std::uint32_t guest, mcast::MemberNumber number, const ToServer& message);
    void on_uplink(const Frame& frame);
    // Sends what may be sent and asks to be woken for the rest. Whoever changes anything calls it.
    void pump();
    void report_to(RunReport& report) const;

    void on_carrier(bool there);
    const mcast::Sender& sender() const { return sender_; }

private:
    void prepare_rows(mcast::GroupId group, std::uint32_t first_row, std::uint32_t count) override;
    void prepare_sources(mcast::GroupId) override {}

    void on_join(std::uint32_t guest, const mcast::JoinRequest& request);
    void on_uplink_packet(const mcast::Packet& packet);
    void handle_events();
    void rekey_when_due();
    void emit(const mcast::Outgoing& outgoing);
    void seal(const mcast::Outgoing& outgoing, Frame& frame);
    void encode_rows(mcast::GroupId group, std::uint32_t first_row, std::uint32_t count);
    void watch(const mcast::Packet& packet);
    void watch_window(std::size_t wire_bytes);
    void count_nak(const mcast::NakPacket& nak);
    void begin_round(mcast::GroupId group, bool quiet);

    struct Round {
        std::uint32_t naks = 0;
        bool quiet = true;  // all rows that were promised have been sent
    };

    World& world_;
    mcast::Sender sender_;
    mcast::Secret uplink_base_{};
    std::unique_ptr<mcast::GroupSealer> sealer_;
    mcast::Rekeying rekeying_;
    mcast::GroupSecret told_;  // by the last rekey
    Prng prng_;
    std::unordered_map<mcast::MemberNumber, mcast::PacketOpener> openers_;
    std::unordered_map<mcast::MemberNumber, std::uint32_t> guest_of_;
    std::map<std::pair<mcast::GroupId, std::uint32_t>, Bytes> rows_;

    TimePoint wake_at_ = TimePoint::max();
    // What was planned for a server that was killed meanwhile finds it gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unordered_map<mcast::GroupId, Round> rounds_;
    std::uint64_t round_count_ = 0;
    std::uint64_t nak_entries_ = 0;
    std::uint32_t most_naks_ = 0;
    std::deque<TimePoint> nak_times_;  // of the last second
    std::size_t most_naks_in_second_ = 0;
    std::deque<std::pair<TimePoint, std::size_t>> window_;
    std::uint64_t window_bytes_ = 0;
    std::uint64_t highest_window_bytes_ = 0;
};

}  // namespace muster::sim
