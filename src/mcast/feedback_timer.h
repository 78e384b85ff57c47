// SPDX-License-Identifier: GPL-3.0-or-later
//
// When to send a NAK. A thousand receivers lose something of every group, but only the largest
// deficit matters: a repair symbol mends a different loss at each of them. So each waits a random
// time that is shorter the more it misses, and keeps silent when the sender has advertised as many
// rows as it needs. Of N receivers a handful speak, whatever N is.
//
//   t = T_b / (1 - p) * [ 2z (1 - min(1, d / D_ref)) + (1 - z) * max(0, 1 + ln(u) / ln(N)) ]
//   D_ref = K p + sqrt(2 ln N * K p)      what the worst of N is expected to miss;  z = 0.5
//
// The second term is the truncated exponential timer of RFC 5401 and RFC 4654; the first shifts
// it by the value of the message, as TFMCC does for its rate reports. Answers are lost too: one of
// 1 / (1 - p) is heard, so all wait that much longer for it.
#pragma once

#include <cstdint>

#include "base/prng.h"
#include "base/time.h"

namespace muster::mcast {

struct FeedbackParameters {
    std::uint32_t members = 1;                         // N, estimated by the sender
    double worst_loss = 0;                             // p of the worst member, 0 .. 1
    Duration backoff = std::chrono::milliseconds(10);  // T_b
};

Duration draw_feedback_delay(const FeedbackParameters& parameters, std::uint32_t deficit,
                             std::uint32_t group_symbols, Prng& prng);

}  // namespace muster::mcast
