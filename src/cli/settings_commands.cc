// SPDX-License-Identifier: GPL-3.0-or-later
//
// Settings of the site and of its distribution points, administrators' tokens, the audit, status.
#include "cli/fields.h"
#include "cli/site_command.h"
#include "text/json.h"

namespace muster::cli {

namespace {

struct SettingsOptions {
    std::string name;
    std::string point;
    std::string role = "full";
    std::int64_t expires_days = 0;
    std::vector<std::string> fields;
    bool json = false;
    bool follow = false;
};

std::string target_of(const std::string& point) {
    return point.empty() ? "/api/v1/settings" : "/api/v1/points/" + escape(point);
}

Status show_settings(SiteClient& site, const SettingsOptions& options) {
    const auto document = TRY(site.get(target_of(options.point)));
    std::printf("%s", options.json ? (text::to_json_pretty(document) + "\n").c_str()
                                   : described(document).c_str());
    return {};
}

Status set_settings(SiteClient& site, const SettingsOptions& options) {
    const server::ApiDescription description;
    if (options.point.empty()) {
        TRY(site.patch(target_of(""),
                       TRY(fields_body(description, "setSettings", options.fields))));
        std::printf("settings changed\n");
        return {};
    }
    Value body = Value::map();
    body.set("settings", TRY(fields_of(description, "PointSettings", options.fields)));
    const auto point = TRY(site.patch(target_of(options.point), body));
    std::printf("settings of %s changed; %s\n", options.point.c_str(),
                cell(point, "takes_effect").c_str());
    return {};
}

Status add_token(SiteClient& site, const SettingsOptions& options) {
    Value body = Value::map();
    body.set("name", options.name).set("role", options.role);
    body.set("expires_days", options.expires_days);
    const auto made = TRY(site.post("/api/v1/tokens", body));
    std::printf("token %s, %s, shown this once: %s\n", options.name.c_str(), options.role.c_str(),
                cell(made, "token").c_str());
    return {};
}

Status show_status(SiteClient& site, const SettingsOptions& options) {
    const auto about = TRY(site.get("/api/v1/site"));
    std::printf("muster %s, %s agents connected, database %s\n", cell(about, "version").c_str(),
                cell(about, "connected_agents").c_str(), cell(about, "database").c_str());
    (void)options;
    Table table({"DEPLOYMENT", "SEQUENCE", "COLLECTION", "STATE", "COMPUTERS"});
    const auto list = TRY(site.get("/api/v1/deployments?limit=20"));
    for (const auto& each : *list.find("items")->as_list()) {
        const auto full = TRY(site.get("/api/v1/deployments/" + cell(each, "id")));
        std::string counts;
        for (const auto& [state, count, location] : *full.find("counts")->as_map()) {
            if (text::to_json(count) == "0") continue;
            counts += (counts.empty() ? "" : ", ") + text::to_json(count) + " " + state;
        }
        table.row({cell(each, "id"), cell(each, "sequence"), cell(each, "collection"),
                   cell(each, "state"), counts});
    }
    std::printf("%s", table.to_string().c_str());
    return {};
}

Status show_history(SiteClient& site, const SettingsOptions& options) {
    const auto history = TRY(site.get("/api/v1/devices/" + escape(options.name) + "/history"));
    for (const auto& each : *history.find("items")->as_list()) {
        const Value& progress = *each.find("progress");
        std::printf("deployment %s: %s%s%s\n", cell(each, "deployment").c_str(),
                    cell(progress, "state").c_str(), cell(progress, "message").empty() ? "" : ": ",
                    cell(progress, "message").c_str());
        for (const auto& step : *each.find("steps")->as_list()) {
            std::printf("  %s  step %lld %s %s%s%s\n", cell(step, "at").c_str(),
                        static_cast<long long>(TRY(step.int_at("index")) + 1),
                        cell(step, "name").c_str(), cell(step, "outcome").c_str(),
                        cell(step, "message").empty() ? "" : ": ", cell(step, "message").c_str());
        }
    }
    return {};
}

Status show_log(SiteClient& site, const SettingsOptions& options) {
    std::string after = "0";
    while (true) {
        const auto page = TRY(
            site.get("/api/v1/devices/" + escape(options.name) + "/log?limit=1000&after=" + after));
        for (const auto& line : *page.find("items")->as_list()) {
            std::printf("%s %s %s\n", cell(line, "at").c_str(), cell(line, "level").c_str(),
                        cell(line, "text").c_str());
        }
        if (page.find("next") == nullptr) return {};
        after = cell(page, "next");
    }
}

}  // namespace

void add_settings_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("settings", "Settings of the site and distribution points");
    family->require_subcommand(1);
    auto options = std::make_shared<SettingsOptions>();
    auto* show = family->add_subcommand("show", "Show them");
    show->add_option("--point", options->point, "Of a distribution point (\"default\")");
    show->add_flag("--json", options->json, "For programs");
    run_on_site<SettingsOptions>(show, run, options, show_settings);
    auto* set = family->add_subcommand("set", "Change some");
    set->add_option("fields", options->fields, "FIELD=VALUE")->required();
    set->add_option("--point", options->point, "Of a distribution point (\"default\")");
    run_on_site<SettingsOptions>(set, run, options, set_settings);
    add_list(family->add_subcommand("points", "Distribution points"), run,
             {"distribution point",
              "/api/v1/points",
              "",
              false,
              {{"name", "NAME"}, {"default", "DEFAULT"}},
              ""});
}

