// SPDX-License-Identifier: GPL-3.0-or-later
//
// How the commands reach the site: by the login file (server, fingerprint, token), which `muster
// serve` writes for its own machine and `muster login` for others.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "net/https_client.h"

namespace muster::cli {

// In this order: --site or $MUSTER_SITE, the user's login (~/.config/muster/login.json), the
// server's own file on this machine (/var/lib/muster/admin.json).
std::string default_login_file();
std::string user_login_file();

class SiteClient {
public:
    // Errc::not_found: there is no login; says how to get one.
    static Result<SiteClient> open(const std::string& login_file);

    // The document of a good answer. A refusal is an Error with the server's words.
    Result<Value> get(const std::string& target) { return call("GET", target, nullptr); }
    Result<Value> post(const std::string& target, const Value& body) {
        return call("POST", target, &body);
    }
    Result<Value> patch(const std::string& target, const Value& body) {
        return call("PATCH", target, &body);
    }
    Result<Value> put(const std::string& target, const Value& body) {
        return call("PUT", target, &body);
    }
    // An answer that is no JSON.
    Result<std::string> text(const std::string& target);
    Result<Value> remove(const std::string& target) { return call("DELETE", target, nullptr); }
    const std::string& server() const { return server_; }

private:
    SiteClient(net::HttpsClient client, std::string server)
        : client_(std::move(client)), server_(std::move(server)) {}
    Result<Value> call(std::string_view method, const std::string& target, const Value* body);

    net::HttpsClient client_;
    std::string server_;
};

// Text for one segment of a path.
std::string escape(std::string_view segment);

// "server", "fingerprint" and "token" of a login file.
struct Login {
    std::string server;
    std::string fingerprint;
    std::string token;
};
Result<Login> read_login(const std::string& path);

}  // namespace muster::cli
