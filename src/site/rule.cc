// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/rule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "site/ascii.h"
#include "site/names.h"

namespace muster::site {

namespace {

constexpr std::array<std::string_view, 10> kOperators = {
    "=", "!=", "<", "<=", ">", ">=", "like", "in", "is set", "is not set"};

bool holds(std::strong_ordering order, RuleOperator op) {
    switch (op) {
        case RuleOperator::equal:
        case RuleOperator::in: return order == 0;
        case RuleOperator::not_equal: return order != 0;
        case RuleOperator::less: return order < 0;
        case RuleOperator::less_or_equal: return order <= 0;
        case RuleOperator::greater: return order > 0;
        case RuleOperator::greater_or_equal: return order >= 0;
        default: return false;
    }
}

// What a variable's text says when it is compared with a literal that is not text.
std::optional<RuleLiteral> read_as(std::string_view text, const RuleLiteral& wanted) {
    text = trimmed(text);
    if (std::holds_alternative<bool>(wanted)) {
        if (equal_ignoring_case(text, "true")) return RuleLiteral(true);
        if (equal_ignoring_case(text, "false")) return RuleLiteral(false);
        return std::nullopt;
    }
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return RuleLiteral(number);
}

template <typename T>
bool compare(const T& value, RuleOperator op, const RuleLiteral& literal) {
    const T* wanted = std::get_if<T>(&literal);
    return wanted != nullptr && holds(value <=> *wanted, op);
}

bool compare(const std::string& value, RuleOperator op, const RuleLiteral& literal) {
    const auto* wanted = std::get_if<std::string>(&literal);
    if (wanted != nullptr) {
        if (op == RuleOperator::like) return matches_wildcard(*wanted, value);
        if (op == RuleOperator::equal) return equal_ignoring_case(value, *wanted);
        return holds(compare_ignoring_case(value, *wanted), op);
    }
    const auto read = read_as(value, literal);
    if (!read) return false;
    if (const auto* flag = std::get_if<bool>(&*read)) return compare(*flag, op, literal);
    return compare(std::get<std::int64_t>(*read), op, literal);
}

bool compare(const std::vector<std::string>& values, RuleOperator op, const RuleLiteral& literal) {
    return std::ranges::any_of(
        values, [&](const std::string& value) { return compare(value, op, literal); });
}

bool holds(const RuleComparison& comparison, const AttributeValue* value) {
    if (comparison.op == RuleOperator::is_set) return value != nullptr;
    if (comparison.op == RuleOperator::is_not_set) return value == nullptr;
    if (value == nullptr) return false;
    return std::ranges::any_of(comparison.literals, [&](const RuleLiteral& literal) {
        return std::visit([&](const auto& known) { return compare(known, comparison.op, literal); },
                          *value);
    });
}

using Values = std::span<const AttributeValue* const>;

bool holds(const RuleTerm& term, Values values) {
    const auto one_holds = [&](const RuleTerm& inner) { return holds(inner, values); };
    switch (term.kind) {
        case RuleTerm::Kind::comparison:
            return holds(term.comparison, values[term.comparison.attribute]);
        case RuleTerm::Kind::negation: return !holds(term.terms[0], values);
        case RuleTerm::Kind::all: return std::ranges::all_of(term.terms, one_holds);
        case RuleTerm::Kind::any: return std::ranges::any_of(term.terms, one_holds);
    }
    return false;
}

// The comparisons that make `term` what it is: all of a true "and", the false ones of a false one.
void find_deciding(const RuleTerm& term, Values values,
                   std::vector<const RuleComparison*>& deciding) {
    if (term.kind == RuleTerm::Kind::comparison) {
        deciding.push_back(&term.comparison);
        return;
    }
    const bool outcome = holds(term, values);
    for (const auto& inner : term.terms) {
        if (term.kind == RuleTerm::Kind::negation || holds(inner, values) == outcome) {
            find_deciding(inner, values, deciding);
        }
    }
}

std::string quoted(std::string_view text) {
    const bool has_single = text.find('\'') != std::string_view::npos;
    const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
    std::string out(1, quote);
    for (const char c : text) out.append(c == quote ? 2 : 1, c);
    return out + quote;
}

std::string literal_text(const RuleLiteral& literal, AttributeType type) {
    if (const auto* text = std::get_if<std::string>(&literal)) return quoted(*text);
    if (const auto* flag = std::get_if<bool>(&literal)) return *flag ? "true" : "false";
    const std::int64_t number = std::get<std::int64_t>(literal);
    return type == AttributeType::bytes ? format_binary_size(number) : std::to_string(number);
}

std::string comparison_text(const RuleComparison& comparison,
                            const std::vector<std::string>& names) {
    std::string text = names[comparison.attribute] + " " + std::string(to_string(comparison.op));
    if (comparison.literals.empty()) return text;
    const bool list = comparison.op == RuleOperator::in;
    text += list ? " (" : " ";
    for (std::size_t i = 0; i < comparison.literals.size(); ++i) {
        text += (i > 0 ? ", " : "") + literal_text(comparison.literals[i], comparison.type);
    }
    return list ? text + ")" : text;
}

void write_term(const RuleTerm& term, const std::vector<std::string>& names, std::string& out) {
    using Kind = RuleTerm::Kind;
    if (term.kind == Kind::comparison) {
        out += comparison_text(term.comparison, names);
        return;
    }
    if (term.kind == Kind::negation) out += "not ";
    for (std::size_t i = 0; i < term.terms.size(); ++i) {
        if (i > 0) out += term.kind == Kind::all ? " and " : " or ";
        const auto& inner = term.terms[i];
        const bool loose =
            inner.kind == Kind::any || (inner.kind == Kind::all && term.kind == Kind::negation);
        if (loose) out += '(';
        write_term(inner, names, out);
        if (loose) out += ')';
    }
}

std::vector<const AttributeValue*> values_of(const Attributes& attributes,
                                             const std::vector<std::string>& names) {
    std::vector<const AttributeValue*> values;
    for (const auto& name : names) values.push_back(attributes.find(name));
    return values;
}

bool has_wildcard(const RuleComparison& comparison) {
    return comparison.op == RuleOperator::equal &&
           std::ranges::any_of(comparison.literals, [](const RuleLiteral& literal) {
               const auto* text = std::get_if<std::string>(&literal);
               return text != nullptr && text->find_first_of("*?") != std::string::npos;
           });
}

std::string what_it_is(const RuleComparison& comparison, const AttributeValue* value) {
    if (value == nullptr) return "this device has none";
    const auto* list = std::get_if<std::vector<std::string>>(value);
    const bool several = list != nullptr && list->size() > 1;
    std::string text = (several ? "they are " : "it is ") + describe(*value, comparison.type);
    if (has_wildcard(comparison) && !holds(comparison, value)) text += "; wildcards need like";
    return text;
}

}  // namespace

std::string_view to_string(RuleOperator op) { return kOperators[static_cast<std::size_t>(op)]; }

bool Rule::matches(Values values) const { return holds(root_, values); }

bool Rule::matches(const Attributes& attributes) const {
    return holds(root_, values_of(attributes, names_));
}

std::string Rule::explain(const Attributes& attributes) const {
    constexpr std::size_t kMaxShown = 6;
    const auto values = values_of(attributes, names_);
    const auto say = [](bool outcome) { return outcome ? " is true" : " is false"; };
    const auto describe_one = [&](const RuleComparison& comparison, const char* before,
                                  const char* after) {
        const auto* value = values[comparison.attribute];
        return comparison_text(comparison, names_) + say(holds(comparison, value)) + before +
               what_it_is(comparison, value) + after;
    };
    if (root_.kind == RuleTerm::Kind::comparison) return describe_one(root_.comparison, ": ", "");
    std::vector<const RuleComparison*> deciding;
    find_deciding(root_, values, deciding);
    std::string text = std::string("the rule") + say(holds(root_, values)) + ": ";
    for (std::size_t i = 0; i < std::min(deciding.size(), kMaxShown); ++i) {
        text += (i > 0 ? ", " : "") + describe_one(*deciding[i], " (", ")");
    }
    if (deciding.size() > kMaxShown) {
        text += " and " + std::to_string(deciding.size() - kMaxShown) + " more";
    }
    return text;
}

std::string to_string(const Rule& rule) {
    std::string out;
    write_term(rule.root(), rule.attribute_names(), out);
    return out;
}

}  // namespace muster::site
