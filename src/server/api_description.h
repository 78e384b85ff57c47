// SPDX-License-Identifier: GPL-3.0-or-later
//
// docs/api.yaml (OpenAPI 3.1), built into the program: which operations there are, where, and which
// documents they take. The router takes nothing that is not described there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace muster::server {

struct Operation {
    std::string id;               // operationId
    std::string method;           // "GET"
    std::string pattern;          // "/api/v1/devices/{device}"
    bool writes = false;          // needs an administrator who may change things; not of every POST
    bool secret = false;          // what it answers is not to be written down (x-secret)
    const Value* body = nullptr;  // schema of the request's body; none: it has none
    std::vector<const Value*> parameters;  // of path and query, as described
};

class ApiDescription {
public:
    // A CHECK: the text is part of the program and a test reads all of it.
    ApiDescription();

    const std::vector<Operation>& operations() const { return operations_; }
    const Value& root() const { return root_; }
    static std::string_view text();  // as it is in docs/api.yaml

private:
    Value root_;
    std::vector<Operation> operations_;
};

}  // namespace muster::server
