// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/device_import.h"

#include <algorithm>
#include <array>
#include <map>

#include "site/ascii.h"
#include "site/csv.h"
#include "site/device.h"
#include "site/device_match.h"
#include "site/names.h"
#include "site/text_cursor.h"

namespace muster::site {

namespace {

constexpr std::size_t kMaxVariableName = 256;
constexpr std::size_t kMaxVariableValue = 4000;
constexpr std::size_t kMaxSerial = 100;
constexpr std::string_view kVariablePrefix = "variable:";

enum class Column { name, mac, uuid, serial, collection, variable, unknown };

struct Spelling {
    std::string_view written;  // without blanks, '-' and '_'
    Column column;
};
constexpr std::array kSpellings = {
    Spelling{"name", Column::name},
    Spelling{"computername", Column::name},
    Spelling{"devicename", Column::name},
    Spelling{"hostname", Column::name},
    Spelling{"netbiosname", Column::name},
    Spelling{"mac", Column::mac},
    Spelling{"macs", Column::mac},
    Spelling{"macaddress", Column::mac},
    Spelling{"macaddresses", Column::mac},
    Spelling{"smbiosguid", Column::uuid},
    Spelling{"smbiosuuid", Column::uuid},
    Spelling{"biosguid", Column::uuid},
    Spelling{"guid", Column::uuid},
    Spelling{"uuid", Column::uuid},
    Spelling{"serial", Column::serial},
    Spelling{"serialnumber", Column::serial},
    Spelling{"collection", Column::collection},
    Spelling{"collectionname", Column::collection},
};
constexpr std::array<std::string_view, 6> kColumnNames = {"name",   "mac",        "smbios uuid",
                                                          "serial", "collection", "variable:NAME"};

struct Header {
    Column column = Column::unknown;
    std::string title;     // for messages, and what must not be there twice
    std::string variable;  // its name
};

std::string squeezed(std::string_view title) {
    std::string letters;
    for (const char c : title) {
        if (c != ' ' && c != '-' && c != '_') letters += lower(c);
    }
    return letters;
}

// "{...}" and UUIDs without hyphens, as other tools export them, into the form with hyphens.
std::string hyphenated(std::string_view uuid) {
    constexpr std::size_t kDigits = 32;
    if (uuid.size() > 2 && uuid.front() == '{' && uuid.back() == '}') {
        uuid = uuid.substr(1, uuid.size() - 2);
    }
    std::string text(uuid);
    if (text.size() != kDigits || !std::ranges::all_of(text, is_hex_digit)) return text;
    for (const std::size_t place : {20U, 16U, 12U, 8U}) text.insert(place, 1, '-');
    return text;
}

class Importer {
public:
    DeviceImport run(std::string_view file) {
        const bool wide = file.starts_with("\xff\xfe") || file.starts_with("\xfe\xff");
        if (wide || file.size() > kMaxImportBytes) {
            add({}, wide ? "the file is in UTF-16; save it as \"CSV UTF-8\""
                         : "the file has more than 16 MiB");
            return std::move(import_);
        }
        const CsvTable table = parse_csv(file);
        for (const auto& fault : table.faults) add(fault.at, fault.message);
        if (table.records.empty()) {
            if (table.faults.empty()) add({}, "the file has no lines");
            return std::move(import_);
        }
        read_header(table.records[0]);
        if (table.records.size() == 1 && table.faults.empty()) {
            add({}, "the file has a header and no computers");
        }
        for (std::size_t i = 1; i < table.records.size(); ++i) read_row(table.records[i]);
        if (!import_.faults.empty()) import_.rows.clear();
        std::ranges::stable_sort(import_.faults, {}, [](const ImportFault& fault) {
            return std::pair(fault.at.line, fault.at.column);
        });
        return std::move(import_);
    }

private:
    void add(Location at, std::string message) {
        import_.faults.push_back({at, std::move(message)});
    }
    void add(const CsvField& field, const Header& header, std::string_view message) {
        add(field.at, header.title + ": " + std::string(message));
    }

    void read_header(const CsvRecord& record) {
        for (const auto& field : record) {
            Header header = header_of(field);
            const auto same = [&](const Header& other) {
                return equal_ignoring_case(other.title, header.title);
            };
            if (header.column != Column::unknown && std::ranges::any_of(headers_, same)) {
                add(field.at, "column '" + header.title + "' is there twice");
            }
            headers_.push_back(std::move(header));
        }
        const bool named = std::ranges::any_of(
            headers_, [](const Header& header) { return header.column == Column::name; });
        if (!named) add(record[0].at, "no column 'name'");
    }

    Header header_of(const CsvField& field) {
        const std::string_view title = trimmed(field.text);
        Header header;
        if (equal_ignoring_case(title.substr(0, kVariablePrefix.size()), kVariablePrefix)) {
            header.column = Column::variable;
            header.variable = std::string(trimmed(title.substr(kVariablePrefix.size())));
            header.title = std::string(kVariablePrefix) + printable(header.variable);
            check_variable_name(field, header);
            return header;
        }
        const std::string letters = squeezed(title);
        for (const auto& spelling : kSpellings) {
            if (spelling.written == letters) header.column = spelling.column;
        }
        if (header.column != Column::unknown) {
            header.title = std::string(kColumnNames[static_cast<std::size_t>(header.column)]);
            return header;
        }
        std::string known;
        for (const auto name : kColumnNames) {
            known += (known.empty() ? "" : ", ") + std::string(name);
        }
        add(field.at, "unknown column '" + printable(title) + "', known are " + known);
        return header;
    }

