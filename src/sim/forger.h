// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sends datagrams that the sender never sent. An outsider has noise, pieces of real datagrams,
// other sessions and other versions; nothing of that may open. A member that turned bad has the
// group's key: its false symbols open and must be found out by their hash, its false STATUS may
// hurry or hush NAKs but must not keep anybody from completing once it is gone.
#pragma once

#include "base/prng.h"
#include "mcast/group_seal.h"
#include "sim/world.h"

namespace muster::sim {

class Forger {
public:
    Forger(World& world, Prng prng);

    void on_multicast(const Frame& frame) { last_ = frame; }
    Frame forge();

private:
    Bytes from_outside();
    Bytes from_inside();
    std::uint64_t near_number();
    std::uint64_t false_number();
    mcast::Packet false_packet(ByteSpan payload);

    World& world_;
    Prng prng_;
    Frame last_;
};

}  // namespace muster::sim
