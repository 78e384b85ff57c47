// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which part of the stream a computer takes that is slow behind its port: its disk or processor
// sustains r, the stream comes at R. Taking whatever finds room would make a second pass send
// almost everything, for every slow computer lacks other groups. Instead all choose alike: the
// stretches of the image have classes 0 to 63 in bit-reversed order, and whoever sustains r takes
// the classes below 64 r/R. The choices are nested, so what a second pass must send is what the
// slowest did not take: S (1 - r/R), at r. The fast are done after S/R, the slow after S/r, as if
// each were alone.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace muster::mcast {

class DutyCycle {
public:
    static constexpr std::uint32_t kClasses = 64;
    static std::uint32_t class_of(std::uint32_t stretch);

    // Asked at the first symbol of a group; of one stretch the answer stays the same.
    bool takes(std::uint32_t stretch);
    // A group had to be dropped, for memory was full. When the sink is slower than the stream, it
    // is the reason.
    void on_full(TimePoint now);
    // What the sink sustains (0: unknown), how fast image data is sent, and whether most of the
    // memory for groups is free.
    void on_rates(TimePoint now, double sink_bits_per_second, double stream_bits_per_second,
                  bool has_room);

    // It was asked what it misses: what comes now is what it has asked for, with its memory in
    // mind.
    void on_asked() {
        share_ = kClasses;
        stretch_ = ~0u;
    }

    std::uint32_t share() const { return share_; }  // of 64
    bool takes_all() const { return share_ == kClasses; }

private:
    std::uint32_t share_ = kClasses;
    double sink_ = 0;
    double stream_ = 0;
    TimePoint cut_at_{};
    std::uint32_t stretch_ = ~0u;
    bool takes_stretch_ = true;
};

}  // namespace muster::mcast
