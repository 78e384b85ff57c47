// SPDX-License-Identifier: GPL-3.0-or-later
//
// By descent, one function for each line of the grammar in rule.h. The depth is counted where it
// grows, so that the stack is bounded whatever was typed.
#include <algorithm>
#include <array>
#include <optional>

#include "site/ascii.h"
#include "site/names.h"
#include "site/rule.h"
#include "site/text_cursor.h"

namespace muster::site {

namespace {

constexpr std::size_t kMaxNameBytes = 256;

bool is_name_character(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
}

bool is_keyword(std::string_view word) {
    constexpr std::array<std::string_view, 9> kKeywords = {"and", "or",  "not",  "like", "in",
                                                           "is",  "set", "true", "false"};
    return std::ranges::any_of(
        kKeywords, [&](std::string_view keyword) { return equal_ignoring_case(word, keyword); });
}

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

Status check_length(std::string_view text, std::string_view what) {
    constexpr std::size_t kMaxCharacterBytes = 4;
    const std::size_t characters = count_characters(text);
    if (characters <= kMaxRuleCharacters &&
        text.size() <= kMaxRuleCharacters * kMaxCharacterBytes) {
        return {};
    }
    return Error(Errc::invalid_argument, std::string(what) + " has " + std::to_string(characters) +
                                             " characters, at most " +
                                             std::to_string(kMaxRuleCharacters) + " are allowed");
}

std::string_view literal_for(AttributeType type) {
    switch (type) {
        case AttributeType::text:
        case AttributeType::texts: return "text in quotes";
        case AttributeType::number: return "a whole number";
        case AttributeType::bytes: return "a size like 8 GB";
        case AttributeType::truth: return "true or false";
        case AttributeType::variable: return "text in quotes, a number, true or false";
    }
    return "";
}

bool fits(const RuleLiteral& literal, AttributeType type, RuleOperator op) {
    const bool text = std::holds_alternative<std::string>(literal);
    const bool truth = std::holds_alternative<bool>(literal);
    if (op == RuleOperator::like && !text) return false;
    const bool ordered = op != RuleOperator::equal && op != RuleOperator::not_equal;
    switch (type) {
        case AttributeType::text:
        case AttributeType::texts: return text;
        case AttributeType::number:
        case AttributeType::bytes: return !text && !truth;
        case AttributeType::truth: return truth;
        case AttributeType::variable: return !truth || !ordered;
    }
    return false;
}

}  // namespace

class RuleParser {
public:
    RuleParser(std::string_view text, std::span<const AttributeSpec> known)
        : cursor_(text), known_(known) {}

    Result<Rule> parse() {
        RuleTerm root = TRY(parse_joined(RuleTerm::Kind::any, 0));
        if (!cursor_.at_end()) return cursor_.expected("'and', 'or' or the end of the rule");
        return Rule(std::move(root), std::move(names_));
    }

private:
    Result<RuleTerm> parse_joined(RuleTerm::Kind kind, std::size_t depth) {
        const bool any = kind == RuleTerm::Kind::any;
        RuleTerm joined{kind, {}, {}};
        do {
            RuleTerm part =
                TRY(any ? parse_joined(RuleTerm::Kind::all, depth) : parse_negation(depth));
            if (part.kind == kind) {
                std::ranges::move(part.terms, std::back_inserter(joined.terms));
            } else {
                joined.terms.push_back(std::move(part));
            }
            cursor_.skip_blanks();
        } while (cursor_.take_word(any ? "or" : "and"));
        if (joined.terms.size() > 1) return joined;
        return RuleTerm(std::move(joined.terms[0]));
    }

    Result<RuleTerm> parse_negation(std::size_t depth) {
        cursor_.skip_blanks();
        if (depth > kMaxRuleDepth) {
            return cursor_.error_at(cursor_.offset(),
                                    "more than " + std::to_string(kMaxRuleDepth) +
                                        " parentheses and 'not' within each other");
        }
        if (cursor_.take_word("not")) {
            RuleTerm negation{RuleTerm::Kind::negation, {}, {}};
            negation.terms.push_back(TRY(parse_negation(depth + 1)));
            return negation;
        }
        if (!cursor_.take('(')) return parse_comparison();
        RuleTerm inner = TRY(parse_joined(RuleTerm::Kind::any, depth + 1));
        if (!cursor_.take(')')) return cursor_.expected("'and', 'or' or ')'");
        return inner;
    }

