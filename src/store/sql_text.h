// SPDX-License-Identifier: GPL-3.0-or-later
//
// Text as both databases keep it, and words of SQL exchanged for others.
#pragma once

#include <string>
#include <string_view>

namespace muster::store {

// UTF-8 (RFC 3629) without NUL.
bool is_storable(std::string_view text);
// `text` with every byte that prevents that as '?'.
std::string storable(std::string_view text);

// Every `word` in `sql` that is not part of a longer one becomes `replacement`.
void replace_word(std::string& sql, std::string_view word, std::string_view replacement);

}  // namespace muster::store
