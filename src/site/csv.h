// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tables as spreadsheets save them: RFC 4180 with what Excel makes of it. Fields keep their place
// in the text, so that whoever reads them can name line and column.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace muster::site {

struct CsvField {
    std::string text;
    Location at;  // line and column (in characters) of its first character or quote
};
using CsvRecord = std::vector<CsvField>;

struct CsvFault {
    Location at;
    std::string message;
};

struct CsvTable {
    std::vector<CsvRecord> records;  // the header first; lines without any text are left out
    // A quote that is not closed, text behind a closing quote or a quote inside text without
    // quotes; the first fault's line and all that follows are not read. Empty: all was read.
    std::vector<CsvFault> faults;
};

// A byte order mark at the front is passed over; lines end in LF or CRLF; the separator is ';' when
// the first line has more of them outside quotes than ',', else ','.
CsvTable parse_csv(std::string_view text);

// `text` as one field: in quotes when it has to be.
std::string csv_field(std::string_view text);

}  // namespace muster::site