void add_token_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("token", "Administrators' tokens");
    family->require_subcommand(1);
    auto options = std::make_shared<SettingsOptions>();
    auto* add = family->add_subcommand("add", "Make one; it is shown this once");
    add->add_option("name", options->name, "Whose it is")->required();
    add->add_option("--role", options->role, "full or read-only")
        ->check(CLI::IsMember({"full", "read-only"}));
    add->add_option("--expires-days", options->expires_days, "0: never");
    run_on_site<SettingsOptions>(add, run, options, add_token);
    const Kind kind{
        "token",
        "/api/v1/tokens",
        "",
        true,
        {{"name", "NAME"}, {"role", "ROLE"}, {"created_at", "MADE"}, {"expires_at", "EXPIRES"}},
        ""};
    add_list(family, run, kind);
    auto* revoke = family->add_subcommand("revoke", "It opens nothing any more");
    revoke->add_option("name", options->name, "Its name")->required();
    run_on_site<SettingsOptions>(revoke, run, options,
                                 [](SiteClient& site, const SettingsOptions& chosen) -> Status {
                                     TRY(site.remove("/api/v1/tokens/" + escape(chosen.name)));
                                     std::printf("token %s revoked\n", chosen.name.c_str());
                                     return {};
                                 });
    auto* audit = app.add_subcommand("audit", "Who changed what");
    audit->require_subcommand(1);
    add_list(audit, run,
             {"change",
              "/api/v1/audit",
              "",
              false,
              {{"at", "AT"}, {"who", "WHO"}, {"operation", "OPERATION"}, {"target", "TARGET"}},
              ""});
}

void add_status_commands(CLI::App& app, Run& run) {
    auto options = std::make_shared<SettingsOptions>();
    auto* family = app.add_subcommand("status", "How the site and its computers are");
    family->require_subcommand(0, 1);
    run_on_site<SettingsOptions>(family, run, options, show_status);
    auto* history = family->add_subcommand("history", "What a computer ran, step by step");
    history->add_option("device", options->name, "The computer")->required();
    run_on_site<SettingsOptions>(history, run, options, show_history);
    auto* log = family->add_subcommand("log", "Lines of a computer's agent");
    log->add_option("device", options->name, "The computer")->required();
    run_on_site<SettingsOptions>(log, run, options, show_log);
}

}  // namespace muster::cli
