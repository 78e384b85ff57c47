// SPDX-License-Identifier: GPL-3.0-or-later
//
// What things may be called. Names end up in commands, paths, log lines and, for devices, in the
// installed Windows and in DNS, so the rules are strict and every refusal says what is allowed.
// Two names that differ only in the case of ASCII letters are one name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::site {

// All: Errc::invalid_argument naming the kind, the name and the rule it breaks.

// A DNS label: 1 to 63 ASCII letters, digits and hyphens, no hyphen at either end, not only digits
// (digits only is how an id is written).
Status check_device_name(std::string_view name);

// `kind` for the message ("collection", "image", "task sequence"): 1 to 100 characters of UTF-8
// without control characters, '/' and '\', no space at either end, not only digits.
Status check_name(std::string_view kind, std::string_view name);

// Free text on one line, possibly empty: at most max_characters, no control characters.
Status check_text(std::string_view kind, std::string_view text, std::size_t max_characters);

// What two spellings of one name have in common; the key names are unique by.
std::string name_key(std::string_view name);

// * stands for any characters, ? for one; the case of ASCII letters does not count.
bool matches_wildcard(std::string_view pattern, std::string_view text);

// True when `text` is written like an id: digits only.
bool is_id_text(std::string_view text);

// `text` fit for a message: shortened, control characters and broken UTF-8 as '?'.
std::string printable(std::string_view text);

}  // namespace muster::site
