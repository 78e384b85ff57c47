// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a plain YAML scalar means: the core schema of YAML 1.2.2, section 10.3.2.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace muster::text {

// Errc::invalid_argument: a whole number that does not fit 64 bits.
Result<Value> core_schema_value(std::string_view plain);

}  // namespace muster::text
