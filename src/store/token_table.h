// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who may administer. Only SHA-256 of a token is kept (64 lower-case hexadecimal digits, made by
// the caller): a token is 256 random bits, so the hash needs no salt, and whoever reads the
// database cannot log in with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/ids.h"
#include "store/connection.h"

namespace muster::store {

struct AdminToken {
    std::string name;
    site::WallTime created_at;
};

class TokenTable {
public:
    explicit TokenTable(Connection& connection) : connection_(connection) {}

    // Errc::already_exists: a token of this name.
    Status add(std::string_view name, std::string_view token_sha256, site::WallTime now);
    // The name of the token. Errc::unauthenticated: there is no such token.
    Result<std::string> verify(std::string_view token_sha256);
    Result<std::vector<AdminToken>> list();

private:
    Connection& connection_;
};

// Errc::invalid_argument unless it is 64 lower-case hexadecimal digits: keeps a token itself from
// being stored by mistake.
Status check_token_hash(std::string_view token_sha256);

}  // namespace muster::store
