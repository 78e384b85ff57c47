// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/postgresql_target.h"

#include <libpq-fe.h>

#include <map>
#include <memory>

namespace muster::store {

namespace {

using Options = std::map<std::string, std::string>;

// Connecting and every statement hold up the loop. What dies without a word is noticed in about
// 10 s; a session that waits for a lock, or that holds one while its program is stopped, ends
// after 10 s, as with SQLite.
const Options kDefaults = {{"application_name", "muster"}, {"connect_timeout", "3"},
                           {"keepalives_idle", "5"},       {"keepalives_interval", "2"},
                           {"keepalives_count", "3"},      {"tcp_user_timeout", "10000"}};
constexpr std::string_view kSessionOptions =
    "-c lock_timeout=10s -c statement_timeout=15s -c idle_in_transaction_session_timeout=10s"
    " -c synchronous_commit=on";

Error refused(std::string_view why) {
    return {Errc::invalid_argument, "site database: " + std::string(why) +
                                        "; write postgresql://USER@HOST/DATABASE or "
                                        "postgresql://USER@/DATABASE?host=/SOCKET/FOLDER"};
}

// libpq ends user and password at the first '/', and a host at the first '@' is none.
bool is_cut_where_meant(std::string_view url) {
    const auto rest = url.substr(url.find("://") + 3);
    const auto at = rest.find('@');
    return at == std::string_view::npos ||
           (rest.find('/') > at && rest.find('@', at + 1) == std::string_view::npos);
}

Result<Options> parse(const std::string& url) {
    using Parsed = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
    char* words = nullptr;
    const Parsed parsed(PQconninfoParse(url.c_str(), &words), &PQconninfoFree);
    PQfreemem(words);  // may repeat the password
    if (!parsed) return refused("this is no PostgreSQL URL");
    Options options;
    for (const auto* one = parsed.get(); one->keyword != nullptr; ++one) {
        if (one->val != nullptr) options[one->keyword] = one->val;
    }
    return options;
}

std::string quoted(const std::string& value) {
    std::string text = "'";
    for (char c : value) {
        if (c == '\'' || c == '\\') text += '\\';
        text += c;
    }
    return text + "'";
}

std::string name_of(const Options& options) {
    const auto value = [&](const char* key) {
        auto it = options.find(key);
        return it == options.end() ? std::string() : it->second;
    };
    std::string host = value("host").empty() ? value("hostaddr") : value("host");
    if (host.empty()) host = "this machine";
    // Of several hosts without ports libpq makes ",".
    const bool has_port = value("port").find_first_not_of(',') != std::string::npos;
    const std::string port = has_port ? ", port " + value("port") : "";
    return value("dbname") + " on " + host + port;
}

}  // namespace

Result<PostgresqlTarget> parse_postgresql_url(const std::string& url) {
    if (url.find('\0') != std::string::npos) return refused("a URL has no NUL characters");
    if (url.find("://") == std::string::npos) return refused("a PostgreSQL URL begins with ://");
    if (!is_cut_where_meant(url)) {
        return refused("in user name and password / is %2F and @ is %40");
    }
    Options options = TRY(parse(url));
    if (options["dbname"].empty()) return refused("the URL names no database");
    // USER:PASSWORD without @HOST would be taken for a host and its port.
    const auto& port = options["port"];
    if (port.find_first_not_of("0123456789,") != std::string::npos) {
        return refused("the port is no number");
    }
    if (port.empty()) options.erase("port");
    for (const auto& [key, value] : kDefaults) options.emplace(key, value);
    options["client_encoding"] = "UTF8";
    // The last one counts, so that the URL may say otherwise.
    options["options"] = std::string(kSessionOptions) + " " + options["options"];
    PostgresqlTarget target;
    target.name = name_of(options);
    for (const auto& [key, value] : options) {
        target.connect_string += key + "=" + quoted(value) + " ";
    }
    return target;
}

}  // namespace muster::store
