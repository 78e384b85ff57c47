// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/site_command.h"

#include "cli/fields.h"
#include "text/json.h"

namespace muster::cli {

namespace {

std::string text_of(const Value& value) {
    if (const auto* text = value.as_string()) return *text;
    if (value.is_null()) return "";
    if (const auto* list = value.as_list()) {
        std::string text;
        for (const auto& item : *list) text += (text.empty() ? "" : ", ") + text_of(item);
        return text;
    }
    return text::to_json(value);
}

void describe(const Value& value, const std::string& indent, std::string& text) {
    for (const auto& [key, member, location] : *value.as_map()) {
        const auto* list = member.as_list();
        const bool of_maps = list != nullptr && !list->empty() && list->front().as_map() != nullptr;
        if (member.as_map() != nullptr) {
            text += indent + key + ":\n";
            describe(member, indent + "  ", text);
        } else if (of_maps) {
            text += indent + key + ":\n";
            for (const auto& item : *list) text += indent + "  " + text::to_json(item) + "\n";
        } else {
            text += indent + key + ": " + text_of(member) + "\n";
        }
    }
}

struct Options {
    std::string name;
    std::vector<std::string> names;
    std::vector<std::string> fields;
    std::string reason;
    bool json = false;
};

void print_json(const Value& document) {
    std::printf("%s\n", text::to_json_pretty(document).c_str());
}

}  // namespace

std::string cell(const Value& document, std::string_view key) {
    const Value* value = document.find(key);
    return value == nullptr ? "" : text_of(*value);
}

std::string described(const Value& document) {
    std::string text;
    if (document.as_map() != nullptr) describe(document, "", text);
    return text;
}

std::string counted(std::size_t count, const std::string& word) {
    return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

Result<Value> all_items(SiteClient& site, const std::string& target, const std::string& query) {
    Value items = Value::list();
    std::string after;
    do {
        const std::string join = query.empty() ? "?" : query + "&";
        const bool pages = target != "/api/v1/images" && target != "/api/v1/sequences" &&
                           target != "/api/v1/sessions" && target != "/api/v1/tokens" &&
                           target != "/api/v1/points" && target != "/api/v1/jobs";
        const std::string whole = pages ? join + "limit=1000" + after : query;
        const auto document = TRY(site.get(target + whole));
        const Value* page = document.find("items");
        if (page == nullptr || page->as_list() == nullptr) {
            return Error(Errc::corrupt, "the server's answer has no list of items");
        }
        for (const auto& item : *page->as_list()) items.push(item);
        const Value* next = document.find("next");
        if (next == nullptr || page->as_list()->empty()) break;
        after = next->as_string() != nullptr ? "&after=" + escape(*next->as_string())
                                             : "&before=" + text::to_json(*next);
    } while (true);
    return items;
}

void add_list(CLI::App* family, Run& run, const Kind& kind) {
    auto options = std::make_shared<Options>();
    auto* command = family->add_subcommand("list", "List them");
    command->add_flag("--json", options->json, "For programs");
    const bool named = kind.columns.front().first == "name" && kind.word != "token" &&
                       kind.word != "distribution point";
    if (named) command->add_option("--name", options->name, "Only these; * and ? are wildcards");
    run_on_site<Options>(
        command, run, options, [kind](SiteClient& site, const Options& chosen) -> Status {
            std::string query = kind.query;
            if (!chosen.name.empty()) {
                query += (query.empty() ? "?name=" : "&name=") + escape(chosen.name);
            }
            Value items = TRY(all_items(site, kind.target, query));
            if (chosen.json) {
                print_json(Value::map().set("items", std::move(items)));
                return {};
            }
            std::vector<std::string> header;
            for (const auto& column : kind.columns) header.push_back(column.second);
            Table table(header);
            for (const auto& item : *items.as_list()) {
                std::vector<std::string> cells;
                for (const auto& column : kind.columns) cells.push_back(cell(item, column.first));
                table.row(std::move(cells));
            }
            std::printf("%s", table.to_string().c_str());
            return {};
        });
}

void add_show(CLI::App* family, Run& run, const Kind& kind) {
    auto options = std::make_shared<Options>();
    auto* command = family->add_subcommand("show", "All of one " + kind.word);
    command->add_option("name", options->name, "Its name or number")->required();
    command->add_flag("--json", options->json, "For programs");
    run_on_site<Options>(
        command, run, options, [kind](SiteClient& site, const Options& chosen) -> Status {
            const auto document = TRY(site.get(kind.target + "/" + escape(chosen.name)));
            if (chosen.json) {
                print_json(document);
            } else {
                std::printf("%s", described(document).c_str());
            }
            return {};
        });
}

void add_set(CLI::App* family, Run& run, const Kind& kind) {
    if (kind.change.empty()) return;
    auto options = std::make_shared<Options>();
    auto* command = family->add_subcommand("set", "Change fields of a " + kind.word);
    command->add_option("name", options->name, "Its name or number")->required();
    command->add_option("fields", options->fields, "FIELD=VALUE; what there is: muster help fields")
        ->required();
    const server::ApiDescription description;
    command->footer("Fields: " + known_fields(description, kind.change));
    run_on_site<Options>(command, run, options,
                         [kind](SiteClient& site, const Options& chosen) -> Status {
                             const server::ApiDescription known;
                             const auto body = TRY(fields_body(known, kind.change, chosen.fields));
                             TRY(site.patch(kind.target + "/" + escape(chosen.name), body));
                             std::printf("%s %s changed\n", kind.word.c_str(), chosen.name.c_str());
                             return {};
                         });
}

void add_remove(CLI::App* family, Run& run, const Kind& kind) {
    if (!kind.can_be_removed) return;
    auto options = std::make_shared<Options>();
    auto* command = family->add_subcommand("remove", "Remove what nothing uses");
    command->add_option("names", options->names, "Names or numbers")->required();
    run_on_site<Options>(command, run, options,
                         [kind](SiteClient& site, const Options& chosen) -> Status {
                             for (const auto& name : chosen.names) {
                                 TRY(site.remove(kind.target + "/" + escape(name)));
                                 std::printf("%s %s removed\n", kind.word.c_str(), name.c_str());
                             }
                             return {};
                         });
}

void add_verbs(CLI::App* family, Run& run, const Kind& kind) {
    add_list(family, run, kind);
    add_show(family, run, kind);
    add_set(family, run, kind);
    add_remove(family, run, kind);
}

void add_verb(CLI::App* family, Run& run, const Kind& kind, const Verb& verb) {
    auto options = std::make_shared<Options>();
    auto* command = family->add_subcommand(verb.name, verb.help);
    command->add_option("name", options->name, "Its name or number")->required();
    if (verb.has_reason) command->add_option("--reason", options->reason, "Why, for the records");
    run_on_site<Options>(
        command, run, options, [kind, verb](SiteClient& site, const Options& chosen) -> Status {
            const std::string target = kind.target + "/" + escape(chosen.name) + verb.path;
            Value body = Value::map();
            if (!chosen.reason.empty()) body.set("reason", chosen.reason);
            const auto answer =
                TRY(verb.method == "GET" ? site.get(target) : site.post(target, body));
            if (!verb.said.empty()) std::printf("%s\n", cell(answer, verb.said).c_str());
            return {};
        });
}

}  // namespace muster::cli
