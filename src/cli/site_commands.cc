// SPDX-License-Identifier: GPL-3.0-or-later
//
// Commands that are one or two requests to the site each: images, devices, collections, task
// sequences, deployments, sessions. `--json` of the lists prints the server's document.
#include "cli/site_command.h"

#include <filesystem>

#include "net/monotonic.h"
#include "net/poll.h"
#include "sequence/task_sequence.h"
#include "store/files.h"
#include "text/json.h"
#include "text/yaml.h"

namespace muster::cli {

std::string cell(const Value& document, std::string_view key) {
    const Value* value = document.find(key);
    if (value == nullptr) return "";
    if (const auto* text = value->as_string()) return *text;
    return text::to_json(*value);
}

namespace {

struct ListOptions {
    bool json = false;
};

// `muster X list`: a table of some members of the documents under `key`.
void add_list(CLI::App* family, Run& run, const std::string& target, const std::string& key,
              std::vector<std::pair<std::string, std::string>> columns) {
    auto options = std::make_shared<ListOptions>();
    auto* command = family->add_subcommand("list", "List them");
    command->add_flag("--json", options->json, "The server's document");
    run_on_site<ListOptions>(
        command, run, options,
        [target, key, columns](SiteClient& site, const ListOptions& chosen) -> Status {
            const auto document = TRY(site.get(target));
            if (chosen.json) {
                std::printf("%s\n", text::to_json_pretty(document).c_str());
                return {};
            }
            std::vector<std::string> header;
            for (const auto& column : columns) header.push_back(column.second);
            Table table(header);
            const Value* list = document.find(key);
            if (list == nullptr || list->as_list() == nullptr) {
                return Error(Errc::corrupt, "the server's answer has no list of " + key);
            }
            for (const auto& item : *list->as_list()) {
                std::vector<std::string> cells;
                for (const auto& column : columns) cells.push_back(cell(item, column.first));
                table.row(std::move(cells));
            }
            std::printf("%s", table.to_string().c_str());
            return {};
        });
}

struct ImageOptions {
    std::string name;
    std::string path;
    std::string version;
    std::string comment;
    bool multicast_only = false;
};

Status add_image(SiteClient& site, const ImageOptions& options) {
    Value body = Value::map();
    std::error_code failure;
    const auto path = std::filesystem::absolute(options.path, failure);
    body.set("name", options.name).set("path", failure ? options.path : path.string());
    body.set("version", options.version).set("comment", options.comment);
    body.set("multicast_only", options.multicast_only);
    const auto accepted = TRY(site.post("/api/v1/images", body));
    const std::string target = "/api/v1/jobs/" + cell(accepted, "job");
    ProgressLine line;
    while (true) {
        const auto job = TRY(site.get(target));
        const std::string state = cell(job, "state");
        if (state == "failed") return Error(Errc::internal, cell(job, "error"));
        if (state == "succeeded") break;
        const double done = TRY(job.number_or("progress", 0));
        line.show(options.name + ": " + cell(job, "stage") + " " + bar(done, 24));
        net::sleep_until(net::monotonic_now() + std::chrono::milliseconds(200));
    }
    line.clear();
    const auto image = TRY(site.get("/api/v1/images/" + escape(options.name)));
    std::printf("image %s version %s: %s, id %s\n", cell(image, "name").c_str(),
                cell(image, "version").c_str(),
                human_bytes(static_cast<std::uint64_t>(TRY(image.int_at("image_bytes")))).c_str(),
                cell(image, "content_id").c_str());
    return {};
}

struct DeviceOptions {
    std::string name;
    std::vector<std::string> macs;
    std::string uuid;
    std::string serial;
    std::string out;
    std::string action;
    std::string reason;
};

Status add_device(SiteClient& site, const DeviceOptions& options) {
    Value macs = Value::list();
    for (const auto& mac : options.macs) macs.push(mac);
    Value body = Value::map();
    body.set("name", options.name).set("macs", std::move(macs));
    body.set("smbios_uuid", options.uuid).set("serial", options.serial);
    const auto device = TRY(site.post("/api/v1/devices", body));
    std::printf("device %s added\n", cell(device, "name").c_str());
    return {};
}

Status enrol_device(SiteClient& site, const DeviceOptions& options) {
    auto enrolment =
        TRY(site.post("/api/v1/devices/" + escape(options.name) + "/token", Value::map()));
    enrolment.set("server", site.server());
    TRY(store::write_private_file(options.out, text::to_json(enrolment) + "\n"));
    std::printf("device %s enrolled, its token is in %s (an earlier one is void)\n",
                options.name.c_str(), options.out.c_str());
    return {};
}

Status control_device(SiteClient& site, const DeviceOptions& options) {
    Value body = Value::map();
    body.set("action", options.action).set("reason", options.reason);
    const auto answer =
        TRY(site.post("/api/v1/devices/" + escape(options.name) + "/control", body));
    std::printf("%s\n", cell(answer, "message").c_str());
    return {};
}

struct CollectionOptions {
    std::string name;
    std::vector<std::string> devices;
};

Status add_members(SiteClient& site, const CollectionOptions& options) {
    for (const auto& device : options.devices) {
        Value body = Value::map();
        body.set("device", device);
        TRY(site.post("/api/v1/collections/" + escape(options.name) + "/members", body));
    }
    std::printf("%zu devices added to %s\n", options.devices.size(), options.name.c_str());
    return {};
}

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
    std::int64_t start_at = 1;
    std::int64_t or_after = 0;
};

Status deploy(SiteClient& site, const DeployOptions& options) {
    Value body = Value::map();
    body.set("sequence", options.sequence).set("collection", options.collection);
    body.set("min_clients", options.start_at).set("max_wait_seconds", options.or_after);
    const auto deployment = TRY(site.post("/api/v1/deployments", body));
    std::printf("deployment %s: %s to %s, starts at %lld computers or %lld s after the first\n",
                cell(deployment, "id").c_str(), cell(deployment, "sequence").c_str(),
                cell(deployment, "collection").c_str(), static_cast<long long>(options.start_at),
                static_cast<long long>(options.or_after));
    return {};
}

}  // namespace

