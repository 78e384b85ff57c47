// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace muster {

// Lower case, two digits a byte, no separators.
std::string to_hex(ByteSpan bytes);
// Errc::invalid_argument: odd length, or a character that is no hexadecimal digit (its position
// is in the message).
Result<Bytes> from_hex(std::string_view text);

}  // namespace muster
