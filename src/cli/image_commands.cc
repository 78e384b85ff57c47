// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>

#include "cli/fields.h"
#include "cli/site_command.h"
#include "net/monotonic.h"
#include "net/poll.h"

namespace muster::cli {

namespace {

struct ImageOptions {
    std::string name;
    std::string path;
    std::string version;
    std::string comment;
    std::vector<std::string> fields;
    bool multicast_only = false;
    bool repair = true;
};

// Shows a job until it has ended. An error is what the job says.
Status follow(SiteClient& site, const Value& accepted, const std::string& name) {
    const std::string target = "/api/v1/jobs/" + cell(accepted, "job");
    ProgressLine line;
    while (true) {
        const auto job = TRY(site.get(target));
        const std::string state = cell(job, "state");
        if (state == "failed") return Error(Errc::internal, cell(job, "error"));
        if (state == "succeeded") return {};
        const double done = TRY(job.number_or("progress", 0));
        line.show(name + ": " + cell(job, "stage") + " " + bar(done, 24));
        net::sleep_until(net::monotonic_now() + std::chrono::milliseconds(200));
    }
}

Status add_image(SiteClient& site, const ImageOptions& options) {
    const server::ApiDescription description;
    Value body = TRY(fields_body(description, "addImage", options.fields));
    std::error_code failure;
    const auto path = std::filesystem::absolute(options.path, failure);
    body.set("name", options.name).set("path", failure ? options.path : path.string());
    if (!options.version.empty()) body.set("version", options.version);
    if (!options.comment.empty()) body.set("comment", options.comment);
    if (options.multicast_only) body.set("multicast_only", true);
    TRY(follow(site, TRY(site.post("/api/v1/images", body)), options.name));
    const auto image = TRY(site.get("/api/v1/images/" + escape(options.name)));
    std::printf("image %s version %s: %s, id %s\n", cell(image, "name").c_str(),
                cell(image, "version").c_str(),
                human_bytes(static_cast<std::uint64_t>(TRY(image.int_at("image_bytes")))).c_str(),
                cell(image, "content_id").c_str());
    return {};
}

Status validate_image(SiteClient& site, const ImageOptions& options) {
    Value body = Value::map();
    body.set("repair", options.repair);
    const std::string target = "/api/v1/images/" + escape(options.name);
    TRY(follow(site, TRY(site.post(target + "/validate", body)), options.name));
    const auto image = TRY(site.get(target));
    for (const auto& point : *image.find("points")->as_list()) {
        std::printf("image %s on %s: %s%s%s\n", options.name.c_str(), cell(point, "point").c_str(),
                    cell(point, "state").c_str(), cell(point, "detail").empty() ? "" : ": ",
                    cell(point, "detail").c_str());
    }
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
    add->add_option("fields", options->fields, "FIELD=VALUE");
    add->add_option("--version", options->version, "Your version, default 1");
    add->add_option("--comment", options->comment, "Free text");
    add->add_flag("--multicast-only", options->multicast_only,
                  "Transfer this package only via multicast");
    run_on_site<ImageOptions>(add, run, options, add_image);
    auto* validate = family->add_subcommand("validate", "Compare what is stored with its hashes");
    validate->add_option("name", options->name, "Name")->required();
    validate->add_flag("--repair,!--no-repair", options->repair,
                       "Take damaged blocks from the original (default)");
    run_on_site<ImageOptions>(validate, run, options, validate_image);
    add_verbs(family, run,
              {"image",
               "/api/v1/images",
               "setImage",
               true,
               {{"name", "NAME"},
                {"version", "VERSION"},
                {"image_bytes", "BYTES"},
                {"state", "STATE"},
                {"priority", "PRIORITY"},
                {"multicast_only", "MULTICAST ONLY"},
                {"content_id", "ID"}},
               ""});
}

}  // namespace muster::cli
