// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/router.h"

#include "server/problem.h"
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

void Router::add(std::string method, std::string pattern, RouteHandler handler) {
    add_waiting(std::move(method), std::move(pattern),
                [handler = std::move(handler)](const Request& request, const Answerer& answer) {
                    answer(handler(request));
                });
}

void Router::add_waiting(std::string method, std::string pattern, WaitingHandler handler) {
    routes_.push_back({std::move(method), split_path(pattern), std::move(handler)});
}

void Router::handle(const net::HttpRequest& http,
                    const std::function<void(net::HttpResponse)>& respond) const {
    const auto segments = split_path(http.path);
    bool other_method = false;
    for (const auto& route : routes_) {
        auto values = match_path(route.segments, segments);
        if (!values) continue;
        if (route.method != http.method) {
            other_method = true;
            continue;
        }
        Request request{http, std::move(*values), {}};
        if (http.method == "POST" || http.method == "PUT") {
            auto body = text::parse_json(http.body.empty() ? "{}" : http.body);
            if (!body.ok()) return respond(problem(body.error().context("body")));
            if (body->as_map() == nullptr) {
                return respond(problem(400, "body: expected a JSON map"));
            }
            request.body = std::move(*body);
        }
        return route.handler(request, [respond](const Result<Answer>& answer) {
            respond(answer.ok() ? json_response(answer->status, answer->body)
                                : problem(answer.error()));
        });
    }
    if (other_method) {
        return respond(problem(405, http.method + " is not possible for " + http.path));
    }
    respond(problem(404, "no such thing: " + http.path));
}

}  // namespace muster::server
