// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/pages.h"

#include "site/names.h"

namespace muster::store {

std::string like_pattern(std::string_view wildcard) {
    std::string pattern;
    for (char c : site::name_key(wildcard)) {
        if (c == '*') {
            pattern += '%';
        } else if (c == '?') {
            pattern += '_';
        } else {
            if (c == '%' || c == '_' || c == '!') pattern += '!';
            pattern += c;
        }
    }
    return pattern;
}

std::string page_condition(std::string_view table, const Page& page, std::string_view also,
                           std::vector<SqlValue>& parameters) {
    std::string sql = "IN (SELECT id FROM " + std::string(table) + " WHERE name_key > :after";
    parameters.emplace_back(site::name_key(page.after));
    if (!page.name.empty()) {
        sql += " AND name_key LIKE :name ESCAPE '!'";
        parameters.emplace_back(like_pattern(page.name));
    }
    if (!also.empty()) sql += " AND " + std::string(also);
    return sql + " ORDER BY name_key LIMIT " + std::to_string(page.limit) + ")";
}

}  // namespace muster::store