void add_image_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("image", "Operating system image packages");
    family->require_subcommand(1);
    auto options = std::make_shared<ImageOptions>();
    auto* add = family->add_subcommand("add", "Add a WIM that lies on the server");
    add->add_option("name", options->name, "Name of the package")->required();
    add->add_option("path", options->path, "Path of the WIM on the server")->required();
    add->add_option("--version", options->version, "Your version, default 1");
    add->add_option("--comment", options->comment, "Free text");
    add->add_flag("--multicast-only", options->multicast_only,
                  "Allow this image to be deployed only via multicast");
    run_on_site<ImageOptions>(add, run, options, add_image);
    auto* remove = family->add_subcommand("remove", "Remove a package that no deployment uses");
    remove->add_option("name", options->name, "Name")->required();
    run_on_site<ImageOptions>(remove, run, options,
                              [](SiteClient& site, const ImageOptions& chosen) -> Status {
                                  TRY(site.remove("/api/v1/images/" + escape(chosen.name)));
                                  return {};
                              });
    add_list(family, run, "/api/v1/images", "images",
             {{"name", "NAME"},
              {"version", "VERSION"},
              {"image_bytes", "BYTES"},
              {"state", "STATE"},
              {"multicast_only", "MULTICAST ONLY"},
              {"content_id", "ID"}});
}

