// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/csv.h"

#include <algorithm>
#include <optional>

#include "site/ascii.h"

namespace muster::site {

namespace {

char find_separator(std::string_view text) {
    std::ptrdiff_t commas = 0;
    std::ptrdiff_t semicolons = 0;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == '\n') break;
        if (c == ',') ++commas;
        if (c == ';') ++semicolons;
    }
    return semicolons > commas ? ';' : ',';
}

class CsvReader {
public:
    explicit CsvReader(std::string_view text) : text_(text) {
        constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
        if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
        separator_ = find_separator(text_);
    }

    CsvTable read() {
        while (!at_end() && table_.faults.empty()) {
            CsvRecord record = read_record();
            const bool empty = std::ranges::all_of(
                record, [](const CsvField& field) { return trimmed(field.text).empty(); });
            if (!empty && table_.faults.empty()) table_.records.push_back(std::move(record));
        }
        return std::move(table_);
    }

private:
    bool at_end() const { return offset_ == text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[offset_]; }
    bool at_line_end() const {
        return at_end() || text_[offset_] == '\n' || text_.substr(offset_, 2) == "\r\n";
    }

    void advance() {
        const char passed = text_[offset_++];
        if (passed == '\n') {
            ++place_.line;
            place_.column = 1;
        } else if (!is_continuation(passed)) {
            ++place_.column;
        }
    }

    void fault(Location at, std::string message) {
        table_.faults.push_back({at, std::move(message)});
    }

    CsvRecord read_record() {
        CsvRecord record;
        for (;;) {
            CsvField field;
            field.at = place_;
            if (peek() == '"') {
                read_quoted(field);
            } else {
                read_plain(field);
            }
            record.push_back(std::move(field));
            if (at_line_end() || !table_.faults.empty()) break;
            advance();
        }
        if (peek() == '\r') advance();
        if (!at_end()) advance();
        return record;
    }

    void read_plain(CsvField& field) {
        while (!at_line_end() && peek() != separator_) {
            if (peek() == '"') {
                fault(place_, "a quote inside a field that does not begin with one");
                return;
            }
            field.text += peek();
            advance();
        }
    }

    void read_quoted(CsvField& field) {
        advance();
        for (;; advance()) {
            if (at_end()) {
                fault(field.at, "a quote that is not closed");
                return;
            }
            if (peek() == '"') {
                advance();
                if (peek() != '"') break;
            }
            field.text += peek();
        }
        if (!at_line_end() && peek() != separator_) {
            fault(place_, "text behind a closing quote; a quote inside a field is written twice");
        }
    }

    std::string_view text_;
    char separator_ = ',';
    std::size_t offset_ = 0;
    Location place_{1, 1};
    CsvTable table_;
};

}  // namespace

CsvTable parse_csv(std::string_view text) { return CsvReader(text).read(); }

std::string csv_field(std::string_view text) {
    const bool plain = text.find_first_of("\",;\r\n") == std::string_view::npos;
    if (plain && trimmed(text) == text) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + "\"";
}

}  // namespace muster::site