    Result<RuleTerm> parse_comparison() {
        const std::size_t begin = cursor_.offset();
        const std::string_view name = cursor_.take_while(is_name_character);
        if (name.empty() || is_keyword(name)) {
            return cursor_.expected_at(begin, "the name of an attribute, 'not' or '('");
        }
        spec_ = find_attribute(known_, name);
        if (spec_ == nullptr) return cursor_.error_at(begin, unknown(name));
        name_ = spec_->name.ends_with('.')
                    ? std::string(spec_->name) + std::string(name.substr(spec_->name.size()))
                    : std::string(spec_->name);
        if (name_.size() > kMaxNameBytes) {
            return cursor_.error_at(begin, "a name of more than 256 characters");
        }
        RuleTerm term;
        term.comparison.attribute = slot_of(name_);
        term.comparison.type = spec_->type;
        term.comparison.op = TRY(parse_operator());
        TRY(parse_literals(term.comparison));
        return term;
    }

    std::string unknown(std::string_view name) const {
        std::vector<std::string_view> names;
        std::string listed;
        for (const auto& spec : known_) {
            names.push_back(spec.name);
            if (!spec.alias.empty()) names.push_back(spec.alias);
            listed += (listed.empty() ? "" : ", ") + std::string(spec.name) +
                      (spec.name.ends_with('.') ? "NAME" : "");
        }
        const auto nearest = nearest_word(name, names);
        return "unknown attribute '" + printable(name) + "', " +
               (nearest.empty() ? "known are " + listed : "did you mean " + std::string(nearest)) +
               (nearest.empty() ? "" : "?");
    }

    std::uint32_t slot_of(const std::string& name) {
        const auto place = std::ranges::find_if(
            names_, [&](const std::string& known) { return equal_ignoring_case(known, name); });
        const auto slot = static_cast<std::uint32_t>(place - names_.begin());
        if (place == names_.end()) names_.push_back(name);
        return slot;
    }

    Result<RuleOperator> parse_operator() {
        cursor_.skip_blanks();
        const std::size_t begin = cursor_.offset();
        const auto op = TRY(take_operator());
        const bool ordered = op >= RuleOperator::less && op <= RuleOperator::like;
        if (spec_->type == AttributeType::truth && (ordered || op == RuleOperator::in)) {
            return cursor_.expected_at(begin, "= or !=, " + name_ + " is true or false");
        }
        const bool number = spec_->type == AttributeType::number;
        if (op == RuleOperator::like && (number || spec_->type == AttributeType::bytes)) {
            return cursor_.expected_at(begin, "=, !=, <, <=, > or >=, " + name_ + " is a number");
        }
        return op;
    }

    Result<RuleOperator> take_operator() {
        if (cursor_.take('=')) return RuleOperator::equal;
        if (cursor_.take('<')) {
            if (cursor_.take('>')) return RuleOperator::not_equal;
            return cursor_.take('=') ? RuleOperator::less_or_equal : RuleOperator::less;
        }
        if (cursor_.take('>')) {
            return cursor_.take('=') ? RuleOperator::greater_or_equal : RuleOperator::greater;
        }
        if (cursor_.rest().starts_with("!=")) {
            cursor_.skip(2);
            return RuleOperator::not_equal;
        }
        if (cursor_.take_word("like")) return RuleOperator::like;
        if (cursor_.take_word("in")) return RuleOperator::in;
        if (cursor_.take_word("is")) {
            cursor_.skip_blanks();
            const bool negated = cursor_.take_word("not");
            cursor_.skip_blanks();
            if (!cursor_.take_word("set")) {
                return cursor_.expected(negated ? "'set'" : "'set' or 'not set'");
            }
            return negated ? RuleOperator::is_not_set : RuleOperator::is_set;
        }
        const std::size_t here = cursor_.offset();
        if (cursor_.take_word("not")) {
            return cursor_.error_at(here, "'not' stands before the attribute: not " + name_ +
                                              " like ..., not " + name_ + " in (...)");
        }
        return cursor_.expected("a comparison: =, !=, <, <=, >, >=, like, in, is set, is not set");
    }

    Status parse_literals(RuleComparison& comparison) {
        if (comparison.op == RuleOperator::is_set || comparison.op == RuleOperator::is_not_set) {
            return {};
        }
        const bool list = comparison.op == RuleOperator::in;
        cursor_.skip_blanks();
        if (list && !cursor_.take('(')) return cursor_.expected("'(' and a list");
        do {
            comparison.literals.push_back(TRY(parse_literal(comparison.op)));
            if (list) cursor_.skip_blanks();
        } while (list && cursor_.take(','));
        if (list && !cursor_.take(')')) return cursor_.expected("',' or ')'");
        return {};
    }

