// SPDX-License-Identifier: GPL-3.0-or-later
//
// `muster apply -f site.yaml` and `muster export`.
#include "cli/site_command.h"
#include "cli/site_file.h"
#include "store/files.h"
#include "text/json.h"
#include "text/yaml.h"

namespace muster::cli {

namespace {

struct ApplyOptions {
    std::string file;
    bool dry_run = false;
};

Status carry_out(SiteClient& site, const Change& change) {
    auto answer = change.method == "POST"    ? site.post(change.target, change.body)
                  : change.method == "PATCH" ? site.patch(change.target, change.body)
                                             : site.put(change.target, change.body);
    return answer.ok() ? Status() : Status(answer.error().context(change.words));
}

Status apply(SiteClient& site, const ApplyOptions& options) {
    const std::string text = TRY(store::read_text_file(options.file));
    const auto described = TRY(text::parse_yaml(text, options.file));
    const auto changes = TRY(differences(site, described).context(options.file));
    for (const auto& change : changes) {
        std::printf("%s\n", change.words.c_str());
        std::fflush(stdout);
        if (!options.dry_run) TRY(carry_out(site, change));
    }
    if (changes.empty()) {
        std::printf("nothing to change\n");
    } else {
        std::printf("%s%s\n", counted(changes.size(), "change").c_str(),
                    options.dry_run ? ", not made (--dry-run)" : " made");
    }
    return {};
}

}  // namespace

void add_apply_commands(CLI::App& app, Run& run) {
    auto options = std::make_shared<ApplyOptions>();
    auto* command = app.add_subcommand("apply", "Bring the site to what a file describes");
    command->add_option("-f,--file", options->file, "YAML, as muster export writes it")->required();
    command->add_flag("--dry-run", options->dry_run, "Only say what would be changed");
    run_on_site<ApplyOptions>(command, run, options, apply);
    auto* out = app.add_subcommand("export", "The site as a file for muster apply; JSON is YAML");
    run_on_site<ApplyOptions>(out, run, options,
                              [](SiteClient& site, const ApplyOptions&) -> Status {
                                  const auto document = TRY(exported(site));
                                  std::printf("%s", text::to_json_pretty(document).c_str());
                                  return {};
                              });
}

}  // namespace muster::cli
