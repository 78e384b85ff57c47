// SPDX-License-Identifier: GPL-3.0-or-later
//
// Computers from a spreadsheet: what Configuration Manager's import wizard took, one line each.
//
//   name;mac;smbios guid;serial;collection;variable:Seat
//   PC-01;00-15-5D-01-02-03|00155D010204;;5CG1234ABC;Room 12;1
//
// Columns in any order, their names in any case and spelling that is about ("MAC Address",
// "SMBIOS-GUID", "Computer name"). A file is taken as a whole or not at all, and refused with all
// its faults at once: nobody wants to correct 300 lines one upload at a time.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.h"

namespace muster::site {

inline constexpr std::size_t kMaxImportBytes = 16 << 20;

struct ImportRow {
    std::uint32_t line = 0;
    std::string name;
    std::vector<std::string> macs;  // in stored form, as the other identities
    std::string smbios_uuid;
    std::string serial;
    std::string collection;                                      // empty: none
    std::vector<std::pair<std::string, std::string>> variables;  // name and value, in column order
};

struct ImportFault {
    Location at;          // 0: of the file as a whole
    std::string message;  // begins with the column's name when it is about one
};
std::string to_string(const ImportFault& fault);  // "line 3, column 7: mac: ..."

struct DeviceImport {
    std::vector<ImportRow> rows;      // empty when there are faults
    std::vector<ImportFault> faults;  // by line and column
};

// Beside what a value must look like: a column that is not known (named, with those that are) or
// there twice, no column for the name, a line with another number of fields than the header, a line
// without any of MAC address, SMBIOS UUID and serial number (nobody could tell which computer that
// is), placeholders of firmware, a name, MAC address, UUID or serial number that an earlier line
// has (that line is named), a file without lines, too large, or not in UTF-8.
DeviceImport parse_device_import(std::string_view file);

// A file parse_device_import reads, with ',' and all columns that some row uses.
std::string to_csv(std::span<const ImportRow> rows);

}  // namespace muster::site
