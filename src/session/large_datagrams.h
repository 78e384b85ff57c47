// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tells a path that carries small datagrams only from a bad one. Who joins while a session runs was
// not asked what it can take (mcast::SymbolProbe); when the session's symbols are too large for its
// path, STATUS arrives and nothing else does. No loss explains that for long.
#pragma once

#include <cstdint>
#include <optional>

#include "mcast/packet.h"

namespace muster::session {

class LargeDatagrams {
public:
    // At a loss of 97 % the chance that none of so many arrives is one in four million.
    static constexpr std::uint64_t kMissing = 500;

    void on_packet(std::uint64_t packet_number, mcast::PacketType type) {
        if (type == mcast::PacketType::data || type == mcast::PacketType::repair) arrived_ = true;
        if (type != mcast::PacketType::status) return;
        ++small_;
        if (!first_) first_ = packet_number;
        last_ = packet_number > last_ ? packet_number : last_;
    }
    // At least kMissing datagrams that were no STATUS passed since the first STATUS, of which none
    // came, while a fair part of the STATUS ones did.
    bool are_lost() const {
        return !arrived_ && first_ && small_ >= 10 && last_ > *first_ &&
               last_ - *first_ >= kMissing + 2 * small_;
    }

private:
    bool arrived_ = false;
    std::uint64_t small_ = 0;
    std::optional<std::uint64_t> first_;
    std::uint64_t last_ = 0;
};

}  // namespace muster::session
