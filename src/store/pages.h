// SPDX-License-Identifier: GPL-3.0-or-later
//
// A part of a long list, so that ten thousand devices are as quick to show as ten.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/connection.h"

namespace muster::store {

struct Page {
    std::string after;         // name of the last one seen; empty: from the beginning
    std::int64_t limit = 100;  // 1 to 1000
    std::string name;          // with * and ?, whatever the case; empty: all
};

// "id IN (SELECT id FROM TABLE WHERE name_key > ... ORDER BY name_key LIMIT ...)" for a table with
// id, name and name_key; its parameters are appended to `parameters`. `also`: a further condition
// on that table, or empty.
std::string page_condition(std::string_view table, const Page& page, std::string_view also,
                           std::vector<SqlValue>& parameters);

// The pattern for LIKE ... ESCAPE '!' that fits what a person wrote with * and ?.
std::string like_pattern(std::string_view wildcard);

}  // namespace muster::store
