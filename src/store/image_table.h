// SPDX-License-Identifier: GPL-3.0-or-later
//
// Image packages: several versions of a name, each pointing at content in the content store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/image.h"
#include "store/connection.h"

namespace muster::store {

struct RemovedImage {
    std::string content_id;
    bool content_unused = false;  // no other package has it: the content may be removed as well
};

class ImageTable {
public:
    explicit ImageTable(Connection& connection) : connection_(connection) {}

    // Returns it with its id. Errc::already_exists: this version of this name.
    // Errc::invalid_argument as in site::checked_image.
    Result<site::ImagePackage> add(const site::ImagePackage& image);
    Result<std::vector<site::ImagePackage>> list();  // by name, then age
    // The newest version of the name. Errc::not_found, listing what there is.
    Result<site::ImagePackage> find(std::string_view name_or_id);
    Result<site::ImagePackage> find(site::ImageId id);
    // Comment, priority and multicast flags become those of `image`. Errc::not_found,
    // invalid_argument.
    Status change(const site::ImagePackage& image);
    Status set_state(site::ImageId id, site::ImageState state);
    // Where it is distributed to. Adds the location, or replaces its state.
    Status set_location(const site::ImageLocation& location);
    Result<std::vector<site::ImageLocation>> locations(site::ImageId id);  // by point
    Result<std::vector<site::ImageLocation>> locations(site::PointId id);  // by image
    // Errc::busy: an active deployment uses it (they are named).
    Result<RemovedImage> remove_if_unused(site::ImageId id);

private:
    Result<std::vector<site::ImagePackage>> select(std::string_view where,
                                                   const std::vector<SqlValue>& parameters);
    Result<std::vector<site::ImageLocation>> select_locations(std::string_view column,
                                                              std::int64_t id);
    Connection& connection_;
};

}  // namespace muster::store
