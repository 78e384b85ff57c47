// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who is in which collection now. Evaluated from the database when somebody asks after something
// changed: rules look at every device, so the answer is kept until then.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "site/decide.h"
#include "site/membership.h"
#include "site/time_zone.h"
#include "store/database.h"

namespace muster::server {

class Directory {
public:
    explicit Directory(store::SiteDatabase& database) : database_(database) {}

    // A device, its asset data or variables, or a collection changed.
    void invalidate() { membership_.reset(); }

    // Ascending. Errors of the database.
    Result<std::vector<site::DeviceId>> members(site::CollectionId collection);
    Result<std::vector<site::CollectionId>> collections_of(site::DeviceId device);
    // Names of all collections, by number.
    Result<std::map<site::CollectionId, std::string>> names();
    Result<std::string> explain(site::DeviceId device, site::CollectionId collection);
    Result<bool> is_member(site::DeviceId device, site::CollectionId collection);

    // Does `changed` fit to the others: rules that can be read, no circle? Errc::invalid_argument
    // naming the rule and the column, or the circle. For a new collection its id is 0.
    Status check(const site::Collection& changed);

    // When a maintenance window of the collection opens, as site::Situation::opens.
    std::optional<site::WallTime> opens(site::CollectionId collection, const site::TimeZone& zone,
                                        site::WallTime now);

private:
    Status evaluate();
    store::SiteDatabase& database_;
    std::vector<site::Collection> collections_;
    std::optional<site::Membership> membership_;
};

// What rules may ask about a device: the site's record, what its agent reported, its variables.
site::Attributes attributes_of(const site::Device& device,
                               const std::vector<site::Variable>& variables);

}  // namespace muster::server
