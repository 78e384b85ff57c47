// SPDX-License-Identifier: GPL-3.0-or-later
//
// Task sequences, deployments of them, and the sessions that carry their images.
#include "cli/fields.h"
#include "cli/site_command.h"
#include "sequence/task_sequence.h"
#include "store/files.h"
#include "text/yaml.h"

namespace muster::cli {

namespace {

struct SequenceOptions {
    std::string file;
};

int check_sequence(const SequenceOptions& options) {
    auto text = store::read_text_file(options.file);
    if (!text.ok()) return report(text.error());
    auto tree = text::parse_yaml(*text, options.file);
    if (!tree.ok()) return report(tree.error());
    const auto faults = sequence::check(*tree);
    for (const auto& fault : faults) report(fault.context(options.file));
    if (faults.empty()) std::printf("%s: no faults\n", options.file.c_str());
    return faults.empty() ? kOk : kFailed;
}

Status add_sequence(SiteClient& site, const SequenceOptions& options) {
    Value body = Value::map();
    body.set("text", TRY(store::read_text_file(options.file)));
    const auto sequence = TRY(site.post("/api/v1/sequences", body).context(options.file));
    std::printf("task sequence %s, version %s\n", cell(sequence, "name").c_str(),
                cell(sequence, "version").c_str());
    return {};
}

struct DeployOptions {
    std::string sequence;
    std::string collection;
    std::optional<std::int64_t> start_at;
    std::optional<std::int64_t> or_after;
    std::int64_t confirm = 0;
    std::vector<std::string> fields;
    std::vector<std::string> devices;
    std::int64_t hours = 24;
    std::string action;
    std::string reason;
};

const std::string kDeployments = "/api/v1/deployments";

std::string deployment_target(const std::string& id) { return kDeployments + "/" + escape(id); }

Status deploy(SiteClient& site, const DeployOptions& options) {
    const server::ApiDescription description;
    Value body = TRY(fields_body(description, "addDeployment", options.fields));
    body.set("sequence", options.sequence).set("collection", options.collection);
    if (options.start_at || options.or_after) {
        Value start = body.find("start") == nullptr ? Value::map() : *body.find("start");
        if (options.start_at) start.set("clients", *options.start_at);
        if (options.or_after) start.set("delay_seconds", *options.or_after);
        body.set("start", std::move(start));
    }
    if (options.confirm > 0) body.set("confirm_count", options.confirm);
    const auto made = TRY(site.post(kDeployments, body));
    std::printf("deployment %s: %s to %s, starts %s\n", cell(made, "id").c_str(),
                cell(made, "sequence").c_str(), cell(made, "collection").c_str(),
                cell(*made.find("start"), "words").c_str());
    return {};
}

Value names(const std::vector<std::string>& devices) {
    Value list = Value::list();
    for (const auto& device : devices) list.push(device);
    return list;
}

void add_arming(CLI::App* family, Run& run, const std::string& verb, const std::string& help) {
    auto options = std::make_shared<DeployOptions>();
    auto* command = family->add_subcommand(verb, help);
    command->add_option("deployment", options->sequence, "Its number")->required();
    command->add_option("devices", options->devices, "Devices; none: all of the collection");
    command->add_option("--hours", options->hours, "For how long they may start it");
    run_on_site<DeployOptions>(
        command, run, options, [verb](SiteClient& site, const DeployOptions& chosen) -> Status {
            Value body = Value::map();
            body.set("devices", names(chosen.devices)).set("hours", chosen.hours);
            const auto answer =
                TRY(site.post(deployment_target(chosen.sequence) + "/" + verb, body));
            std::printf("armed until %s: %s\n", cell(answer, "until").c_str(),
                        cell(answer, "devices").c_str());
            return {};
        });
}

void add_control(CLI::App* family, Run& run) {
    auto options = std::make_shared<DeployOptions>();
    auto* command = family->add_subcommand("control", "Tell computers at work what to do");
    command->add_option("deployment", options->sequence, "Its number")->required();
    command->add_option("action", options->action, "cancel, pause, resume, retry or skip")
        ->required();
    command->add_option("devices", options->devices, "Devices; none: all that are at work");
    command->add_option("--reason", options->reason, "Why, for the records");
    run_on_site<DeployOptions>(
        command, run, options, [](SiteClient& site, const DeployOptions& chosen) -> Status {
            Value body = Value::map();
            body.set("action", chosen.action).set("devices", names(chosen.devices));
            body.set("reason", chosen.reason);
            const auto answer =
                TRY(site.post(deployment_target(chosen.sequence) + "/control", body));
            std::printf("told: %s\n", cell(answer, "told").c_str());
            const std::string others = cell(answer, "not_connected");
            if (!others.empty()) std::printf("not at work, or not connected: %s\n", others.c_str());
            return {};
        });
}

// Of a deployment by its number, or of a computer by its name.
void add_explain(CLI::App* family, Run& run) {
    auto options = std::make_shared<DeployOptions>();
    auto* command = family->add_subcommand("explain", "Why nothing is happening");
    command->add_option("what", options->sequence, "A device, or the number of a deployment")
        ->required();
    run_on_site<DeployOptions>(
        command, run, options, [](SiteClient& site, const DeployOptions& chosen) -> Status {
            const bool is_number =
                chosen.sequence.find_first_not_of("0123456789") == std::string::npos;
            const std::string target = is_number ? deployment_target(chosen.sequence)
                                                 : "/api/v1/devices/" + escape(chosen.sequence);
            const auto answer = TRY(site.get(target + "/explain"));
            std::printf("%s\n", cell(answer, "reason").c_str());
            const Value* items = answer.find("items");
            if (items == nullptr) return {};
            for (const auto& item : *items->as_list()) {
                std::printf("%s\n", cell(item, "reason").c_str());
            }
            return {};
        });
}

void add_deployment_verbs(CLI::App* family, Run& run) {
    const Kind kind{"deployment",
                    kDeployments,
                    "setDeployment",
                    false,
                    {{"id", "ID"},
                     {"sequence", "SEQUENCE"},
                     {"collection", "COLLECTION"},
                     {"purpose", "PURPOSE"},
                     {"state", "STATE"}},
                    ""};
    add_verbs(family, run, kind);
    for (const auto& [name, help] :
         {std::pair("cancel", "Nobody starts it any more, and who is at work stops"),
          std::pair("pause", "Nobody starts it, and who is at work holds"),
          std::pair("resume", "Who was paused goes on")}) {
        add_verb(family, run, kind, {name, help, "POST", std::string("/") + name, "state", true});
    }
    add_arming(family, run, "arm", "Let computers start it that would not, for a while");
    add_arming(family, run, "clear", "Clear required: as if these computers had never run it");
    add_control(family, run);
    add_explain(family, run);
    auto options = std::make_shared<DeployOptions>();
    auto* report = family->add_subcommand("report", "Its computers as CSV");
    report->add_option("deployment", options->sequence, "Its number")->required();
    run_on_site<DeployOptions>(
        report, run, options, [](SiteClient& site, const DeployOptions& chosen) -> Status {
            const auto text = TRY(site.text(deployment_target(chosen.sequence) + "/report.csv"));
            std::printf("%s", text.c_str());
            return {};
        });
}

}  // namespace

void add_sequence_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("sequence", "Task sequences");
    family->require_subcommand(1);
    auto options = std::make_shared<SequenceOptions>();
    auto* check = family->add_subcommand("check", "Report every fault of a YAML file");
    check->add_option("file", options->file, "The file")->required();
    check->callback([options, &run] { run = [options] { return check_sequence(*options); }; });
    auto* add = family->add_subcommand("add", "Add a task sequence, or a new version of it");
    add->add_option("file", options->file, "YAML file")->required();
    run_on_site<SequenceOptions>(add, run, options, add_sequence);
    add_verbs(family, run,
              {"task sequence",
               "/api/v1/sequences",
               "",
               true,
               {{"name", "NAME"}, {"version", "VERSION"}},
               ""});
}

