// SPDX-License-Identifier: GPL-3.0-or-later
//
// Task sequences as text, every version kept. Whether the text can be run is judged before it is
// added, not here.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/deployment.h"
#include "store/connection.h"

namespace muster::store {

class SequenceTable {
public:
    explicit SequenceTable(Connection& connection) : connection_(connection) {}

    // Version 1, or the next version of a sequence that is called so. Errc::invalid_argument.
    Result<site::SequenceRecord> add(std::string_view name, std::string_view text,
                                     site::WallTime now);
    Result<std::vector<site::SequenceRecord>> list();  // the newest version of each, by name
    // The newest version of the name. Errc::not_found, listing what there is.
    Result<site::SequenceRecord> find(std::string_view name_or_id);
    Result<site::SequenceRecord> find(site::SequenceId id);

    // All versions. Errc::not_found; busy: a deployment uses one (named).
    Status remove(std::string_view name_or_id);

private:
    Result<std::vector<site::SequenceRecord>> select(std::string_view where,
                                                     const std::vector<SqlValue>& parameters);
    Connection& connection_;
};

}  // namespace muster::store
