// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/token_table.h"

#include "site/names.h"

namespace muster::store {

Status check_token_hash(std::string_view token_sha256) {
    if (token_sha256.size() == 64 &&
        token_sha256.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
        return {};
    }
    return Error(Errc::invalid_argument, "token hash: expected SHA-256 in hexadecimal digits");
}

Status TokenTable::add(std::string_view name, std::string_view token_sha256, site::WallTime now) {
    TRY(site::check_name("token", name));
    TRY(check_token_hash(token_sha256));
    return connection_.write("add token", [&]() -> Status {
        auto same = TRY(connection_.query("SELECT name FROM admin_tokens WHERE name_key = :a",
                                          {site::name_key(name)}));
        if (!same.empty()) {
            return Error(Errc::already_exists, "a token named " + same[0].text(0) + " exists");
        }
        return connection_.execute(
            "INSERT INTO admin_tokens (name, name_key, token_sha256, created_at_ms)"
            " VALUES (:a, :b, :c, :d)",
            {std::string(name), site::name_key(name), std::string(token_sha256),
             site::to_unix_milliseconds(now)});
    });
}

Result<std::string> TokenTable::verify(std::string_view token_sha256) {
    return connection_.read("verify token", [&]() -> Result<std::string> {
        auto rows = TRY(connection_.query("SELECT name FROM admin_tokens WHERE token_sha256 = :a",
                                          {std::string(token_sha256)}));
        if (rows.empty()) return Error(Errc::unauthenticated, "unknown administrator token");
        return rows[0].text(0);
    });
}

Result<std::vector<AdminToken>> TokenTable::list() {
    return connection_.read("list tokens", [&]() -> Result<std::vector<AdminToken>> {
        std::vector<AdminToken> tokens;
        for (const auto& row : TRY(connection_.query(
                 "SELECT name, created_at_ms FROM admin_tokens ORDER BY id", {}))) {
            tokens.push_back({row.text(0), site::from_unix_milliseconds(row.integer(1))});
        }
        return tokens;
    });
}

}  // namespace muster::store
