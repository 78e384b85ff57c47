// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which function answers which request: a table of method and path pattern. `{name}` in a pattern
// stands for one segment and is given to the function, decoded.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "net/http.h"

namespace muster::server {

struct Request {
    const net::HttpRequest& http;
    std::map<std::string, std::string> path;  // what stood for {name}
    Value body;                               // of a POST or PUT: a JSON map; else nothing
};

struct Answer {
    int status = 200;
    Value body;
};

using RouteHandler = std::function<Result<Answer>(const Request&)>;
// The answer to one request, given once, now or later; a request without one gets a 500.
using Answerer = std::function<void(const Result<Answer>&)>;
using WaitingHandler = std::function<void(const Request&, Answerer)>;

class Router {
public:
    void add(std::string method, std::string pattern, RouteHandler handler);
    // For what takes a while: the handler keeps the Answerer, but not the Request.
    void add_waiting(std::string method, std::string pattern, WaitingHandler handler);
    // 404 when no pattern fits, 405 when one fits with another method, 400 for a body that is no
    // JSON map; else what the handler says.
    void handle(const net::HttpRequest& request,
                const std::function<void(net::HttpResponse)>& respond) const;

private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;
        WaitingHandler handler;
    };
    std::vector<Route> routes_;
};

// The number that stood for {key}. Errc::not_found when it is none.
Result<std::int64_t> id_in(const Request& request, const std::string& key);

// "/a/{b}/c" and "/a/x/c" -> {b: x}; nothing when they do not fit.
std::optional<std::map<std::string, std::string>> match_path(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path);
std::vector<std::string> split_path(std::string_view path);

}  // namespace muster::server
