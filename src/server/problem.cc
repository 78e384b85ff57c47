// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/problem.h"

#include <algorithm>

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

struct Kind {
    int status;
    std::string_view type;
    std::string_view title;
};

constexpr Kind kKinds[] = {
    {400, "invalid-request", "invalid request"},
    {401, "not-authenticated", "not authenticated"},
    {403, "not-allowed", "not allowed"},
    {404, "not-found", "not found"},
    {405, "method-not-allowed", "method not allowed"},
    {409, "conflict", "conflict"},
    {412, "changed-meanwhile", "changed meanwhile, or another version"},
    {422, "damaged-content", "damaged content"},
    {503, "not-available", "not available now"},
};
constexpr Kind kServerError = {500, "server-error", "server error"};

// A path of the server in full, as RFC 9457 3.1.1 wants relative references to be.
Value problem_value(int status, std::string_view detail) {
    const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                    [&](const Kind& each) { return each.status == status; });
    if (kind == std::end(kKinds)) kind = &kServerError;
    Value value = Value::map();
    value.set("type", "/problems/" + std::string(kind->type)).set("title", kind->title);
    return std::move(value.set("status", status).set("detail", detail));
}

net::HttpResponse response_with(const Value& value, int status) {
    auto response = json_response(status, value);
    response.content_type = "application/problem+json";
    return response;
}

}  // namespace

net::HttpResponse json_response(int status, const Value& value) {
    return net::HttpResponse::json(status, text::to_json(value) + "\n");
}

net::HttpResponse problem(int status, std::string_view detail) {
    return response_with(problem_value(status, detail), status);
}

net::HttpResponse problem(std::span<const Fault> faults) {
    Value errors = Value::list();
    for (const auto& fault : faults) {
        errors.push(Value::map().set("pointer", fault.pointer).set("detail", fault.detail));
    }
    Value value = problem_value(400, faults.front().detail);
    return response_with(value.set("errors", std::move(errors)), 400);
}

net::HttpResponse problem(const Error& error) {
    return problem(status_of(error.code()), error.message());
}

}  // namespace muster::server
