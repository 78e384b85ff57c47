// SPDX-License-Identifier: GPL-3.0-or-later
//
// Task sequence variables of devices and of collections: two tables of one shape.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/device.h"
#include "store/connection.h"

namespace muster::store {

// `owner`: "device" or "collection".
Result<std::vector<site::Variable>> list_variables(Connection& connection, std::string_view owner,
                                                   std::int64_t id);
// Adds it, or replaces one of that name.
Status set_variable(Connection& connection, std::string_view owner, std::int64_t id,
                    const site::Variable& variable);
// Errc::not_found, listing what there is.
Status remove_variable(Connection& connection, std::string_view owner, std::int64_t id,
                       std::string_view name);

}  // namespace muster::store
