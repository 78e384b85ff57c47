// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/core_schema.h"

#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace muster::text {

namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    for (auto word : words) {
        if (text == word) return true;
    }
    return false;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at;
}

std::string_view without_sign(std::string_view text) {
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
    return text;
}

bool is_decimal(std::string_view text) {
    text = without_sign(text);
    return !text.empty() && skip_digits(text, 0) == text.size();
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
    text = without_sign(text);
    const std::size_t whole_end = skip_digits(text, 0);
    std::size_t at = whole_end;
    bool digits = whole_end > 0;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction_end = skip_digits(text, at + 1);
        digits = digits || fraction_end > at + 1;
        at = fraction_end;
    }
    if (!digits) return false;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        const std::size_t exponent_end = skip_digits(text, at);
        if (exponent_end == at) return false;
        at = exponent_end;
    }
    return at == text.size();
}

Result<Value> integer(std::string_view written, std::string_view digits, int base) {
    std::int64_t value = 0;
    const char* end = digits.data() + digits.size();
    auto [stop, problem] = std::from_chars(digits.data(), end, value, base);
    if (problem == std::errc() && stop == end) return Value(value);
    return Error(Errc::invalid_argument, std::string(written) +
                                             ": this whole number does not fit 64 bits (in quotes "
                                             "it would be a string)");
}

std::optional<Value> special_float(std::string_view text) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (one_of(text, {".nan", ".NaN", ".NAN"})) {
        return Value(std::numeric_limits<double>::quiet_NaN());
    }
    if (one_of(without_sign(text), {".inf", ".Inf", ".INF"})) {
        return Value(text[0] == '-' ? -kInfinity : kInfinity);
    }
    return std::nullopt;
}

bool only_of(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

Result<Value> core_schema_value(std::string_view plain) {
    if (one_of(plain, {"", "~", "null", "Null", "NULL"})) return Value();
    if (one_of(plain, {"true", "True", "TRUE"})) return Value(true);
    if (one_of(plain, {"false", "False", "FALSE"})) return Value(false);
    if (is_decimal(plain)) return integer(plain, plain.substr(plain[0] == '+' ? 1 : 0), 10);
    if (plain.starts_with("0o") && only_of(plain.substr(2), "01234567")) {
        return integer(plain, plain.substr(2), 8);
    }
    if (plain.starts_with("0x") && only_of(plain.substr(2), "0123456789abcdefABCDEF")) {
        return integer(plain, plain.substr(2), 16);
    }
    if (is_float(plain)) {
        const auto digits = plain.substr(plain[0] == '+' ? 1 : 0);
        double value = 0;
        auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (problem == std::errc()) return Value(value);
        return Error(Errc::invalid_argument, std::string(plain) + ": this number is out of range");
    }
    if (auto value = special_float(plain)) return *value;
    return Value(plain);
}

}  // namespace muster::text
