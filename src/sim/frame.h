// SPDX-License-Identifier: GPL-3.0-or-later
//
// A datagram on its way: sealed bytes in bytes mode, the typed packet in identity mode.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "mcast/packet.h"

namespace muster::sim {

struct Frame {
    std::uint64_t packet_number = 0;
    mcast::Packet packet;  // identity mode
    Bytes datagram;        // bytes mode
    std::size_t wire_bytes = 0;
};
using FramePtr = std::shared_ptr<const Frame>;

inline FramePtr with_one_bit_wrong(const Frame& frame, std::uint64_t random) {
    auto copy = std::make_shared<Frame>(frame);
    if (!copy->datagram.empty()) {
        const std::uint64_t bit = random % (copy->datagram.size() * 8);
        copy->datagram[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
    return copy;
}

}  // namespace muster::sim
