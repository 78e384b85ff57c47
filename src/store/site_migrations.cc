// SPDX-License-Identifier: GPL-3.0-or-later
//
// The shape of the site database. `name_key` is site::name_key(name): uniqueness does not see the
// case of letters, and needs no collation that only one database has.
#include "store/migrations.h"

namespace muster::store {

namespace {

Migration first_tables() {
    return {
        1,
        {
            "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",

            "CREATE TABLE admin_tokens (id {id}, name TEXT NOT NULL, name_key TEXT NOT NULL "
            "UNIQUE,"
            " token_sha256 TEXT NOT NULL UNIQUE, created_at_ms BIGINT NOT NULL)",

            "CREATE TABLE devices (id {id}, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE,"
            " smbios_uuid TEXT NOT NULL, serial TEXT NOT NULL, token_sha256 TEXT UNIQUE,"
            " created_at_ms BIGINT NOT NULL)",
            "CREATE TABLE device_macs (device_id BIGINT NOT NULL REFERENCES devices(id)"
            " ON DELETE CASCADE, position BIGINT NOT NULL, mac TEXT NOT NULL,"
            " PRIMARY KEY (device_id, mac))",
            "CREATE INDEX device_macs_by_mac ON device_macs (mac)",

            "CREATE TABLE collections (id {id}, name TEXT NOT NULL,"
            " name_key TEXT NOT NULL UNIQUE, created_at_ms BIGINT NOT NULL)",
            "CREATE TABLE collection_members (collection_id BIGINT NOT NULL"
            " REFERENCES collections(id) ON DELETE CASCADE, device_id BIGINT NOT NULL"
            " REFERENCES devices(id) ON DELETE CASCADE, PRIMARY KEY (collection_id, device_id))",
            "CREATE INDEX collection_members_by_device ON collection_members (device_id)",

            "CREATE TABLE images (id {id}, name TEXT NOT NULL, name_key TEXT NOT NULL,"
            " version TEXT NOT NULL, comment TEXT NOT NULL, content_id TEXT NOT NULL,"
            " image_bytes BIGINT NOT NULL, source_path TEXT NOT NULL, state TEXT NOT NULL,"
            " created_at_ms BIGINT NOT NULL, UNIQUE (name_key, version))",
            "CREATE INDEX images_by_content ON images (content_id)",
            "CREATE TABLE wim_images (image_id BIGINT NOT NULL REFERENCES images(id)"
            " ON DELETE CASCADE, wim_index BIGINT NOT NULL, name TEXT NOT NULL,"
            " description TEXT NOT NULL, architecture TEXT NOT NULL, total_bytes BIGINT NOT NULL,"
            " file_count BIGINT NOT NULL, PRIMARY KEY (image_id, wim_index))",

            "CREATE TABLE sequences (id {id}, name TEXT NOT NULL, name_key TEXT NOT NULL,"
            " version BIGINT NOT NULL, text TEXT NOT NULL, created_at_ms BIGINT NOT NULL,"
            " UNIQUE (name_key, version))",

            "CREATE TABLE deployments (id {id}, sequence_id BIGINT NOT NULL"
            " REFERENCES sequences(id), collection_id BIGINT NOT NULL REFERENCES collections(id),"
            " min_clients BIGINT NOT NULL, max_wait_seconds BIGINT NOT NULL,"
            " purpose TEXT NOT NULL, state TEXT NOT NULL, created_at_ms BIGINT NOT NULL)",
            "CREATE INDEX deployments_by_collection ON deployments (collection_id)",
            "CREATE TABLE deployment_images (deployment_id BIGINT NOT NULL"
            " REFERENCES deployments(id) ON DELETE CASCADE, image_id BIGINT NOT NULL"
            " REFERENCES images(id), PRIMARY KEY (deployment_id, image_id))",
            "CREATE INDEX deployment_images_by_image ON deployment_images (image_id)",

            "CREATE TABLE device_progress (deployment_id BIGINT NOT NULL"
            " REFERENCES deployments(id) ON DELETE CASCADE, device_id BIGINT NOT NULL"
            " REFERENCES devices(id) ON DELETE CASCADE, state TEXT NOT NULL,"
            " step_index BIGINT NOT NULL, step_name TEXT NOT NULL, stage TEXT NOT NULL,"
            " progress DOUBLE PRECISION NOT NULL, rate_bytes_per_second DOUBLE PRECISION NOT NULL,"
            " missing_blocks BIGINT NOT NULL, message TEXT NOT NULL,"
            " blocks_received BIGINT NOT NULL, blocks_repaired BIGINT NOT NULL,"
            " loss DOUBLE PRECISION NOT NULL, seconds DOUBLE PRECISION NOT NULL,"
            " verified BIGINT NOT NULL, updated_at_ms BIGINT NOT NULL,"
            " PRIMARY KEY (deployment_id, device_id))",
            "CREATE INDEX device_progress_by_device ON device_progress (device_id)",
            "CREATE TABLE step_history (id {id}, deployment_id BIGINT NOT NULL"
            " REFERENCES deployments(id) ON DELETE CASCADE, device_id BIGINT NOT NULL"
            " REFERENCES devices(id) ON DELETE CASCADE, step_index BIGINT NOT NULL,"
            " step_name TEXT NOT NULL, outcome TEXT NOT NULL, message TEXT NOT NULL,"
            " at_ms BIGINT NOT NULL)",
            "CREATE INDEX step_history_by_run ON step_history (deployment_id, device_id)",
        }};
}

// Images that come by multicast only; what came by HTTPS.
Migration unicast_columns() {
    return {2,
            {
                "ALTER TABLE images ADD COLUMN multicast_only BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE device_progress ADD COLUMN unicast_bytes BIGINT NOT NULL DEFAULT 0",
            }};
}

const std::vector<Migration>& steps() {
    static const std::vector<Migration> kSteps = {first_tables(), unicast_columns()};
    return kSteps;
}

}  // namespace

std::span<const Migration> site_migrations() { return steps(); }

}  // namespace muster::store
