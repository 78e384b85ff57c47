// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/database.h"

#include "store/connection.h"
#include "store/migrations.h"

namespace muster::store {

struct SiteDatabase::Parts {
    explicit Parts(std::unique_ptr<Connection> opened) : connection(std::move(opened)) {}
    std::unique_ptr<Connection> connection;
    SettingsTable settings{*connection};
    TokenTable admin_tokens{*connection};
    DeviceTable devices{*connection};
    CollectionTable collections{*connection};
    ImageTable images{*connection};
    SequenceTable sequences{*connection};
    DeploymentTable deployments{*connection};
    ProgressTable progress{*connection};
    PointTable points{*connection};
    AuditTable audit{*connection};
};

SiteDatabase::SiteDatabase(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SiteDatabase::~SiteDatabase() = default;
SiteDatabase::SiteDatabase(SiteDatabase&&) noexcept = default;
SiteDatabase& SiteDatabase::operator=(SiteDatabase&&) noexcept = default;

Result<SiteDatabase> SiteDatabase::open(const std::string& where) {
    auto connection = TRY(Connection::open(where));
    TRY(migrate(*connection, site_migrations()));
    return SiteDatabase(std::make_unique<Parts>(std::move(connection)));
}

SettingsTable& SiteDatabase::settings() { return parts_->settings; }
TokenTable& SiteDatabase::admin_tokens() { return parts_->admin_tokens; }
DeviceTable& SiteDatabase::devices() { return parts_->devices; }
CollectionTable& SiteDatabase::collections() { return parts_->collections; }
ImageTable& SiteDatabase::images() { return parts_->images; }
SequenceTable& SiteDatabase::sequences() { return parts_->sequences; }
DeploymentTable& SiteDatabase::deployments() { return parts_->deployments; }
ProgressTable& SiteDatabase::progress() { return parts_->progress; }
PointTable& SiteDatabase::points() { return parts_->points; }
AuditTable& SiteDatabase::audit() { return parts_->audit; }

const std::string& SiteDatabase::where() const { return parts_->connection->path(); }

// The operation's name says nothing to people, so errors do not get it.
Status SiteDatabase::change(std::string_view what, const std::function<Status()>& body) {
    std::optional<Error> own;
    Status status = parts_->connection->write(what, [&]() -> Status {
        Status done = body();
        if (!done.ok()) own = done.error();
        return done;
    });
    return own ? Status(*own) : status;
}

}  // namespace muster::store
