// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who is asking: an administrator or a computer, by a bearer token of which the database knows
// only the SHA-256. The server makes the first administrator's token itself and leaves it in a
// file that only root can read, together with all a client needs to reach the server.
#pragma once

#include <string>
#include <variant>

#include "base/result.h"
#include "site/device.h"
#include "store/database.h"

namespace muster::server {

struct Administrator {
    std::string name;
    bool may_write = false;
};
using Identity = std::variant<Administrator, site::Device>;

std::string token_hash(std::string_view token);
std::string new_token();

// Errc::unauthenticated with one line that says how to get a token.
Result<Identity> identify(store::SiteDatabase& database, std::string_view token);
Result<Administrator> require_administrator(store::SiteDatabase& database, std::string_view token);
Result<site::Device> require_device(store::SiteDatabase& database, std::string_view token);

// Makes PATH (mode 0600: server, fingerprint, token) and registers the token, unless PATH is there
// and its token is still valid; then only the address is brought up to date.
Status ensure_admin_token(store::SiteDatabase& database, const std::string& path,
                          const std::string& server, const std::string& fingerprint);

}  // namespace muster::server
