// SPDX-License-Identifier: GPL-3.0-or-later
//
// Errors as HTTP answers: problem details of RFC 9457. Their types are named in docs/api.yaml
// (Problem).
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "net/http.h"
#include "server/schema.h"

namespace muster::server {

net::HttpResponse json_response(int status, const Value& value);
net::HttpResponse problem(int status, std::string_view detail);
// The status that fits the error's code; what the program itself got wrong is 500.
net::HttpResponse problem(const Error& error);
// 400 with every fault: `detail` has the first, `errors` all with their pointers.
net::HttpResponse problem(std::span<const Fault> faults);

}  // namespace muster::server
