// SPDX-License-Identifier: GPL-3.0-or-later
//
// The site database: everything an administrator configured and every computer reported. One
// object a connection, with one table class a subject; each call is a transaction of its own, and
// what it answered well is on the disk. Several processes may have it open.
//
// Belongs to one thread at a time. Every call may fail with Errc::no_space (disk full),
// unavailable (locked by another program for 10 s, or PostgreSQL went away), corrupt or io; the
// object stays usable, and the next call works once the cause is gone.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/audit_table.h"
#include "store/collection_table.h"
#include "store/deployment_table.h"
#include "store/device_table.h"
#include "store/image_table.h"
#include "store/point_table.h"
#include "store/progress_table.h"
#include "store/sequence_table.h"
#include "store/settings_table.h"
#include "store/token_table.h"

namespace muster::store {

class SiteDatabase {
public:
    // A path or "sqlite:PATH", created when it is not there (its folder is not); or
    // "postgresql://USER@HOST/DATABASE", which is there. Brought to this program's version.
    // Errc::version_mismatch: it is newer than this program. Errc::invalid_argument: somebody
    // else's database. Else as Connection::open.
    static Result<SiteDatabase> open(const std::string& where);
    ~SiteDatabase();
    SiteDatabase(SiteDatabase&&) noexcept;
    SiteDatabase& operator=(SiteDatabase&&) noexcept;

    SettingsTable& settings();
    TokenTable& admin_tokens();
    DeviceTable& devices();
    CollectionTable& collections();
    ImageTable& images();
    SequenceTable& sequences();
    DeploymentTable& deployments();
    ProgressTable& progress();
    PointTable& points();
    AuditTable& audit();

    // Where it is, for people; without a password.
    const std::string& where() const;

    // Several calls in one transaction: all of what `body` does with the tables, or nothing.
    Status change(std::string_view what, const std::function<Status()>& body);

private:
    struct Parts;
    explicit SiteDatabase(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace muster::store
