// SPDX-License-Identifier: GPL-3.0-or-later
//
// Computers, and collections of them.
#include "cli/fields.h"
#include "cli/site_command.h"
#include "store/files.h"
#include "text/json.h"

namespace muster::cli {

namespace {

struct DeviceOptions {
    std::string name;
    std::vector<std::string> macs;
    std::string uuid;
    std::string serial;
    std::string out;
    std::string action;
    std::string reason;
    std::string file;
    std::string value;
    std::vector<std::string> fields;
    bool secret = false;
};

std::string device_target(const std::string& name) { return "/api/v1/devices/" + escape(name); }

Status add_device(SiteClient& site, const DeviceOptions& options) {
    const server::ApiDescription description;
    Value body = TRY(fields_body(description, "addDevice", options.fields));
    body.set("name", options.name);
    if (!options.macs.empty()) {
        Value macs = Value::list();
        for (const auto& mac : options.macs) macs.push(mac);
        body.set("macs", std::move(macs));
    }
    if (!options.uuid.empty()) body.set("smbios_uuid", options.uuid);
    if (!options.serial.empty()) body.set("serial", options.serial);
    const auto device = TRY(site.post("/api/v1/devices", body));
    std::printf("device %s added\n", cell(device, "name").c_str());
    return {};
}

Status import_devices(SiteClient& site, const DeviceOptions& options) {
    Value body = Value::map();
    body.set("csv", TRY(store::read_text_file(options.file)));
    const auto answer = TRY(site.post("/api/v1/devices/import", body).context(options.file));
    std::printf("%s devices added: %s\n", cell(answer, "added").c_str(),
                cell(answer, "names").c_str());
    return {};
}

Status enrol_device(SiteClient& site, const DeviceOptions& options) {
    auto enrolment = TRY(site.post(device_target(options.name) + "/token", Value::map()));
    enrolment.set("server", site.server());
    TRY(store::write_private_file(options.out, text::to_json(enrolment) + "\n"));
    std::printf("device %s enrolled, its token is in %s (an earlier one is void)\n",
                options.name.c_str(), options.out.c_str());
    return {};
}

Status control_device(SiteClient& site, const DeviceOptions& options) {
    Value body = Value::map();
    body.set("action", options.action).set("reason", options.reason);
    const auto answer = TRY(site.post(device_target(options.name) + "/control", body));
    std::printf("%s\n", cell(answer, "message").c_str());
    return {};
}

// NAME=VALUE; without '=' the variable is removed.
Status set_variable(SiteClient& site, const std::string& owner, const DeviceOptions& options) {
    for (const auto& field : options.fields) {
        const auto equals = field.find('=');
        const std::string name = field.substr(0, equals);
        const std::string target = owner + "/variables/" + escape(name);
        if (equals == std::string::npos) {
            TRY(site.remove(target));
            std::printf("%s removed\n", name.c_str());
            continue;
        }
        Value body = Value::map();
        body.set("value", field.substr(equals + 1)).set("secret", options.secret);
        TRY(site.put(target, body));
        std::printf("%s set\n", name.c_str());
    }
    return {};
}

void add_variable_command(CLI::App* family, Run& run, const std::string& kind) {
    auto options = std::make_shared<DeviceOptions>();
    auto* command = family->add_subcommand("variable", "Task sequence variables of a " + kind);
    command->add_option("name", options->name, "Its name")->required();
    command->add_option("variables", options->fields, "NAME=VALUE; NAME alone removes it")
        ->required();
    command->add_flag("--secret", options->secret, "Never shown again, never in a log");
    run_on_site<DeviceOptions>(
        command, run, options, [kind](SiteClient& site, const DeviceOptions& chosen) {
            return set_variable(site, "/api/v1/" + kind + "s/" + escape(chosen.name), chosen);
        });
}

struct CollectionOptions {
    std::string name;
    std::vector<std::string> devices;
    std::vector<std::string> fields;
};

std::string collection_target(const std::string& name) {
    return "/api/v1/collections/" + escape(name);
}

Status change_members(SiteClient& site, const CollectionOptions& options, bool add) {
    const std::string target = collection_target(options.name) + "/members";
    for (const auto& device : options.devices) {
        if (add) {
            TRY(site.post(target, Value::map().set("device", device)));
        } else {
            TRY(site.remove(target + "/" + escape(device)));
        }
    }
    std::printf("%s %s %s\n", counted(options.devices.size(), "device").c_str(),
                add ? "added to" : "removed from", options.name.c_str());
    return {};
}

}  // namespace

void add_device_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("device", "Computers");
    family->require_subcommand(1);
    auto options = std::make_shared<DeviceOptions>();
    auto* add = family->add_subcommand("add", "Make a computer known");
    add->add_option("name", options->name, "Its name")->required();
    add->add_option("fields", options->fields, "FIELD=VALUE");
    add->add_option("--mac", options->macs, "MAC address; repeat for several")
        ->allow_extra_args(false);
    add->add_option("--uuid", options->uuid, "SMBIOS UUID");
    add->add_option("--serial", options->serial, "Serial number");
    run_on_site<DeviceOptions>(add, run, options, add_device);
    auto* import = family->add_subcommand("import", "Computers from a CSV file, all or none");
    import
        ->add_option("file", options->file,
                     "Columns: name, mac, smbios guid, serial, collection, "
                     "variable:NAME")
        ->required();
    run_on_site<DeviceOptions>(import, run, options, import_devices);
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
    const Kind kind{"device",
                    "/api/v1/devices",
                    "setDevice",
                    true,
                    {{"name", "NAME"},
                     {"macs", "MACS"},
                     {"smbios_uuid", "UUID"},
                     {"serial", "SERIAL"},
                     {"approval", "APPROVAL"},
                     {"connected", "CONNECTED"}},
                    ""};
    add_verbs(family, run, kind);
    add_variable_command(family, run, "device");
    add_verb(family, run, kind,
             {"approve", "Let an unknown computer run deployments", "POST", "/approve", "", false});
    add_verb(family, run, kind,
             {"explain", "What it does now, and why", "GET", "/explain", "reason", false});
}

