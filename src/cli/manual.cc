// SPDX-License-Identifier: GPL-3.0-or-later
//
// Completion for bash and the manual page, made from the definitions of the commands themselves, so
// that they cannot be behind: `muster completion`, `muster manual`.
#include "cli/command.h"
#include "cli/output.h"

#include <CLI/CLI.hpp>

namespace muster::cli {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); });
}

std::string options_of(const CLI::App& app) {
    std::string words;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) words += "--" + name + " ";
    }
    return words;
}

// "a case line a path": what may follow it.
void completion_cases(const CLI::App& app, const std::string& path, std::string& text) {
    std::string words;
    for (const auto* each : commands_of(app)) words += each->get_name() + " ";
    text += "        '" + path + "') words='" + words + options_of(app) + "' ;;\n";
    for (const auto* each : commands_of(app)) {
        completion_cases(*each, path.empty() ? each->get_name() : path + " " + each->get_name(),
                         text);
    }
}

std::string completion(const CLI::App& app) {
    std::string cases;
    completion_cases(app, "", cases);
    return "# bash completion of muster; load it with: eval \"$(muster completion)\"\n"
           "_muster() {\n"
           "    local path= word words=\n"
           "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        case $word in -*) ;; *) path=\"${path:+$path }$word\" ;; esac\n"
           "    done\n"
           "    while :; do\n"
           "        case $path in\n" +
           cases +
           "        *) if [[ $path == *' '* ]]; then path=${path% *}; continue; fi ;;\n"
           "        esac\n"
           "        break\n"
           "    done\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
           "    [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "
           "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
           "}\n"
           "complete -F _muster muster\n";
}

// What troff takes for an instruction.
std::string escaped(const std::string& text) {
    std::string out;
    for (char c : text) out += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
    if (!out.empty() && (out[0] == '.' || out[0] == '\'')) out.insert(0, "\\&");
    return out;
}

void manual_of(const CLI::App& app, const std::string& path, std::string& text) {
    std::string usage = path;
    for (const auto* option : app.get_options()) {
        if (option->get_positional()) usage += " " + option->get_name(true, false);
    }
    text += ".SS \"" + escaped(usage) + "\"\n" + escaped(app.get_description()) + "\n";
    for (const auto* option : app.get_options()) {
        if (option->get_description().empty()) continue;
        text += ".TP\n.B " + escaped(option->get_name(true, true)) + "\n" +
                escaped(option->get_description()) + "\n";
    }
    if (!app.get_footer().empty()) text += ".PP\n" + escaped(app.get_footer()) + "\n";
    for (const auto* each : commands_of(app)) {
        manual_of(*each, path + " " + each->get_name(), text);
    }
}

std::string manual(const CLI::App& app) {
    std::string text =
        ".TH MUSTER 8\n.SH NAME\nmuster \\- " + escaped(app.get_description()) + "\n.SH COMMANDS\n";
    for (const auto* each : commands_of(app)) manual_of(*each, "muster " + each->get_name(), text);
    return text +
           ".SH EXIT STATUS\n0: it was done; 1: it failed, and standard error says why; 2: wrong "
           "usage; 3: some computers did not end well; 4: nobody came.\n";
}

}  // namespace

void add_manual_commands(CLI::App& app, Run& run) {
    for (const auto& [name, help, make] :
         {std::tuple("completion", "Completion for bash", &completion),
          std::tuple("manual", "The manual page, for man -l", &manual)}) {
        app.add_subcommand(name, help)->callback([&app, &run, make = make] {
            run = [&app, make] {
                std::printf("%s", make(app).c_str());
                return kOk;
            };
        });
    }
}

}  // namespace muster::cli
