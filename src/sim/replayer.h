// SPDX-License-Identifier: GPL-3.0-or-later
//
// Somebody on the network who keeps what goes by and sends some of it again, much later: datagrams
// of the sender to everybody, those of members to the server, also those of earlier runs.
#pragma once

#include <vector>

#include "base/prng.h"
#include "sim/frame.h"

namespace muster::sim {

class Replayer {
public:
    explicit Replayer(Prng prng) : prng_(prng) {}

    void on_multicast(const FramePtr& frame) { keep(multicasts_, frame); }
    void on_uplink(const FramePtr& frame) { keep(uplinks_, frame); }
    // Nothing when nothing was kept yet.
    FramePtr multicast() { return choose(multicasts_); }
    FramePtr uplink() { return choose(uplinks_); }

private:
    // A sample of all that ever went by (reservoir sampling).
    struct Kept {
        std::vector<FramePtr> frames;
        std::uint64_t seen = 0;
    };
    static constexpr std::size_t kKept = 512;

    void keep(Kept& kept, const FramePtr& frame) {
        ++kept.seen;
        if (kept.frames.size() < kKept) {
            kept.frames.push_back(frame);
        } else if (const auto place = prng_.below(kept.seen); place < kKept) {
            kept.frames[place] = frame;
        }
    }
    FramePtr choose(const Kept& kept) {
        return kept.frames.empty() ? nullptr : kept.frames[prng_.below(kept.frames.size())];
    }

    Prng prng_;
    Kept multicasts_;
    Kept uplinks_;
};

}  // namespace muster::sim
