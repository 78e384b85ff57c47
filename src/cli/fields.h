// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fields as people type them after a command, "memory=8" or "start.when_all=true", brought into the
// types that the description of the API has for them. What the description does not know is
// refused here, with the names it knows.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "server/api_description.h"

namespace muster::cli {

// The fields of the request body of `operation`. A list takes each further "key=item" as a further
// item, "key=" alone is an empty list; "key=null" takes a value away where that is possible.
// Errc::invalid_argument naming the field.
Result<Value> fields_body(const server::ApiDescription& description, std::string_view operation,
                          const std::vector<std::string>& fields);

// As fields_body, of a schema among components.
Result<Value> fields_of(const server::ApiDescription& description, std::string_view schema,
                        const std::vector<std::string>& fields);

// "name, comment, ...": for --help.
std::string known_fields(const server::ApiDescription& description, std::string_view operation);

}  // namespace muster::cli