void add_deploy_commands(CLI::App& app, Run& run) {
    auto options = std::make_shared<DeployOptions>();
    auto* family = app.add_subcommand("deploy", "Deploy a task sequence to a collection");
    family->alias("deployment");
    family->require_subcommand(0, 1);
    auto* sequence = family->add_option("sequence", options->sequence, "Task sequence");
    family->add_option("fields", options->fields,
                       "FIELD=VALUE, such as purpose=available or deadline=\"2026-12-01 08:00 "
                       "Europe/Berlin\"");
    family->add_option("--to", options->collection, "Collection");
    family->add_option("--start-at", options->start_at, "Start at so many computers");
    family->add_option("--or-after", options->or_after,
                       "... or so many seconds after the first, whichever comes first");
    family->add_option("--confirm", options->confirm, "The size of a high-risk collection");
    run_on_site<DeployOptions>(
        family, run, options, [sequence](SiteClient& site, const DeployOptions& chosen) -> Status {
            if (sequence->count() == 0 || chosen.collection.empty()) {
                return Error(Errc::invalid_argument,
                             "write muster deploy SEQUENCE --to COLLECTION, or one of the verbs of "
                             "muster deploy --help");
            }
            return deploy(site, chosen);
        });
    add_deployment_verbs(family, run);
}

void add_session_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("session", "Multicast sessions");
    family->require_subcommand(1);
    const Kind kind{"session",
                    "/api/v1/sessions",
                    "",
                    false,
                    {{"session", "SESSION"},
                     {"deployment", "DEPLOYMENT"},
                     {"image", "IMAGE"},
                     {"state", "STATE"},
                     {"live_members", "MEMBERS"},
                     {"starts", "STARTS"}},
                    ""};
    add_verbs(family, run, kind);
    add_verb(family, run, kind,
             {"start", "Start a waiting session now", "POST", "/start", "", false});
    add_verb(family, run, kind, {"hold", "Send nothing for now", "POST", "/hold", "", false});
    add_verb(family, run, kind, {"resume", "Go on", "POST", "/resume", "", false});
    add_verb(family, run, kind,
             {"end", "End it; its computers are told why", "POST", "/end", "", true});
    add_verb(family, run, kind,
             {"explain", "What it waits for", "GET", "/explain", "reason", false});
    auto options = std::make_shared<DeployOptions>();
    auto* disconnect = family->add_subcommand("disconnect", "Put a computer out of it");
    disconnect->add_option("session", options->sequence, "Its number")->required();
    disconnect->add_option("device", options->action, "The computer")->required();
    run_on_site<DeployOptions>(disconnect, run, options,
                               [](SiteClient& site, const DeployOptions& chosen) -> Status {
                                   TRY(site.remove("/api/v1/sessions/" + escape(chosen.sequence) +
                                                   "/members/" + escape(chosen.action)));
                                   return {};
                               });
}

}  // namespace muster::cli
