// SPDX-License-Identifier: GPL-3.0-or-later
//
// Settings of the site and of a distribution point: documents that fit the schemas of docs/api.yaml
// (SiteSettings, PointSettings), kept as JSON, complete with the defaults of the description.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "mcast/rate_controller.h"
#include "mcast/slow_computers.h"
#include "server/api_description.h"
#include "site/schedule.h"
#include "store/database.h"

namespace muster::server {

enum class UnknownComputers { off, ask, accept };

struct SiteSettings {
    UnknownComputers unknown_computers = UnknownComputers::off;
    std::string conflicting_records;
    std::vector<std::string> ignored_macs;
    std::vector<std::string> ignored_uuids;
    std::int64_t high_risk_size = 0;
    std::int64_t high_risk_maximum = 0;
    std::int64_t keep_status_days = 0;
    std::int64_t keep_log_days = 0;
    std::int64_t keep_audit_days = 0;
    std::int64_t validate_content_days = 0;
    std::string time_zone;
};

struct PointSettings {
    bool multicast = true;
    std::vector<std::string> interfaces;
    std::string groups;
    std::int64_t first_port = 0;
    std::int64_t last_port = 0;
    std::uint64_t rate_bits_per_second = 0;  // of a session; 0: none
    mcast::RateMode rate_mode = mcast::RateMode::adaptive;
    std::uint64_t cap_bits_per_second = 0;  // of all sessions together; 0: none
    site::RateSchedule limits;              // of all sessions together
    std::int64_t maximum_clients = 0;       // 0: no maximum
    std::int64_t maximum_sessions = 0;      // the same
    bool scheduled_multicast = false;
    std::int64_t session_start_delay_minutes = 0;
    std::int64_t minimum_session_size = 0;
    mcast::SlowPolicy slow_clients = mcast::SlowPolicy::defer;
    std::uint32_t unicast_share_percent = 0;
    int ttl = 1;
    int dscp = 0;
};

// The document as it is kept, or as the description's defaults have it.
Result<Value> site_settings_document(store::SiteDatabase& database,
                                     const ApiDescription& description);
Status save_site_settings(store::SiteDatabase& database, const Value& document);
SiteSettings site_settings(const Value& document);
// Both at once.
Result<SiteSettings> site_settings(store::SiteDatabase& database,
                                   const ApiDescription& description);

// `settings`: of a store::PointRecord.
Result<Value> point_settings_document(const std::string& settings,
                                      const ApiDescription& description);
// Errc::invalid_argument: fields that each are right and together are not.
Result<PointSettings> point_settings(const Value& document);

// The members of `change` put over those of `document`.
Value overlaid(const Value& document, const Value& change);

}  // namespace muster::server
