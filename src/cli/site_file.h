// SPDX-License-Identifier: GPL-3.0-or-later
//
// A site as a text that can be kept in version control:
//
//   settings: {unknown_computers: ask}
//   points: {default: {transfer_rate: 1 Gbit/s}}
//   sequences: [{text: "name: Windows\n..."}]
//   devices: [{name: PC-01, macs: [...], variables: [{name: OSDTimeZone, value: ...}]}]
//   collections: [{name: Room 12, rules: [...], members: [PC-01]}]
//
// It says what must be so; what it does not name stays as it is. Each part has the fields of the
// API. Secret values are not in it when it was exported, and are left alone when it has none.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "cli/site_client.h"

namespace muster::cli {

// One difference between the site and the text, and the request that removes it.
struct Change {
    std::string words;  // "device PC-01: comment: '' becomes 'front row'"
    std::string method;
    std::string target;
    Value body;
};

// What must be done, in an order in which it can be done. Errc::invalid_argument with line and
// column: a part that is not known, an entry without a name.
Result<std::vector<Change>> differences(SiteClient& site, const Value& described);

// The whole site as such a text.
Result<Value> exported(SiteClient& site);

}  // namespace muster::cli
