// SPDX-License-Identifier: GPL-3.0-or-later
//
// How large a session's symbols may be. Datagrams are never fragmented, so the largest symbol
// depends on the smallest MTU between the sender and any member, which nobody knows and ICMP
// cannot be asked. While members gather the sender multicasts a ladder of PROBE datagrams, each as
// long as a REPAIR with symbols of that size; members answer over their control connection with
// the largest that came. What all who answered in time can take is the session's symbol. Large
// datagrams cost less per byte at both ends; small ones get through tunnels.
//
// The ladder goes out three times for every member that joins, because probes may be lost; when
// many join at once, they share it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "mcast/control.h"

namespace muster::mcast {

// In an MTU of 9000, of 1500, and of 1280 (the least of IPv6), over IPv4 or IPv6. Each divides a
// block.
inline constexpr std::array<std::uint16_t, 3> kSymbolSizes{8192, 1408, 1024};

// The largest of them that fits an MTU; the smallest when none does.
std::uint16_t largest_symbol(std::size_t mtu_bytes, bool v6);
bool is_symbol_size(std::uint16_t symbol_bytes);

class SymbolProbe {
public:
    static constexpr int kRounds = 3;
    static constexpr Duration kRoundInterval = std::chrono::milliseconds(25);

    // LARGEST is what the sender's own interface can carry.
    explicit SymbolProbe(std::uint16_t largest) : largest_(largest) {}

    void on_joined(TimePoint now, MemberNumber number);
    void on_answer(MemberNumber number, std::uint16_t symbol_bytes);
    void on_gone(MemberNumber number) { answers_.erase(number); }
    // The ladder once more for those who have not answered.
    void on_start(TimePoint now);

    // The size of the probe to send now. Largest first, so that the first that arrives is a
    // member's answer.
    std::optional<std::uint16_t> poll(TimePoint now);
    // When poll() has something; empty: nothing to send.
    std::optional<TimePoint> next_deadline() const;

    bool all_have_answered() const;
    // The largest that all who answered can take. When nobody did: what an MTU of 1500 carries,
    // if the sender's own allows.
    std::uint16_t choose() const;

private:
    void begin(TimePoint now);

    const std::uint16_t largest_;
    std::map<MemberNumber, std::uint16_t> answers_;  // 0: none yet
    int rounds_left_ = 0;
    std::size_t step_ = 0;  // in kSymbolSizes
    TimePoint next_round_{};
};

}  // namespace muster::mcast
