// SPDX-License-Identifier: GPL-3.0-or-later
//
// Collections as they were defined: direct members, rules, other collections. Who is in them now
// is for site/membership.h to say.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/device.h"
#include "store/connection.h"
#include "store/pages.h"

namespace muster::store {

class CollectionTable {
public:
    explicit CollectionTable(Connection& connection) : connection_(connection) {}

    // With all it says; returned with its id. Errc::already_exists (the name), invalid_argument,
    // not_found (a device or collection it names).
    Result<site::Collection> add(const site::Collection& collection);
    // Replaces all of it but the time. Errors as add().
    Status change(const site::Collection& collection);
    // Errc::busy: a deployment or another collection refers to it (named).
    Status remove(site::CollectionId id);
    // Errc::already_exists: it is in there. Errc::not_found: no such collection or device.
    Status add_member(site::CollectionId collection, site::DeviceId device);
    // Errc::not_found: it is no direct member.
    Status remove_member(site::CollectionId collection, site::DeviceId device);
    Result<std::vector<site::Collection>> list();  // by name, with members
    Result<std::vector<site::Collection>> page(const Page& page);
    // Errc::not_found, listing what there is.
    Result<site::Collection> find(std::string_view name_or_id);
    Result<site::Collection> find(site::CollectionId id);

    Result<std::vector<site::Variable>> variables(site::CollectionId id);
    Status set_variable(site::CollectionId id, const site::Variable& variable);
    Status remove_variable(site::CollectionId id, std::string_view name);

private:
    Result<std::vector<site::Collection>> select(std::string_view where,
                                                 const std::vector<SqlValue>& parameters);
    Status refuse_taken(const site::Collection& collection);
    Status insert_parts(const site::Collection& collection);
    Connection& connection_;
};

}  // namespace muster::store
