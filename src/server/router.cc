// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/router.h"

#include <algorithm>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/hash.h"
#include "server/clock.h"
#include "server/problem.h"
#include "server/schema.h"
#include "site/names.h"
#include "text/json.h"

namespace muster::server {

std::vector<std::string> split_path(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end = path.find('/');
        segments.emplace_back(path.substr(0, end));
        path = end == std::string_view::npos ? std::string_view() : path.substr(end);
    }
    return segments;
}

std::optional<std::map<std::string, std::string>> match_path(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return std::nullopt;
    std::map<std::string, std::string> values;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const std::string& expected = pattern[i];
        if (expected.starts_with('{')) {
            if (path[i].empty()) return std::nullopt;
            values[expected.substr(1, expected.size() - 2)] = path[i];
        } else if (expected != path[i]) {
            return std::nullopt;
        }
    }
    return values;
}

Result<std::int64_t> id_in(const Request& request, const std::string& key) {
    const std::string& text = request.path.at(key);
    if (!site::is_id_text(text) || text.size() > 18) {
        return Error(Errc::not_found, "no " + key + " " + site::printable(text));
    }
    return std::stoll(text);
}

namespace {

// In the order of the description's parameters; a name that is not among them is a fault.
std::vector<Fault> read_parameters(const Operation& operation, const Value& root,
                                   const std::map<std::string, std::string>& path,
                                   const std::map<std::string, std::string>& query, Value& typed) {
    std::vector<Fault> faults;
    typed = Value::map();
    std::string known;
    for (const Value* parameter : operation.parameters) {
        const std::string& name = *parameter->find("name")->as_string();
        const Value& schema = *parameter->find("schema");
        const bool in_path = *parameter->find("in")->as_string() == "path";
        if (!in_path) known += (known.empty() ? "" : ", ") + name;
        const auto& given = in_path ? path : query;
        const auto it = given.find(name);
        if (it == given.end()) {
            if (const Value* fallback = default_of(schema, root)) {
                typed.set(name, *fallback);
            }
            continue;
        }
        const Value value = typed_parameter(it->second, schema, root);
        for (auto& fault : faults_of(value, schema, root)) {
            faults.push_back({"", name + fault.detail.substr(fault.detail.find(':'))});
        }
        if (!in_path) typed.set(name, value);
    }
    for (const auto& [name, value] : query) {
        const bool described =
            std::any_of(operation.parameters.begin(), operation.parameters.end(), [&](auto* each) {
                return *each->find("in")->as_string() == "query" &&
                       *each->find("name")->as_string() == name;
            });
        if (described) continue;
        faults.push_back({"", site::printable(name) + ": no such parameter" +
                                  (known.empty() ? "" : " (known: " + known + ")")});
    }
    return faults;
}

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> items;
    while (!text.empty()) {
        const auto end = text.find(',');
        auto item = text.substr(0, end);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        items.push_back(item);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return items;
}

// Is it in "*" or a list of tags? RFC 9110 8.8.3.2: a weak one, W/"...", is only weakly equal.
bool lists_etag(std::string_view header, std::string_view etag, bool weakly) {
    for (auto item : split_list(header)) {
        if (weakly && item.starts_with("W/")) item.remove_prefix(2);
        if (item == "*" || item == etag) return true;
    }
    return false;
}

std::string etag_of(const std::string& body) {
    return '"' + to_hex(crypto::sha256(as_bytes(body))).substr(0, 32) + '"';
}

net::HttpResponse response_of(const Answer& answer) {
    net::HttpResponse response;
    if (answer.content_type.empty()) {
        response = json_response(answer.status, answer.body);
    } else {
        response = net::HttpResponse::text(answer.status, "");
        response.body = answer.text;
        response.content_type = answer.content_type;
    }
    return response;
}

}  // namespace

Router::Router(store::SiteDatabase& database) : database_(database) {
    for (const auto& operation : description_.operations()) {
        routes_.push_back({&operation, split_path(operation.pattern), {}});
    }
}

void Router::on(std::string_view operation, RouteHandler handler) {
    auto it = std::find_if(routes_.begin(), routes_.end(),
                           [&](const Route& route) { return route.operation->id == operation; });
    CHECK(it != routes_.end() && !it->handler);
    it->handler = std::move(handler);
}

std::vector<std::string> Router::unanswered() const {
    std::vector<std::string> names;
    for (const auto& route : routes_) {
        if (!route.handler) names.push_back(route.operation->id);
    }
    return names;
}

// A written-out segment is preferred to one that stands for anything.
const Router::Route* Router::find(std::string_view method,
                                  const std::vector<std::string>& segments) const {
    const Route* found = nullptr;
    std::size_t fewest = 0;
    for (const auto& route : routes_) {
        if (!method.empty() && route.operation->method != method) continue;
        const auto values = match_path(route.segments, segments);
        if (!values || (found != nullptr && values->size() >= fewest)) continue;
        found = &route;
        fewest = values->size();
    }
    return found;
}

