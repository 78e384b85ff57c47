// SPDX-License-Identifier: GPL-3.0-or-later
//
// Option values as people write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace muster::cli {

// "200M", "1G", "950.5M", "10000k", "0" (no limit): bits per second, decimal multiples.
// Errc::invalid_argument: anything else.
Result<std::uint64_t> parse_rate(std::string_view text);

// "128M", "1G", "64K" or plain bytes, binary multiples.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace muster::cli
