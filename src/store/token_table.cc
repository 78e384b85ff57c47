// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/token_table.h"

#include <algorithm>

#include "site/names.h"
#include "store/lookup.h"

namespace muster::store {

namespace {

constexpr std::string_view kColumns = "SELECT name, role, created_at_ms, expires_at_ms";

AdminToken token_from(const Row& row) {
    AdminToken token;
    token.name = row.text(0);
    // What a newer program wrote may not do more than we know of.
    token.role = token_role_from(row.text(1)).value_or(TokenRole::read_only);
    token.created_at = site::from_unix_milliseconds(row.integer(2));
    if (row.integer(3) != 0) token.expires_at = site::from_unix_milliseconds(row.integer(3));
    return token;
}

bool is_valid(const AdminToken& token, site::WallTime now) {
    return !token.expires_at || now < *token.expires_at;
}

}  // namespace

std::string_view to_string(TokenRole role) {
    return role == TokenRole::full ? "full" : "read-only";
}

std::optional<TokenRole> token_role_from(std::string_view text) {
    if (text == "full") return TokenRole::full;
    if (text == "read-only") return TokenRole::read_only;
    return std::nullopt;
}

Status check_token_hash(std::string_view token_sha256) {
    if (token_sha256.size() == 64 &&
        token_sha256.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
        return {};
    }
    return Error(Errc::invalid_argument, "token hash: expected SHA-256 in hexadecimal digits");
}

Status TokenTable::add(const AdminToken& token, std::string_view token_sha256) {
    TRY(site::check_name("token", token.name));
    TRY(check_token_hash(token_sha256));
    return connection_.write("add token", [&]() -> Status {
        auto same = TRY(connection_.query("SELECT name FROM admin_tokens WHERE name_key = :a",
                                          {site::name_key(token.name)}));
        if (!same.empty()) {
            return Error(Errc::already_exists, "a token named " + same[0].text(0) + " exists");
        }
        return connection_.execute(
            "INSERT INTO admin_tokens (name, name_key, token_sha256, created_at_ms, role,"
            " expires_at_ms) VALUES (:a, :b, :c, :d, :e, :f)",
            {token.name, site::name_key(token.name), std::string(token_sha256),
             site::to_unix_milliseconds(token.created_at), std::string(to_string(token.role)),
             token.expires_at ? site::to_unix_milliseconds(*token.expires_at) : 0});
    });
}

Result<AdminToken> TokenTable::verify(std::string_view token_sha256, site::WallTime now) {
    return connection_.read("verify token", [&]() -> Result<AdminToken> {
        auto rows = TRY(
            connection_.query(std::string(kColumns) + " FROM admin_tokens WHERE token_sha256 = :a",
                              {std::string(token_sha256)}));
        if (rows.empty()) return Error(Errc::unauthenticated, "unknown administrator token");
        AdminToken token = token_from(rows[0]);
        if (is_valid(token, now)) return token;
        return Error(Errc::unauthenticated, "the token " + token.name +
                                                " has expired: an administrator makes another "
                                                "(muster token add NAME)");
    });
}

Result<std::vector<AdminToken>> TokenTable::list() {
    return connection_.read("list tokens", [&]() -> Result<std::vector<AdminToken>> {
        std::vector<AdminToken> tokens;
        for (const auto& row :
             TRY(connection_.query(std::string(kColumns) + " FROM admin_tokens ORDER BY id", {}))) {
            tokens.push_back(token_from(row));
        }
        return tokens;
    });
}

Status TokenTable::revoke(std::string_view name, site::WallTime now) {
    return connection_.write("revoke token", [&]() -> Status {
        const auto id = TRY(find_id(connection_, "token", "admin_tokens", name));
        const auto rows = TRY(
            connection_.query(std::string(kColumns) + " FROM admin_tokens WHERE id <> :a", {id}));
        const bool others = std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
            const AdminToken token = token_from(row);
            return token.role == TokenRole::full && is_valid(token, now);
        });
        if (!others) {
            return Error(Errc::busy,
                         "it is the last token that may make changes: nobody could "
                         "administer the site without it; make another first");
        }
        return connection_.execute("DELETE FROM admin_tokens WHERE id = :a", {id});
    });
}

}  // namespace muster::store
