// SPDX-License-Identifier: GPL-3.0-or-later
//
// YAML 1.2 to the located value tree, on yaml-cpp's event parser. Plain scalars are typed by the
// core schema (true, 12, 0x1f, 1.5, null; `yes` and `off` are strings), quoted ones stay strings.
// One document a text. The same key twice is an error; an anchor may be used again, but not inside
// itself, and what aliases expand to is limited (kMaxYamlNodes), so a kilobyte cannot become a
// gigabyte.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace muster::text {

inline constexpr std::size_t kMaxYamlNodes = 200'000;

// `file_name` is only for messages: Errc::invalid_argument "FILE: line L, column C: what". An empty
// name is left out. Nesting is limited to kMaxDepth of json.h.
Result<Value> parse_yaml(std::string_view yaml, std::string_view file_name);

}  // namespace muster::text
