// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/image_table.h"

#include <map>

#include "site/names.h"
#include "store/lookup.h"

namespace muster::store {

namespace {

using site::ImageId;
using site::ImagePackage;

Status insert_wim_images(Connection& connection, const ImagePackage& image) {
    for (const auto& wim : image.images) {
        TRY(connection.execute(
            "INSERT INTO wim_images (image_id, wim_index, name, description, architecture,"
            " total_bytes, file_count, details) VALUES (:a, :b, :c, :d, :e, :f, :g, :h)",
            {image.id.value, wim.index, wim.name, wim.description, wim.architecture,
             wim.total_bytes, wim.file_count, wim.details}));
    }
    return {};
}

ImagePackage image_from(const Row& row) {
    ImagePackage image;
    image.id = ImageId(row.integer(0));
    image.name = row.text(1);
    image.version = row.text(2);
    image.comment = row.text(3);
    image.content_id = row.text(4);
    image.image_bytes = row.integer(5);
    image.source_path = row.text(6);
    // What we do not know was written by a newer program or a hand: not to be deployed.
    image.state = site::image_state_from(row.text(7)).value_or(site::ImageState::damaged);
    image.created_at = site::from_unix_milliseconds(row.integer(8));
    image.multicast_only = row.integer(9) != 0;
    image.kind = site::content_kind_from(row.text(10)).value_or(site::ContentKind::package);
    image.allow_multicast = row.integer(11) != 0;
    image.encrypt = row.integer(12) != 0;
    image.priority = site::priority_from(row.text(13)).value_or(site::Priority::medium);
    return image;
}

}  // namespace

Result<ImagePackage> ImageTable::add(const ImagePackage& image) {
    ImagePackage added = TRY(site::checked_image(image));
    return connection_.write("add image " + added.name, [&]() -> Result<ImagePackage> {
        auto same =
            TRY(connection_.query("SELECT name FROM images WHERE name_key = :a AND version = :b",
                                  {site::name_key(added.name), added.version}));
        if (!same.empty()) {
            return Error(Errc::already_exists, "an image named " + same[0].text(0) + ", version " +
                                                   added.version + ", exists");
        }
        auto rows = TRY(connection_.query(
            "INSERT INTO images (name, name_key, version, comment, content_id, image_bytes,"
            " source_path, state, created_at_ms, multicast_only, kind, allow_multicast, encrypt,"
            " priority) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n)"
            " RETURNING id",
            {added.name, site::name_key(added.name), added.version, added.comment, added.content_id,
             added.image_bytes, added.source_path, std::string(site::to_string(added.state)),
             site::to_unix_milliseconds(added.created_at), std::int64_t{added.multicast_only},
             std::string(site::to_string(added.kind)), std::int64_t{added.allow_multicast},
             std::int64_t{added.encrypt}, std::string(site::to_string(added.priority))}));
        added.id = ImageId(rows.at(0).integer(0));
        TRY(insert_wim_images(connection_, added));
        return added;
    });
}

Result<std::vector<ImagePackage>> ImageTable::select(std::string_view where,
                                                     const std::vector<SqlValue>& parameters) {
    std::vector<ImagePackage> images;
    std::map<std::int64_t, std::size_t> place;
    const std::string condition(where);
    for (const auto& row : TRY(connection_.query(
             "SELECT i.id, i.name, i.version, i.comment, i.content_id, i.image_bytes,"
             " i.source_path, i.state, i.created_at_ms, i.multicast_only, i.kind,"
             " i.allow_multicast, i.encrypt, i.priority FROM images i " +
                 condition + " ORDER BY i.name_key, i.id",
             parameters))) {
        place[row.integer(0)] = images.size();
        images.push_back(image_from(row));
    }
    for (const auto& row : TRY(connection_.query(
             "SELECT w.image_id, w.wim_index, w.name, w.description, w.architecture,"
             " w.total_bytes, w.file_count, w.details FROM wim_images w JOIN images i ON i.id = "
             "w.image_id " +
                 condition + " ORDER BY w.image_id, w.wim_index",
             parameters))) {
        images[place.at(row.integer(0))].images.push_back({row.integer(1), row.text(2), row.text(3),
                                                           row.text(4), row.integer(5),
                                                           row.integer(6), row.text(7)});
    }
    return images;
}

Result<std::vector<ImagePackage>> ImageTable::list() {
    return connection_.read("list images", [&] { return select("", {}); });
}

Result<ImagePackage> ImageTable::find(std::string_view name_or_id) {
    return connection_.read("find image", [&]() -> Result<ImagePackage> {
        const auto id = TRY(find_id(connection_, "image", "images", name_or_id));
        return TRY(select("WHERE i.id = :a", {id})).at(0);
    });
}

Result<ImagePackage> ImageTable::find(ImageId id) {
    return connection_.read("find image", [&]() -> Result<ImagePackage> {
        auto found = TRY(select("WHERE i.id = :a", {id.value}));
        if (found.empty()) return unknown_id(connection_, "image", "images", id.value);
        return found[0];
    });
}

Status ImageTable::change(const ImagePackage& image) {
    const ImagePackage changed = TRY(site::checked_image(image));
    return connection_.write("change image " + changed.name, [&]() -> Status {
        const auto rows = TRY(connection_.query(
            "UPDATE images SET comment = :a, priority = :b, allow_multicast = :c, encrypt = :d,"
            " multicast_only = :e WHERE id = :f RETURNING id",
            {changed.comment, std::string(site::to_string(changed.priority)),
             std::int64_t{changed.allow_multicast}, std::int64_t{changed.encrypt},
             std::int64_t{changed.multicast_only}, changed.id.value}));
        if (rows.empty()) return unknown_id(connection_, "image", "images", changed.id.value);
        return {};
    });
}

Status ImageTable::set_location(const site::ImageLocation& location) {
    return connection_.write("set location", [&] {
        return connection_.execute(
            "INSERT INTO image_locations (image_id, point_id, state, detail, checked_at_ms)"
            " VALUES (:a, :b, :c, :d, :e) ON CONFLICT (image_id, point_id) DO UPDATE SET"
            " state = excluded.state, detail = excluded.detail,"
            " checked_at_ms = excluded.checked_at_ms",
            {location.image_id.value, location.point_id.value,
             std::string(site::to_string(location.state)), location.detail,
             site::to_unix_milliseconds(location.checked_at)});
    });
}

Result<std::vector<site::ImageLocation>> ImageTable::select_locations(std::string_view column,
                                                                      std::int64_t id) {
    return connection_.read("list locations", [&]() -> Result<std::vector<site::ImageLocation>> {
        std::vector<site::ImageLocation> locations;
        for (const auto& row : TRY(connection_.query(
                 "SELECT image_id, point_id, state, detail, checked_at_ms FROM image_locations"
                 " WHERE " +
                     std::string(column) + " = :a ORDER BY image_id, point_id",
                 {id}))) {
            // What we do not know was written by a newer program: not to be sent.
            locations.push_back(
                {ImageId(row.integer(0)), site::PointId(row.integer(1)),
                 site::location_state_from(row.text(2)).value_or(site::LocationState::damaged),
                 row.text(3), site::from_unix_milliseconds(row.integer(4))});
        }
        return locations;
    });
}

Result<std::vector<site::ImageLocation>> ImageTable::locations(ImageId id) {
    return select_locations("image_id", id.value);
}

Result<std::vector<site::ImageLocation>> ImageTable::locations(site::PointId id) {
    return select_locations("point_id", id.value);
}

Status ImageTable::set_state(ImageId id, site::ImageState state) {
    return connection_.write("set image state", [&]() -> Status {
        auto rows = TRY(connection_.query("UPDATE images SET state = :a WHERE id = :b RETURNING id",
                                          {std::string(site::to_string(state)), id.value}));
        if (rows.empty()) return unknown_id(connection_, "image", "images", id.value);
        return {};
    });
}

Result<RemovedImage> ImageTable::remove_if_unused(ImageId id) {
    return connection_.write("remove image", [&]() -> Result<RemovedImage> {
        auto found = TRY(select("WHERE i.id = :a", {id.value}));
        if (found.empty()) return unknown_id(connection_, "image", "images", id.value);
        auto users = TRY(connection_.query(
            "SELECT d.id, s.name FROM deployment_images u"
            " JOIN deployments d ON d.id = u.deployment_id JOIN sequences s ON s.id = d.sequence_id"
            " WHERE u.image_id = :a AND d.state <> 'cancelled' ORDER BY d.id",
            {id.value}));
        std::string names;
        for (const auto& row : users) {
            names += (names.empty() ? "" : ", ") + std::to_string(row.integer(0)) + " (" +
                     row.text(1) + ")";
        }
        if (!users.empty()) {
            return Error(Errc::busy, found[0].name + " is used by deployment " + names +
                                         "; cancel what uses it first");
        }
        TRY(connection_.execute("DELETE FROM deployment_images WHERE image_id = :a", {id.value}));
        TRY(connection_.execute("DELETE FROM images WHERE id = :a", {id.value}));
        auto others = TRY(connection_.query("SELECT COUNT(*) FROM images WHERE content_id = :a",
                                            {found[0].content_id}));
        return RemovedImage{found[0].content_id, others.at(0).integer(0) == 0};
    });
}

}  // namespace muster::store