    void check_variable_name(const CsvField& field, const Header& header) {
        const auto fits = [](char c) {
            return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
        };
        const auto& name = header.variable;
        if (name.empty() || name.size() > kMaxVariableName || !std::ranges::all_of(name, fits)) {
            add(field.at,
                header.title + ": a variable is called by 1 to 256 letters, digits, '_', '-', '.'");
        }
    }

    void read_row(const CsvRecord& record) {
        const Location start = record[0].at;
        if (record.size() != headers_.size()) {
            add(start, "the line has " + std::to_string(record.size()) +
                           " fields, the header has " + std::to_string(headers_.size()));
            return;
        }
        ImportRow row;
        row.line = start.line;
        const std::size_t faults = import_.faults.size();
        for (std::size_t i = 0; i < record.size(); ++i) read_field(record[i], headers_[i], row);
        const bool sound = import_.faults.size() == faults;
        if (sound && row.macs.empty() && row.smbios_uuid.empty() && row.serial.empty()) {
            add(start,
                "without a MAC address, SMBIOS UUID or serial number nobody can tell which "
                "computer this is");
        }
        import_.rows.push_back(std::move(row));
    }

    void read_field(const CsvField& field, const Header& header, ImportRow& row) {
        const std::string_view text = trimmed(field.text);
        const auto check = [&](const Status& status) {
            if (!status) add(field, header, status.error().message());
            return status.ok();
        };
        switch (header.column) {
            case Column::name:
                row.name = std::string(text);
                if (check(check_device_name(text))) claim(field, header, name_key(text));
                return;
            case Column::mac: return read_macs(field, header, row);
            case Column::uuid: return read_uuid(field, header, text, row);
            case Column::serial: return read_serial(field, header, text, row);
            case Column::collection:
                row.collection = std::string(text);
                if (!text.empty()) check(check_name("collection", text));
                return;
            case Column::variable:
                if (field.text.empty()) return;
                check(check_text("value", field.text, kMaxVariableValue));
                row.variables.emplace_back(header.variable, field.text);
                return;
            case Column::unknown: return;
        }
    }

    void read_macs(const CsvField& field, const Header& header, ImportRow& row) {
        TextCursor cursor(field.text);
        for (;;) {
            cursor.take_while([](char c) { return c == ' ' || c == '|'; });
            if (cursor.at_end()) return;
            const auto word = cursor.take_while([](char c) { return c != ' ' && c != '|'; });
            const auto mac = parse_mac(word);
            if (!mac) {
                add(field, header, mac.error().message());
            } else if (claim(field, header, *mac)) {
                row.macs.push_back(*mac);
            }
        }
    }

    void read_uuid(const CsvField& field, const Header& header, std::string_view text,
                   ImportRow& row) {
        if (text.empty()) return;
        const auto uuid = parse_smbios_uuid(hyphenated(text));
        if (!uuid) return add(field, header, uuid.error().message());
        if (is_placeholder_uuid(*uuid)) return placeholder(field, header, text);
        claim(field, header, *uuid);
        row.smbios_uuid = *uuid;
    }

    void read_serial(const CsvField& field, const Header& header, std::string_view text,
                     ImportRow& row) {
        if (text.empty()) return;
        if (is_placeholder_serial(text)) return placeholder(field, header, text);
        if (const auto sound = check_text("serial number", text, kMaxSerial); !sound) {
            return add(field, header, sound.error().message());
        }
        claim(field, header, name_key(text));
        row.serial = std::string(text);
    }

    void placeholder(const CsvField& field, const Header& header, std::string_view text) {
        add(field, header,
            "'" + printable(text) +
                "' is a placeholder of firmware, many computers have it; "
                "leave the field empty");
    }

    // False, with a fault, when the value is an earlier line's.
    bool claim(const CsvField& field, const Header& header, const std::string& key) {
        const auto [place, is_new] = claimed_.try_emplace({header.column, key}, field.at.line);
        if (is_new) return true;
        const bool same_line = place->second == field.at.line;
        add(field, header,
            printable(key) + (same_line ? " is there twice"
                                        : " is also in line " + std::to_string(place->second)));
        return false;
    }

    DeviceImport import_;
    std::vector<Header> headers_;
    std::map<std::pair<Column, std::string>, std::uint32_t> claimed_;  // to the line
};

std::string joined_macs(const ImportRow& row) {
    std::string text;
    for (const auto& mac : row.macs) text += (text.empty() ? "" : "|") + mac;
    return text;
}

std::string value_of(const ImportRow& row, std::string_view variable) {
    for (const auto& [name, value] : row.variables) {
        if (equal_ignoring_case(name, variable)) return value;
    }
    return "";
}

}  // namespace

std::string to_string(const ImportFault& fault) {
    if (fault.at.line == 0) return fault.message;
    return "line " + std::to_string(fault.at.line) + ", column " + std::to_string(fault.at.column) +
           ": " + fault.message;
}

DeviceImport parse_device_import(std::string_view file) { return Importer().run(file); }

std::string to_csv(std::span<const ImportRow> rows) {
    std::vector<std::string> variables;
    for (const auto& row : rows) {
        for (const auto& [name, value] : row.variables) {
            const auto same = [&](const std::string& other) {
                return equal_ignoring_case(other, name);
            };
            if (std::ranges::none_of(variables, same)) variables.push_back(name);
        }
    }
    std::string text = "name,mac,smbios uuid,serial,collection";
    for (const auto& name : variables) text += "," + csv_field("variable:" + name);
    for (const auto& row : rows) {
        text += "\r\n" + csv_field(row.name) + "," + joined_macs(row) + "," + row.smbios_uuid +
                "," + csv_field(row.serial) + "," + csv_field(row.collection);
        for (const auto& name : variables) text += "," + csv_field(value_of(row, name));
    }
    return text + "\r\n";
}

}  // namespace muster::site