net::HttpResponse Router::not_there(const net::HttpRequest& http,
                                    const std::vector<std::string>& segments) const {
    std::string allowed;
    for (const auto& route : routes_) {
        if (!match_path(route.segments, segments)) continue;
        if (find(route.operation->method, segments) != &route) continue;
        allowed += (allowed.empty() ? "" : ", ") + route.operation->method;
    }
    if (allowed.empty()) return problem(404, "no such thing: " + site::printable(http.path));
    auto response = problem(405, site::printable(http.method) + " is not possible for " +
                                     site::printable(http.path) + ", but " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
}

void Router::handle(const net::HttpRequest& http, const Administrator& who,
                    const Respond& respond) const {
    const auto segments = split_path(http.path);
    const Route* route = find(http.method, segments);
    if (route == nullptr) return respond(not_there(http, segments));
    if (!route->handler)
        return respond(problem(500, "operation " + route->operation->id + " has no handler"));
    if (route->operation->writes && !who.may_write) {
        return respond(problem(403, "the token " + who.name +
                                        " is read-only: this needs one that may change "
                                        "things (muster token add NAME)"));
    }
    run(*route, http, who, respond);
}

void Router::run(const Route& route, const net::HttpRequest& http, const Administrator& who,
                 const Respond& respond) const {
    const Operation& operation = *route.operation;
    Request request{http, who, *match_path(route.segments, split_path(http.path)), {}, {}};
    const Value& root = description_.root();
    auto faults = read_parameters(operation, root, request.path, http.query, request.query);
    if (operation.body != nullptr) {
        auto body = text::parse_json(http.body.empty() ? "{}" : http.body);
        if (!body.ok()) {
            faults.push_back({"", "body: " + body.error().message()});
            return respond(problem(faults));
        }
        for (auto& fault : faults_of(*body, *operation.body, root)) {
            faults.push_back(std::move(fault));
        }
        if (faults.empty()) request.body = with_defaults(*body, *operation.body, root);
    } else if (!http.body.empty() && http.body != "{}" && operation.method != "PUT") {
        faults.push_back({"", "body: " + operation.id + " takes none"});
    }
    if (!faults.empty()) return respond(problem(faults));
    auto answer = operation.writes ? change(route, request) : route.handler(request);
    if (!answer.ok()) return respond(problem(answer.error()));
    if (answer->after) answer->after();
    if (answer->stream) return answer->stream(respond);
    if (answer->later) {
        return answer->later([respond](const Result<Answer>& given) {
            respond(given.ok() ? response_of(*given) : problem(given.error()));
        });
    }
    auto response = response_of(*answer);
    if (operation.method != "GET" || answer->status != 200) return respond(std::move(response));
    const std::string etag = etag_of(response.body);
    if (lists_etag(http.header("If-None-Match"), etag, true)) {
        response = net::HttpResponse();
        response.status = 304;
    }
    response.headers.emplace_back("ETag", etag);
    respond(std::move(response));
}

// The path, or the nearest above it, of a thing that a GET shows; empty: there is none. A list is
// not the thing that is added to it.
std::vector<std::string> Router::subject(const Operation& operation,
                                         std::vector<std::string> segments) const {
    if (operation.method != "POST" && find("GET", segments) != nullptr) return segments;
    while (!segments.empty()) {
        segments.pop_back();
        const Route* route = find("GET", segments);
        if (route != nullptr && route->segments.back().starts_with('{')) return segments;
    }
    return {};
}

// What stands there now; nothing when it cannot be had.
std::optional<Value> Router::shown(const Request& request,
                                   const std::vector<std::string>& segments) const {
    const Route* route = find("GET", segments);
    if (route == nullptr || !route->handler) return std::nullopt;
    Request read{request.http, request.who, *match_path(route->segments, segments), {}, {}};
    read_parameters(*route->operation, description_.root(), read.path, {}, read.query);
    auto answer = route->handler(read);
    if (!answer.ok() || !answer->content_type.empty()) return std::nullopt;
    return std::move(answer->body);
}

Status Router::check_unchanged(const Operation& operation, const Request& request,
                               const std::optional<Value>& old) const {
    const std::string_view expected = request.http.header("If-Match");
    if (expected.empty() || operation.method == "POST") return {};
    const std::string etag = old ? etag_of(response_of({200, *old}).body) : "";
    if (expected == "*" || (old && lists_etag(expected, etag, false))) return {};
    return Error(Errc::version_mismatch,
                 "somebody else has changed it meanwhile: read it again (If-Match)");
}

Result<Answer> Router::change(const Route& route, const Request& request) const {
    const Operation& operation = *route.operation;
    const auto path = split_path(request.http.path);
    const auto owner = subject(operation, path);
    std::optional<Answer> answer;
    Status status = database_.change(operation.id, [&]() -> Status {
        const auto old = shown(request, owner);
        TRY(check_unchanged(operation, request, owner == path ? old : std::nullopt));
        answer = TRY(route.handler(request));
        store::AuditRecord record;
        record.at = wall_now();
        record.who = request.who.name;
        record.operation = operation.id;
        record.target = request.http.path;
        const Value before = old ? *old : answer->was;
        Value now = operation.secret ? request.body : answer->body;
        // What a part was removed from is still there.
        if (operation.method == "DELETE") {
            now = owner == path ? Value() : shown(request, owner).value_or(Value());
        }
        if (!before.is_null()) record.before = text::to_json(before);
        if (!now.is_null()) record.after = text::to_json(now);
        return database_.audit().add(record);
    });
    if (status.ok()) return std::move(*answer);
    if (on_failure_) on_failure_();
    return status.error();
}

}  // namespace muster::server
