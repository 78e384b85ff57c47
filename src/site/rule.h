// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rule of a collection: which devices are in it by what is known of them.
//
//   Model like 'OptiPlex*' and Memory >= 8 GB and not (Firmware = 'BIOS' or TPMVersion is not set)
//
//   rule       = and-part { "or" and-part }
//   and-part   = not-part { "and" not-part }
//   not-part   = "not" not-part | "(" rule ")" | comparison
//   comparison = NAME ( "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) literal
//              | NAME "like" text | NAME "in" "(" literal { "," literal } ")"
//              | NAME "is" [ "not" ] "set"
//   literal    = text in single or double quotes (the quote itself doubled) | "true" | "false"
//              | number [ KB MB GB TB, or KiB and so on; both are powers of two ]
//
// Words and names are the same in any case, and text is compared ignoring the case of ASCII
// letters. In "like", * stands for any characters and ? for one. A comparison with an attribute of
// several texts holds when it holds for one of them; so "MACAddress != 'x'" holds for a computer
// that has x and another one, and "not MACAddress = 'x'" does not.
//
// A comparison with an attribute the device does not have is false, also "!=", and "not" of it is
// true. Two values of logic, not SQL's three: a person can follow them, and explain() says which
// attribute was missing. "is not set" is the one comparison that is true then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "site/attributes.h"

namespace muster::site {

inline constexpr std::size_t kMaxRuleCharacters = 4000;
inline constexpr std::size_t kMaxRuleDepth = 64;  // of parentheses and "not" within each other

enum class RuleOperator {
    equal,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    like,
    in,
    is_set,
    is_not_set,
};
std::string_view to_string(RuleOperator op);

using RuleLiteral = std::variant<std::string, std::int64_t, bool>;

struct RuleComparison {
    std::uint32_t attribute = 0;  // index into Rule::attribute_names
    AttributeType type = AttributeType::text;
    RuleOperator op = RuleOperator::is_set;
    std::vector<RuleLiteral> literals;  // one; several for "in"; none for "is set"
    bool operator==(const RuleComparison&) const = default;
};

struct RuleTerm {
    enum class Kind { comparison, negation, all, any };
    Kind kind = Kind::comparison;
    RuleComparison comparison;    // of Kind::comparison
    std::vector<RuleTerm> terms;  // of the other kinds; "a and (b and c)" has three
    bool operator==(const RuleTerm&) const = default;
};

// Immutable; made by parse_rule.
class Rule {
public:
    bool matches(const Attributes& attributes) const;
    // For many devices: `values` has one entry for each of attribute_names(), nullptr for what the
    // device does not have.
    bool matches(std::span<const AttributeValue* const> values) const;
    // Which comparisons decided, without a full stop: "Model like 'Opti*' is true: it is 'OptiPlex
    // 7090'"; of several "the rule is false: Memory >= 8 GB is false (it is 4 GB)".
    std::string explain(const Attributes& attributes) const;
    // Each name once, as the table of known attributes has it.
    const std::vector<std::string>& attribute_names() const { return names_; }
    const RuleTerm& root() const { return root_; }
    bool operator==(const Rule&) const = default;

private:
    friend class RuleParser;
    Rule(RuleTerm root, std::vector<std::string> names)
        : root_(std::move(root)), names_(std::move(names)) {}
    RuleTerm root_;
    std::vector<std::string> names_;
};

// Errc::invalid_argument "column N: ...": not in the language (what was expected and what was
// found), an attribute that is not known (with the nearest name that is), an operator or a literal
// that does not fit the attribute's type. Without a column: longer than kMaxRuleCharacters, as
// typed or as to_string writes it.
Result<Rule> parse_rule(std::string_view text,
                        std::span<const AttributeSpec> known = known_attributes());

// One form for all spellings of a rule; parse_rule makes the same rule of it.
std::string to_string(const Rule& rule);

}  // namespace muster::site
