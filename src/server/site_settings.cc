// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/site_settings.h"

#include "server/schema.h"
#include "text/json.h"

namespace muster::server {

namespace {

constexpr std::string_view kKey = "site";

const Value& schema_named(const ApiDescription& description, const char* name) {
    return *description.root().find("components")->find("schemas")->find(name);
}

std::int64_t whole(const Value& document, std::string_view key) {
    const Value* value = document.find(key);
    return value == nullptr || value->as_int() == nullptr ? 0 : *value->as_int();
}

std::string text(const Value& document, std::string_view key) {
    const Value* value = document.find(key);
    return value == nullptr || value->as_string() == nullptr ? "" : *value->as_string();
}

bool truth(const Value& document, std::string_view key) {
    const Value* value = document.find(key);
    return value != nullptr && value->as_bool() != nullptr && *value->as_bool();
}

std::vector<std::string> texts(const Value& document, std::string_view key) {
    std::vector<std::string> list;
    const Value* value = document.find(key);
    if (value == nullptr || value->as_list() == nullptr) return list;
    for (const auto& each : *value->as_list()) list.push_back(*each.as_string());
    return list;
}

void read_rate(const Value& document, PointSettings& settings) {
    const std::string rate = text(document, "transfer_rate");
    settings.rate_mode = rate == "adaptive" ? mcast::RateMode::adaptive : mcast::RateMode::fixed;
    settings.rate_bits_per_second = rate == "100 Mbit/s"  ? 100'000'000
                                    : rate == "1 Gbit/s"  ? 1'000'000'000
                                    : rate == "10 Gbit/s" ? 10'000'000'000
                                                          : whole(document, "custom_rate");
}

}  // namespace

Value overlaid(const Value& document, const Value& change) {
    Value result = document;
    if (change.as_map() == nullptr) return result;
    for (const auto& member : *change.as_map()) result.set(member.key, member.value);
    return result;
}

Result<Value> site_settings_document(store::SiteDatabase& database,
                                     const ApiDescription& description) {
    const auto kept = TRY(database.settings().find(kKey));
    const Value document = kept ? TRY(text::parse_json(*kept)) : Value::map();
    return with_defaults(document, schema_named(description, "SiteSettings"), description.root());
}

Status save_site_settings(store::SiteDatabase& database, const Value& document) {
    return database.settings().set(kKey, text::to_json(document));
}

SiteSettings site_settings(const Value& document) {
    SiteSettings settings;
    const std::string unknown = text(document, "unknown_computers");
    settings.unknown_computers = unknown == "accept" ? UnknownComputers::accept
                                 : unknown == "ask"  ? UnknownComputers::ask
                                                     : UnknownComputers::off;
    settings.conflicting_records = text(document, "conflicting_records");
    settings.ignored_macs = texts(document, "ignored_macs");
    settings.ignored_uuids = texts(document, "ignored_uuids");
    settings.high_risk_size = whole(document, "high_risk_size");
    settings.high_risk_maximum = whole(document, "high_risk_maximum");
    settings.keep_status_days = whole(document, "keep_status_days");
    settings.keep_log_days = whole(document, "keep_log_days");
    settings.keep_audit_days = whole(document, "keep_audit_days");
    settings.validate_content_days = whole(document, "validate_content_days");
    settings.time_zone = text(document, "time_zone");
    return settings;
}

Result<SiteSettings> site_settings(store::SiteDatabase& database,
                                   const ApiDescription& description) {
    return site_settings(TRY(site_settings_document(database, description)));
}

Result<Value> point_settings_document(const std::string& settings,
                                      const ApiDescription& description) {
    return with_defaults(TRY(text::parse_json(settings)),
                         schema_named(description, "PointSettings"), description.root());
}

Result<PointSettings> point_settings(const Value& document) {
    PointSettings settings;
    settings.multicast = truth(document, "multicast");
    settings.interfaces = texts(document, "interfaces");
    settings.groups = text(document, "groups");
    settings.first_port = whole(document, "first_port");
    settings.last_port = whole(document, "last_port");
    if (settings.first_port > settings.last_port) {
        return Error(Errc::invalid_argument, "first_port: " + std::to_string(settings.first_port) +
                                                 " is above last_port " +
                                                 std::to_string(settings.last_port));
    }
    read_rate(document, settings);
    if (text(document, "transfer_rate") == "custom" && settings.rate_bits_per_second == 0) {
        return Error(Errc::invalid_argument,
                     "custom_rate: missing; transfer_rate custom is that many bits per second");
    }
    settings.cap_bits_per_second = static_cast<std::uint64_t>(whole(document, "cap"));
    std::string limits;
    for (const auto& limit : texts(document, "limits")) limits += limit + "\n";
    settings.limits = TRY(site::parse_rate_schedule(limits).context("limits"));
    settings.maximum_clients = whole(document, "maximum_clients");
    settings.maximum_sessions = whole(document, "maximum_sessions");
    settings.scheduled_multicast = truth(document, "scheduled_multicast");
    settings.session_start_delay_minutes = whole(document, "session_start_delay");
    settings.minimum_session_size = whole(document, "minimum_session_size");
    const std::string slow = text(document, "slow_clients");
    settings.slow_clients = slow == "wait"    ? mcast::SlowPolicy::wait
                            : slow == "evict" ? mcast::SlowPolicy::evict
                                              : mcast::SlowPolicy::defer;
    settings.unicast_share_percent = static_cast<std::uint32_t>(whole(document, "unicast_share"));
    settings.ttl = static_cast<int>(whole(document, "ttl"));
    settings.dscp = static_cast<int>(whole(document, "dscp"));
    return settings;
}

}  // namespace muster::server
