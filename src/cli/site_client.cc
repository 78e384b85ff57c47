// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/site_client.h"

#include <cstdlib>
#include <filesystem>

#include "store/files.h"
#include "text/json.h"

namespace muster::cli {

std::string user_login_file() {
    const char* home = std::getenv("HOME");
    return std::string(home == nullptr ? "/root" : home) + "/.config/muster/login.json";
}

std::string default_login_file() {
    if (const char* chosen = std::getenv("MUSTER_SITE")) return chosen;
    if (std::filesystem::exists(user_login_file())) return user_login_file();
    return "/var/lib/muster/admin.json";
}

Result<Login> read_login(const std::string& path) {
    const auto text = store::read_text_file(path);
    if (!text.ok()) {
        return Error(Errc::not_found, "no login at " + path +
                                          ": on the server use --site DATA/admin.json, elsewhere "
                                          "`muster login ADDR:PORT`");
    }
    const auto value = TRY(text::parse_json(*text).context(path));
    Login login;
    login.server = TRY(value.string_at("server").context(path));
    login.fingerprint = TRY(value.string_at("fingerprint").context(path));
    login.token = TRY(value.string_at("token").context(path));
    return login;
}

Result<SiteClient> SiteClient::open(const std::string& login_file) {
    const auto login = TRY(read_login(login_file));
    net::HttpsClientOptions options;
    options.server = login.server;
    options.fingerprint = login.fingerprint;
    options.bearer_token = login.token;
    return SiteClient(net::HttpsClient(options), login.server);
}

namespace {

// A problem's own words; of several faults all of them, a line each.
Error refusal(const net::HttpResponse& response) {
    std::string words = response.body;
    const auto document = text::parse_json(response.body);
    if (document.ok()) {
        const Value* detail = document->find("detail");
        if (detail != nullptr && detail->as_string() != nullptr) words = *detail->as_string();
        const Value* faults = document->find("errors");
        if (faults != nullptr && faults->as_list() != nullptr && faults->as_list()->size() > 1) {
            words.clear();
            for (const auto& fault : *faults->as_list()) {
                const auto each = fault.string_or("detail", "");
                if (each.ok()) words += (words.empty() ? "" : "\n") + *each;
            }
        }
    }
    return {net::errc_of_status(response.status), words};
}

}  // namespace

Result<Value> SiteClient::call(std::string_view method, const std::string& target,
                               const Value* body) {
    const auto response =
        TRY(client_.request(method, target, body == nullptr ? std::string() : text::to_json(*body),
                            body == nullptr ? "" : "application/json"));
    auto document = text::parse_json(response.body);
    if (response.status < 400) {
        if (!document.ok()) return document.error().context("answer of " + server_);
        return document;
    }
    return refusal(response);
}

Result<std::string> SiteClient::text(const std::string& target) {
    const auto response = TRY(client_.request("GET", target, "", ""));
    if (response.status >= 400) return refusal(response);
    return response.body;
}

std::string escape(std::string_view segment) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (char c : segment) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            text += c;
        } else {
            text += '%';
            text += kDigits[byte >> 4];
            text += kDigits[byte & 15];
        }
    }
    return text;
}

}  // namespace muster::cli
