// SPDX-License-Identifier: GPL-3.0-or-later
//
// Judges a document by a JSON Schema of docs/api.yaml, so that what the description promises and
// what the server takes are one thing. The part of JSON Schema 2020-12 that the description uses:
// type, enum, minimum, maximum, minLength, maxLength, format, items, minItems, maxItems,
// uniqueItems, properties, required, additionalProperties, maxProperties, default, $ref.
// Unlike JSON Schema, a field that `properties` does not name is an error unless
// additionalProperties says what it may be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace muster::server {

struct Fault {
    std::string pointer;  // RFC 6901, of the place in the document: "/start/min_clients"
    std::string detail;   // "start.min_clients: 0 is not allowed: 1 to 10000"
};

// Every fault, in the order of the document; none: it fits. `root` is the description, in which
// $ref is looked up.
std::vector<Fault> faults_of(const Value& document, const Value& schema, const Value& root);

// The schema a $ref names, or the schema itself. A CHECK: the description is part of the program.
const Value& resolved(const Value& schema, const Value& root);

// Beside a $ref or behind it; nullptr: there is none.
const Value* default_of(const Value& schema, const Value& root);

// The document with the defaults of members that are not there.
Value with_defaults(const Value& document, const Value& schema, const Value& root);

// A parameter of path or query as the type its schema says: "5" becomes 5 where a number is
// expected. What is none stays text, for faults_of to find.
Value typed_parameter(const std::string& text, const Value& schema, const Value& root);

}  // namespace muster::server
