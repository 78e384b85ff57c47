// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every request of an administrator goes through here: matched with an operation of the
// description, judged by its schemas, done by its handler in one transaction together with its
// audit row. Handlers see only documents that fit.
//
// Also here, for all operations alike: ETags (RFC 9110 8.8.3; If-None-Match gives 304, If-Match of
// an outdated one 412) and problem details (RFC 9457). An audit row says what there was and what
// there is: of the thing itself, or of what it is a part of ("/devices/PC-01" for its variables).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "net/http.h"
#include "server/api_description.h"
#include "server/identity.h"
#include "store/database.h"

namespace muster::server {

struct Request {
    const net::HttpRequest& http;
    const Administrator& who;
    std::map<std::string, std::string> path;  // what stood for {name}
    Value query;                              // parameters, typed, with their defaults
    Value body;                               // with the defaults of its schema
};

struct Answer {
    int status = 200;
    Value body;
    // Done when the transaction is: what computers and sessions are told must have happened.
    std::function<void()> after = {};
    // What takes a while: called instead of answering, with what takes the answer, once, later.
    using Answerer = std::function<void(Result<Answer>)>;
    std::function<void(Answerer)> later = {};
    // Called instead of answering, with what takes the response, which has headers of its own.
    std::function<void(std::function<void(net::HttpResponse)>)> stream = {};
    // For the audit, what there was, where no GET shows it.
    Value was = {};
    // Instead of body, with its type.
    std::string text = {};
    std::string content_type = {};
};

using RouteHandler = std::function<Result<Answer>(const Request&)>;

class Router {
public:
    explicit Router(store::SiteDatabase& database);

    // operation: an operationId of the description; a CHECK that there is one and that it has no
    // handler yet.
    void on(std::string_view operation, RouteHandler handler);
    // Called when a change did not happen after all: what was read meanwhile is not so.
    void on_failure(std::function<void()> function) { on_failure_ = std::move(function); }
    // Operations nobody answers.
    std::vector<std::string> unanswered() const;

    // 404 no such path, 405 another method, 400 with all faults, 403 a read-only administrator, 503
    // the database is not there; else what the handler says.
    using Respond = std::function<void(net::HttpResponse)>;
    void handle(const net::HttpRequest& request, const Administrator& who,
                const Respond& respond) const;
    const ApiDescription& description() const { return description_; }

private:
    struct Route {
        const Operation* operation = nullptr;
        std::vector<std::string> segments;
        RouteHandler handler;
    };
    const Route* find(std::string_view method, const std::vector<std::string>& segments) const;
    void run(const Route& route, const net::HttpRequest& http, const Administrator& who,
             const Respond& respond) const;
    Result<Answer> change(const Route& route, const Request& request) const;
    std::vector<std::string> subject(const Operation& operation,
                                     std::vector<std::string> segments) const;
    Status check_unchanged(const Operation& operation, const Request& request,
                           const std::optional<Value>& old) const;
    std::optional<Value> shown(const Request& request,
                               const std::vector<std::string>& segments) const;
    net::HttpResponse not_there(const net::HttpRequest& http,
                                const std::vector<std::string>& segments) const;

    store::SiteDatabase& database_;
    ApiDescription description_;
    std::vector<Route> routes_;
    std::function<void()> on_failure_;
};

// The number that stood for {key}. Errc::not_found when it is none.
Result<std::int64_t> id_in(const Request& request, const std::string& key);

// "/a/{b}/c" and "/a/x/c" -> {b: x}; nothing when they do not fit.
std::optional<std::map<std::string, std::string>> match_path(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path);
std::vector<std::string> split_path(std::string_view path);

}  // namespace muster::server
