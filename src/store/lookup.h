// SPDX-License-Identifier: GPL-3.0-or-later
//
// People name things by name or by id, and mistype them: finding the row, and the answer that
// lists what there is when there is none.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/connection.h"

namespace muster::store {

// The newest row of `table` (one with columns id, name, name_key) that is called so, or whose id
// is written so. Errc::not_found "no KIND named PC-09 (known: PC-01, PC-02)".
Result<std::int64_t> find_id(Connection& connection, std::string_view kind, std::string_view table,
                             std::string_view name_or_id);

// Errc::not_found "no KIND with id 9 (known: ...)".
Error unknown_id(Connection& connection, std::string_view kind, std::string_view table,
                 std::int64_t id);

}  // namespace muster::store
