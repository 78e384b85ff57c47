// SPDX-License-Identifier: GPL-3.0-or-later
//
// JSON (RFC 8259) to the located value tree and back, on nlohmann-json. What other readers let
// pass and what then means two things to two programs is an error here: the same key twice, text
// after the value, a whole number that does not fit 64 bits.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace muster::text {

// Deeper nesting than this is refused, in JSON and in YAML: every walk over a tree may recurse.
inline constexpr std::size_t kMaxDepth = 64;

// Errc::invalid_argument "line L, column C: what". Columns count characters, not bytes. Every node
// and every key of the tree knows its place.
Result<Value> parse_json(std::string_view json);

// On one line, members in their order. Bytes that are not UTF-8 become U+FFFD, numbers that JSON
// cannot write (infinite, not a number) become null.
std::string to_json(const Value& value);
// The same for people: two spaces a level, a line break at the end.
std::string to_json_pretty(const Value& value);

}  // namespace muster::text
