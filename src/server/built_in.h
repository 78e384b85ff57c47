// SPDX-License-Identifier: GPL-3.0-or-later
//
// The collections every site has: All Systems, and All Unknown Computers.
#pragma once

#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace muster::server {

// Makes those that were never made.
Status make_built_in_collections(store::SiteDatabase& database);
Result<std::vector<site::CollectionId>> built_in_collections(store::SiteDatabase& database);
// Errc::busy: it is one of these, and `what` ("removed") is not for them.
Status refuse_built_in(store::SiteDatabase& database, const site::Collection& collection,
                       const std::string& what);

}  // namespace muster::server
