// SPDX-License-Identifier: GPL-3.0-or-later
#include "sequence/task_sequence.h"
#include "server/api.h"
#include "server/clock.h"
#include "server/documents.h"
#include "site/names.h"
#include "text/yaml.h"

namespace muster::server {

namespace {

Result<Answer> add_sequence(ApiParts& parts, const Value& body) {
    const std::string text = TRY(body.string_at("text"));
    const auto tree = TRY(text::parse_yaml(text, "task sequence"));
    const auto sequence = TRY(sequence::parse(tree));
    TRY(site::check_name("task sequence", sequence.name));
    return Answer{201,
                  document(TRY(parts.database.sequences().add(sequence.name, text, wall_now())))};
}

}  // namespace

void add_sequence_operations(Router& router, ApiParts& parts) {
    router.on("listSequences", [&parts](const Request& request) -> Result<Answer> {
        const std::string name = TRY(request.query.string_or("name", ""));
        Value list = Value::list();
        for (const auto& one : TRY(parts.database.sequences().list())) {
            if (name.empty() || site::matches_wildcard(name, one.name)) list.push(document(one));
        }
        return Answer{200, Value::map().set("items", std::move(list))};
    });
    router.on("addSequence",
              [&parts](const Request& request) { return add_sequence(parts, request.body); });
    router.on("showSequence", [&parts](const Request& request) -> Result<Answer> {
        return Answer{200,
                      document(TRY(parts.database.sequences().find(request.path.at("sequence"))))};
    });
    router.on("removeSequence", [&parts](const Request& request) -> Result<Answer> {
        const auto sequence = TRY(parts.database.sequences().find(request.path.at("sequence")));
        TRY(parts.database.sequences().remove(request.path.at("sequence")));
        return removed(sequence.name);
    });
}

}  // namespace muster::server