    Result<RuleLiteral> parse_literal(RuleOperator op) {
        cursor_.skip_blanks();
        const std::size_t begin = cursor_.offset();
        const auto misfit = [&] {
            const auto what =
                op == RuleOperator::like ? "text in quotes" : literal_for(spec_->type);
            return cursor_.expected_at(begin, std::string(what) + " to compare " + name_ + " with");
        };
        std::optional<RuleLiteral> literal;
        if (cursor_.peek() == '\'' || cursor_.peek() == '"') {
            literal = TRY(parse_text(op));
        } else if (is_digit(cursor_.peek())) {
            literal = TRY(parse_number());
        } else if (cursor_.take_word("true")) {
            literal = true;
        } else if (cursor_.take_word("false")) {
            literal = false;
        }
        if (!literal || !fits(*literal, spec_->type, op)) return misfit();
        return *literal;
    }

    Result<RuleLiteral> parse_text(RuleOperator op) {
        const std::size_t begin = cursor_.offset();
        const char quote = cursor_.peek();
        std::string text;
        cursor_.skip(1);
        for (;; cursor_.skip(1)) {
            if (cursor_.at_end()) {
                return cursor_.error_at(begin, "text without its closing " + std::string(1, quote));
            }
            if (cursor_.peek() == quote) {
                cursor_.skip(1);
                if (cursor_.peek() != quote || cursor_.at_end()) break;
            }
            text += cursor_.peek();
        }
        if (auto sound = check_text("text", text, kMaxRuleCharacters); !sound) {
            return cursor_.error_at(begin, sound.error().message());
        }
        const bool whole =
            op == RuleOperator::equal || op == RuleOperator::not_equal || op == RuleOperator::in;
        if (!whole || spec_->stored_form == nullptr) return RuleLiteral(std::move(text));
        auto stored = spec_->stored_form(text);
        if (!stored) return cursor_.error_at(begin, stored.error().message());
        return RuleLiteral(std::move(*stored));
    }

    Result<RuleLiteral> parse_number();

    TextCursor cursor_;
    std::span<const AttributeSpec> known_;
    std::vector<std::string> names_;
    // Of the comparison that is being read.
    const AttributeSpec* spec_ = nullptr;
    std::string name_;
};

namespace {

struct Unit {
    std::string_view name;
    std::int64_t bytes;
};
constexpr std::array kUnits = {
    Unit{"KB", 1LL << 10},  Unit{"MB", 1LL << 20},  Unit{"GB", 1LL << 30},  Unit{"TB", 1LL << 40},
    Unit{"KiB", 1LL << 10}, Unit{"MiB", 1LL << 20}, Unit{"GiB", 1LL << 30}, Unit{"TiB", 1LL << 40}};

const Unit* take_unit(TextCursor& cursor) {
    for (const auto& unit : kUnits) {
        if (cursor.take_word(unit.name)) return &unit;
    }
    return nullptr;
}

}  // namespace

Result<RuleLiteral> RuleParser::parse_number() {
    const std::size_t begin = cursor_.offset();
    const Decimal number = *cursor_.take_decimal();
    TextCursor ahead = cursor_;
    ahead.skip_blanks();
    const Unit* unit = take_unit(ahead);
    if (unit != nullptr) {
        cursor_ = ahead;
    } else if (is_name_character(cursor_.peek())) {
        return cursor_.expected("a number with an optional unit KB, MB, GB or TB");
    }
    if (unit != nullptr && spec_->type != AttributeType::bytes) {
        return cursor_.error_at(begin, name_ + " is no size: write the value without a unit");
    }
    if (unit == nullptr && !number.fraction.empty()) {
        return cursor_.expected_at(begin, "a whole number, or one with a unit");
    }
    const auto value = scaled(number, unit == nullptr ? 1 : unit->bytes);
    if (!value) return cursor_.error_at(begin, "the number has too many digits");
    return RuleLiteral(*value);
}

Result<Rule> parse_rule(std::string_view text, std::span<const AttributeSpec> known) {
    TRY(check_length(text, "the rule"));
    Rule rule = TRY(RuleParser(text, known).parse());
    TRY(check_length(to_string(rule), "the rule written out"));
    return rule;
}

}  // namespace muster::site
