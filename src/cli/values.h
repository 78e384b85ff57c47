// SPDX-License-Identifier: GPL-3.0-or-later
//
// Option values as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mcast/rate_controller.h"

namespace muster::cli {

// "200M", "1G", "950.5M", "10000k", "0" (no limit): bits per second, decimal multiples.
// Errc::invalid_argument: anything else.
Result<std::uint64_t> parse_rate(std::string_view text);

struct RateChoice {
    std::uint64_t bits_per_second = 0;  // the cap; 0: none
    mcast::RateMode mode = mcast::RateMode::adaptive;
};
// --rate and --rate-mode ("adaptive", "fixed"), both empty when not given: who names a rate means
// it, who names none wants what the network allows.
Result<RateChoice> parse_rate_choice(const std::string& rate, const std::string& mode);

// "128M", "1G", "64K" or plain bytes, binary multiples.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace muster::cli
