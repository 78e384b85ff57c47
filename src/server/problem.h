// SPDX-License-Identifier: GPL-3.0-or-later
//
// Answers of the API: JSON documents, and errors as problem details (RFC 9457).
#pragma once

#include "base/result.h"
#include "base/value.h"
#include "net/http.h"

namespace muster::server {

net::HttpResponse json_response(int status, const Value& value);
net::HttpResponse problem(int status, std::string_view detail);
// The status that fits the error's code; its message is the detail.
net::HttpResponse problem(const Error& error);

}  // namespace muster::server
