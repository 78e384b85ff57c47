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

// The whole site model: distribution points and what is distributed to them, asset data,
// variables, rules, schedules, arming, audit. Settings and asset data are JSON text that no query
// looks into; rules and windows are one a line.
Migration site_model() {
    return {3,
            {
                "CREATE TABLE distribution_points (id {id}, name TEXT NOT NULL,"
                " name_key TEXT NOT NULL UNIQUE, settings TEXT NOT NULL,"
                " created_at_ms BIGINT NOT NULL)",

                "ALTER TABLE images ADD COLUMN kind TEXT NOT NULL DEFAULT 'operating system image'",
                "ALTER TABLE images ADD COLUMN allow_multicast BIGINT NOT NULL DEFAULT 1",
                "ALTER TABLE images ADD COLUMN encrypt BIGINT NOT NULL DEFAULT 1",
                "ALTER TABLE images ADD COLUMN priority TEXT NOT NULL DEFAULT 'medium'",
                "ALTER TABLE wim_images ADD COLUMN details TEXT NOT NULL DEFAULT '{}'",
                "CREATE TABLE image_locations (image_id BIGINT NOT NULL REFERENCES images(id)"
                " ON DELETE CASCADE, point_id BIGINT NOT NULL REFERENCES distribution_points(id)"
                " ON DELETE CASCADE, state TEXT NOT NULL, detail TEXT NOT NULL,"
                " checked_at_ms BIGINT NOT NULL, PRIMARY KEY (image_id, point_id))",

                "ALTER TABLE devices ADD COLUMN comment TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE devices ADD COLUMN approval TEXT NOT NULL DEFAULT 'approved'",
                "ALTER TABLE devices ADD COLUMN asset TEXT NOT NULL DEFAULT '{}'",
                "ALTER TABLE devices ADD COLUMN asset_at_ms BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE devices ADD COLUMN log_run TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE devices ADD COLUMN log_seq BIGINT NOT NULL DEFAULT 0",
                "CREATE TABLE device_variables (device_id BIGINT NOT NULL REFERENCES devices(id)"
                " ON DELETE CASCADE, name TEXT NOT NULL, name_key TEXT NOT NULL,"
                " value TEXT NOT NULL, secret BIGINT NOT NULL, PRIMARY KEY (device_id, name_key))",

                "ALTER TABLE collections ADD COLUMN comment TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE collections ADD COLUMN rules TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE collections ADD COLUMN windows TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE collections ADD COLUMN priority BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE collections ADD COLUMN limiting_id BIGINT REFERENCES collections(id)",
                "CREATE TABLE collection_links (collection_id BIGINT NOT NULL"
                " REFERENCES collections(id) ON DELETE CASCADE, other_id BIGINT NOT NULL"
                " REFERENCES collections(id), kind TEXT NOT NULL,"
                " PRIMARY KEY (collection_id, other_id, kind))",
                "CREATE INDEX collection_links_by_other ON collection_links (other_id)",
                "CREATE TABLE collection_variables (collection_id BIGINT NOT NULL"
                " REFERENCES collections(id) ON DELETE CASCADE, name TEXT NOT NULL,"
                " name_key TEXT NOT NULL, value TEXT NOT NULL, secret BIGINT NOT NULL,"
                " PRIMARY KEY (collection_id, name_key))",
            }};
}

// Timetables, arming, the log of computers, roles of administrators, the audit.
Migration site_history() {
    return {4,
            {
                "ALTER TABLE deployments ADD COLUMN point_id BIGINT"
                " REFERENCES distribution_points(id)",
                "ALTER TABLE deployments ADD COLUMN comment TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE deployments ADD COLUMN available_from_ms BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN deadline_ms BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN armed_until_ms BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC'",
                "ALTER TABLE deployments ADD COLUMN rerun TEXT NOT NULL DEFAULT 'never'",
                "ALTER TABLE deployments ADD COLUMN offered_to TEXT NOT NULL DEFAULT"
                " 'network boot,media,running systems'",
                "ALTER TABLE deployments ADD COLUMN wake_on_lan BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN pre_stage BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN ignore_windows BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN start_at_ms BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN start_when_all BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN start_by_hand BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE deployments ADD COLUMN readiness_minutes BIGINT NOT NULL DEFAULT 0",
                "CREATE TABLE armings (deployment_id BIGINT NOT NULL REFERENCES deployments(id)"
                " ON DELETE CASCADE, device_id BIGINT NOT NULL REFERENCES devices(id)"
                " ON DELETE CASCADE, at_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL,"
                " who TEXT NOT NULL, PRIMARY KEY (deployment_id, device_id))",

                "ALTER TABLE step_history ADD COLUMN output TEXT NOT NULL DEFAULT ''",
                "CREATE INDEX step_history_by_time ON step_history (at_ms)",
                "CREATE TABLE device_log (id {id}, device_id BIGINT NOT NULL REFERENCES devices(id)"
                " ON DELETE CASCADE, deployment_id BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
                " level TEXT NOT NULL, step_index BIGINT NOT NULL, text TEXT NOT NULL)",
                "CREATE INDEX device_log_by_device ON device_log (device_id, id)",
                "CREATE INDEX device_log_by_time ON device_log (at_ms)",

                "ALTER TABLE admin_tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'full'",
                "ALTER TABLE admin_tokens ADD COLUMN expires_at_ms BIGINT NOT NULL DEFAULT 0",
                "CREATE TABLE audit (id {id}, at_ms BIGINT NOT NULL, who TEXT NOT NULL,"
                " operation TEXT NOT NULL, target TEXT NOT NULL, before TEXT NOT NULL,"
                " after TEXT NOT NULL)",
                "CREATE INDEX audit_by_time ON audit (at_ms)",
            }};
}

const std::vector<Migration>& steps() {
    static const std::vector<Migration> kSteps = {first_tables(), unicast_columns(), site_model(),
                                                  site_history()};
    return kSteps;
}

}  // namespace

std::span<const Migration> site_migrations() { return steps(); }

}  // namespace muster::store