void add_device_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("device", "Computers");
    family->require_subcommand(1);
    auto options = std::make_shared<DeviceOptions>();
    auto* add = family->add_subcommand("add", "Make a computer known");
    add->add_option("name", options->name, "Its name")->required();
    add->add_option("--mac", options->macs, "MAC address; repeat for several");
    add->add_option("--uuid", options->uuid, "SMBIOS UUID");
    add->add_option("--serial", options->serial, "Serial number");
    run_on_site<DeviceOptions>(add, run, options, add_device);
    auto* enrol = family->add_subcommand("enrol", "Make a computer's token");
    enrol->add_option("name", options->name, "Its name")->required();
    enrol->add_option("--out", options->out, "File for muster-agent --enrolment")->required();
    run_on_site<DeviceOptions>(enrol, run, options, enrol_device);
    auto* control = family->add_subcommand("control", "Tell a computer at work what to do");
    control->add_option("name", options->name, "Its name")->required();
    control->add_option("action", options->action, "cancel, pause, resume, retry or skip")
        ->required();
    control->add_option("--reason", options->reason, "Why, for the records");
    run_on_site<DeviceOptions>(control, run, options, control_device);
    add_list(family, run, "/api/v1/devices", "devices",
             {{"name", "NAME"}, {"macs", "MACS"}, {"smbios_uuid", "UUID"}, {"serial", "SERIAL"}});
}

void add_collection_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("collection", "Sets of computers");
    family->require_subcommand(1);
    auto options = std::make_shared<CollectionOptions>();
    auto* add = family->add_subcommand("add", "Make a collection");
    add->add_option("name", options->name, "Its name")->required();
    run_on_site<CollectionOptions>(
        add, run, options, [](SiteClient& site, const CollectionOptions& chosen) -> Status {
            TRY(site.post("/api/v1/collections", Value::map().set("name", chosen.name)));
            std::printf("collection %s added\n", chosen.name.c_str());
            return {};
        });
    auto* members = family->add_subcommand("add-member", "Add computers to it");
    members->add_option("name", options->name, "Collection")->required();
    members->add_option("device", options->devices, "Devices")->required();
    run_on_site<CollectionOptions>(members, run, options, add_members);
    add_list(family, run, "/api/v1/collections", "collections",
             {{"name", "NAME"}, {"members", "MEMBERS"}});
}

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
    add_list(family, run, "/api/v1/sequences", "sequences",
             {{"name", "NAME"}, {"version", "VERSION"}});
}

void add_deploy_commands(CLI::App& app, Run& run) {
    auto options = std::make_shared<DeployOptions>();
    auto* deploy_command = app.add_subcommand("deploy", "Deploy a task sequence to a collection");
    deploy_command->add_option("sequence", options->sequence, "Task sequence")->required();
    deploy_command->add_option("--to", options->collection, "Collection")->required();
    deploy_command->add_option("--start-at", options->start_at, "Start at so many computers");
    deploy_command->add_option("--or-after", options->or_after,
                               "... or so many seconds after the first, whichever comes first");
    run_on_site<DeployOptions>(deploy_command, run, options, deploy);
    auto* family = app.add_subcommand("deployment", "Deployments");
    family->require_subcommand(1);
    auto id = std::make_shared<std::string>();
    auto* cancel = family->add_subcommand("cancel", "No computer starts it any more");
    cancel->add_option("deployment", *id, "Its number")->required();
    run_on_site<std::string>(
        cancel, run, id, [](SiteClient& site, const std::string& deployment) -> Status {
            TRY(site.post("/api/v1/deployments/" + escape(deployment) + "/cancel", Value::map()));
            std::printf("deployment %s cancelled\n", deployment.c_str());
            return {};
        });
    add_list(
        family, run, "/api/v1/deployments", "deployments",
        {{"id", "ID"}, {"sequence", "SEQUENCE"}, {"collection", "COLLECTION"}, {"state", "STATE"}});
}

void add_session_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("session", "Multicast sessions");
    family->require_subcommand(1);
    auto id = std::make_shared<std::string>();
    auto* start = family->add_subcommand("start", "Start a waiting session now");
    start->add_option("session", *id, "Its number")->required();
    run_on_site<std::string>(
        start, run, id, [](SiteClient& site, const std::string& session) -> Status {
            TRY(site.post("/api/v1/sessions/" + escape(session) + "/start", Value::map()));
            return {};
        });
    add_list(family, run, "/api/v1/sessions", "sessions",
             {{"session", "SESSION"},
              {"deployment", "DEPLOYMENT"},
              {"image", "IMAGE"},
              {"state", "STATE"},
              {"live_members", "MEMBERS"}});
}

}  // namespace muster::cli
