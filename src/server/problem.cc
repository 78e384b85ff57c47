// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/problem.h"

#include "text/json.h"

namespace muster::server {

namespace {

int status_of(Errc code) {
    switch (code) {
        case Errc::invalid_argument: return 400;
        case Errc::unauthenticated: return 401;
        case Errc::permission_denied: return 403;
        case Errc::not_found: return 404;
        case Errc::already_exists: return 409;
        case Errc::busy: return 409;
        case Errc::corrupt: return 422;
        case Errc::version_mismatch: return 412;
        case Errc::unavailable: return 503;
        case Errc::cancelled: return 503;
        case Errc::no_space: return 503;
        case Errc::io:
        case Errc::internal: break;
    }
    return 500;
}

std::string_view title_of(int status) {
    switch (status) {
        case 400: return "invalid request";
        case 401: return "not authenticated";
        case 403: return "not allowed";
        case 404: return "not found";
        case 405: return "method not allowed";
        case 409: return "conflict";
        case 422: return "damaged content";
        case 412: return "changed meanwhile, or another version";
        case 503: return "not available now";
        default: return "server error";
    }
}

}  // namespace

net::HttpResponse json_response(int status, const Value& value) {
    return net::HttpResponse::json(status, text::to_json(value) + "\n");
}

net::HttpResponse problem(int status, std::string_view detail) {
    Value value = Value::map();
    value.set("type", "about:blank").set("title", title_of(status)).set("status", status);
    value.set("detail", detail);
    auto response = json_response(status, value);
    response.content_type = "application/problem+json";
    return response;
}

net::HttpResponse problem(std::span<const Fault> faults) {
    Value errors = Value::list();
    for (const auto& fault : faults) {
        errors.push(Value::map().set("pointer", fault.pointer).set("detail", fault.detail));
    }
    Value value = Value::map();
    value.set("type", "about:blank").set("title", title_of(400)).set("status", 400);
    value.set("detail", faults.front().detail).set("errors", std::move(errors));
    auto response = json_response(400, value);
    response.content_type = "application/problem+json";
    return response;
}

net::HttpResponse problem(const Error& error) {
    return problem(status_of(error.code()), error.message());
}

}  // namespace muster::server
