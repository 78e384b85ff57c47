// SPDX-License-Identifier: GPL-3.0-or-later
//
// Settings of the site: one text a key. What a key means and which values it takes is the server's
// business.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/connection.h"

namespace muster::store {

class SettingsTable {
public:
    explicit SettingsTable(Connection& connection) : connection_(connection) {}

    // Nothing: never set.
    Result<std::optional<std::string>> find(std::string_view key);
    Status set(std::string_view key, std::string_view value);

private:
    Connection& connection_;
};

}  // namespace muster::store
