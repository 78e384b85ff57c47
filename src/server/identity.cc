// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/identity.h"

#include "base/hex.h"
#include "crypto/hash.h"
#include "net/random.h"
#include "server/clock.h"
#include "store/files.h"
#include "text/json.h"

namespace muster::server {

std::string token_hash(std::string_view token) { return to_hex(crypto::sha256(as_bytes(token))); }

std::string new_token() { return to_hex(net::random_bytes(32)); }

Result<Identity> identify(store::SiteDatabase& database, std::string_view token) {
    if (!token.empty()) {
        const std::string hash = token_hash(token);
        auto administrator = database.admin_tokens().verify(hash, wall_now());
        if (administrator.ok()) {
            return Identity(
                Administrator{administrator->name, administrator->role == store::TokenRole::full});
        }
        if (administrator.error().code() != Errc::unauthenticated) return administrator.error();
        auto device = database.devices().find_by_token(hash);
        if (device.ok()) return Identity(std::move(*device));
        if (device.error().code() != Errc::unauthenticated) return device.error();
    }
    return Error(Errc::unauthenticated,
                 std::string(token.empty() ? "no token" : "unknown token") +
                     ": administrators use `muster login`, computers the file of "
                     "`muster device enrol NAME`");
}

Result<Administrator> require_administrator(store::SiteDatabase& database, std::string_view token) {
    auto identity = TRY(identify(database, token));
    if (auto* administrator = std::get_if<Administrator>(&identity)) return *administrator;
    return Error(
        Errc::permission_denied,
        "this is for administrators; " + std::get<site::Device>(identity).name + " is a computer");
}

Result<site::Device> require_device(store::SiteDatabase& database, std::string_view token) {
    auto identity = TRY(identify(database, token));
    if (auto* device = std::get_if<site::Device>(&identity)) return *device;
    return Error(Errc::permission_denied,
                 "this is for computers: use the file of `muster device enrol NAME`");
}

namespace {

std::optional<std::string> token_in(const std::string& path) {
    auto text = store::read_text_file(path);
    if (!text.ok()) return std::nullopt;
    auto value = text::parse_json(*text);
    if (!value.ok()) return std::nullopt;
    auto token = value->string_at("token");
    if (!token.ok()) return std::nullopt;
    return *token;
}

}  // namespace

Status ensure_admin_token(store::SiteDatabase& database, const std::string& path,
                          const std::string& server, const std::string& fingerprint) {
    auto token = token_in(path);
    if (!token || !database.admin_tokens().verify(token_hash(*token), wall_now()).ok()) {
        token = new_token();
        const auto now = wall_now();
        const std::string name = "administrator-" + std::to_string(site::to_unix_milliseconds(now));
        TRY(database.admin_tokens().add({name, store::TokenRole::full, now, {}},
                                        token_hash(*token)));
    }
    Value value = Value::map();
    value.set("server", server).set("fingerprint", fingerprint).set("token", *token);
    return store::write_private_file(path, text::to_json(value) + "\n");
}

}  // namespace muster::server