void add_collection_commands(CLI::App& app, Run& run) {
    auto* family = app.add_subcommand("collection", "Sets of computers");
    family->require_subcommand(1);
    auto options = std::make_shared<CollectionOptions>();
    auto* add = family->add_subcommand("add", "Make a collection");
    add->add_option("name", options->name, "Its name")->required();
    add->add_option("fields", options->fields,
                    "FIELD=VALUE, such as rules=\"Model like 'OptiPlex*'\"");
    run_on_site<CollectionOptions>(
        add, run, options, [](SiteClient& site, const CollectionOptions& chosen) -> Status {
            const server::ApiDescription description;
            Value body = TRY(fields_body(description, "addCollection", chosen.fields));
            const auto made = TRY(site.post("/api/v1/collections", body.set("name", chosen.name)));
            std::printf(
                "collection %s added, %s in it\n", chosen.name.c_str(),
                counted(static_cast<std::size_t>(TRY(made.int_at("count"))), "device").c_str());
            return {};
        });
    for (const bool adds : {true, false}) {
        auto* members =
            family->add_subcommand(adds ? "add-member" : "remove-member",
                                   adds ? "Add computers to it" : "Take computers out of it");
        members->add_option("name", options->name, "Collection")->required();
        members->add_option("device", options->devices, "Devices")->required();
        run_on_site<CollectionOptions>(members, run, options,
                                       [adds](SiteClient& site, const CollectionOptions& chosen) {
                                           return change_members(site, chosen, adds);
                                       });
    }
    auto* list = family->add_subcommand("members", "Who is in it now, by whatever rule");
    list->add_option("name", options->name, "Collection")->required();
    run_on_site<CollectionOptions>(
        list, run, options, [](SiteClient& site, const CollectionOptions& chosen) -> Status {
            const auto items = TRY(all_items(site, collection_target(chosen.name) + "/members"));
            for (const auto& item : *items.as_list()) {
                std::printf("%s\n", cell(item, "name").c_str());
            }
            return {};
        });
    auto* explain = family->add_subcommand("explain", "Why a computer is in it, or why not");
    explain->add_option("name", options->name, "Collection")->required();
    explain->add_option("device", options->devices, "Devices")->required();
    run_on_site<CollectionOptions>(
        explain, run, options, [](SiteClient& site, const CollectionOptions& chosen) -> Status {
            for (const auto& device : chosen.devices) {
                const auto answer =
                    TRY(site.get(collection_target(chosen.name) + "/explain/" + escape(device)));
                std::printf("%s\n", cell(answer, "reason").c_str());
            }
            return {};
        });
    add_verbs(
        family, run,
        {"collection",
         "/api/v1/collections",
         "setCollection",
         true,
         {{"name", "NAME"}, {"count", "COMPUTERS"}, {"rules", "RULES"}, {"comment", "COMMENT"}},
         ""});
    add_variable_command(family, run, "collection");
}

}  // namespace muster::cli
