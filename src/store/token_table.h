// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who may administer. Only SHA-256 of a token is kept (64 lower-case hexadecimal digits, made by
// the caller): a token is 256 random bits, so the hash needs no salt, and whoever reads the
// database cannot log in with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/ids.h"
#include "store/connection.h"

namespace muster::store {

enum class TokenRole { full, read_only };
std::string_view to_string(TokenRole role);
std::optional<TokenRole> token_role_from(std::string_view text);

struct AdminToken {
    std::string name;
    TokenRole role = TokenRole::full;
    site::WallTime created_at;
    std::optional<site::WallTime> expires_at;  // none: never
};

class TokenTable {
public:
    explicit TokenTable(Connection& connection) : connection_(connection) {}

    // Errc::already_exists: a token of this name.
    Status add(const AdminToken& token, std::string_view token_sha256);
    // Errc::unauthenticated: there is no such token, or it has expired.
    Result<AdminToken> verify(std::string_view token_sha256, site::WallTime now);
    Result<std::vector<AdminToken>> list();  // in the order made
    // Errc::not_found, listing what there is. Errc::busy: no other token could make changes then.
    Status revoke(std::string_view name, site::WallTime now);

private:
    Connection& connection_;
};

// Errc::invalid_argument unless it is 64 lower-case hexadecimal digits: keeps a token itself from
// being stored by mistake.
Status check_token_hash(std::string_view token_sha256);

}  // namespace muster::store
