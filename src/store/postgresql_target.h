// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a PostgreSQL URL says, as libpq takes it and as people may see it. A URL may hold a
// password, and libpq repeats parts of a URL it does not understand; so nothing of such a URL is
// shown, and URLs that libpq would cut in the wrong place are refused.
#pragma once

#include <string>

#include "base/result.h"

namespace muster::store {

struct PostgresqlTarget {
    std::string connect_string;  // keywords and values, with ours where the URL has none
    std::string name;            // "muster on db1.example", for messages
};

// postgresql://USER:PASSWORD@HOST:PORT/DATABASE?KEYWORD=VALUE or postgres://; a database must be
// named. Errc::invalid_argument, without anything of the URL that may be a password.
Result<PostgresqlTarget> parse_postgresql_url(const std::string& url);

}  // namespace muster::store
