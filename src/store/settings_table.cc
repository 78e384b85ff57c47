// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/settings_table.h"

namespace muster::store {

Result<std::optional<std::string>> SettingsTable::find(std::string_view key) {
    return connection_.read("read setting", [&]() -> Result<std::optional<std::string>> {
        auto rows =
            TRY(connection_.query("SELECT value FROM settings WHERE key = :a", {std::string(key)}));
        if (rows.empty()) return std::optional<std::string>();
        return std::optional<std::string>(rows[0].text(0));
    });
}

Status SettingsTable::set(std::string_view key, std::string_view value) {
    return connection_.write("set " + std::string(key), [&] {
        return connection_.execute(
            "INSERT INTO settings (key, value) VALUES (:a, :b)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            {std::string(key), std::string(value)});
    });
}

}  // namespace muster::store
