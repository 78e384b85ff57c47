// SPDX-License-Identifier: GPL-3.0-or-later
//
// How the site database came to its shape: numbered steps, each applied once, in order, in a
// transaction of its own. Released steps are never edited; a change of the shape is a new step.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/connection.h"

namespace muster::store {

struct Migration {
    std::int64_t number = 0;
    // {id} stands for Connection::id_column_sql(), the word TEXT, wherever it is, for
    // text_column_sql(). Types: BIGINT, TEXT, DOUBLE PRECISION; times are milliseconds since 1970,
    // truth is 0 and 1.
    std::vector<std::string> statements;
};

// All steps this program knows, ascending from 1.
std::span<const Migration> site_migrations();

// Brings the database to the last of `known`; several programs may do so at once.
// Errc::version_mismatch: the database is newer than the program. Errc::invalid_argument: it has
// tables but none of ours.
Status migrate(Connection& connection, std::span<const Migration> known);

}  // namespace muster::store
