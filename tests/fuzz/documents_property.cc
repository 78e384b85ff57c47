// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/check.h"
#include "properties.h"
#include "sequence/task_sequence.h"
#include "text/json.h"
#include "text/yaml.h"

namespace muster::fuzz {

namespace {

void check_tree(const Value& tree) {
    const auto parsed = sequence::parse(tree);
    CHECK(parsed.ok() == sequence::check(tree).empty());
    if (!parsed.ok()) return;
    const Value once = sequence::to_value(*parsed);
    const auto again = sequence::parse(once);
    CHECK(again.ok() && text::to_json(sequence::to_value(*again)) == text::to_json(once));
}

}  // namespace

void check_documents(ByteSpan input) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    if (const auto tree = text::parse_json(text); tree.ok()) {
        const std::string once = text::to_json(*tree);
        const auto again = text::parse_json(once);
        CHECK(again.ok() && text::to_json(*again) == once);
        check_tree(*tree);
    }
    if (const auto tree = text::parse_yaml(text, "sequence.yaml"); tree.ok()) check_tree(*tree);
}

}  // namespace muster::fuzz
