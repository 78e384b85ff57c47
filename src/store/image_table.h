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
    Status set_state(site::ImageId id, site::ImageState state);
    // Errc::busy: an active deployment uses it (they are named).
    Result<RemovedImage> remove_if_unused(site::ImageId id);

private:
    Result<std::vector<site::ImagePackage>> select(std::string_view where,
                                                   const std::vector<SqlValue>& parameters);
    Connection& connection_;
};

}  // namespace muster::store
