// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/token_file.h"

#include <filesystem>

#include "base/hex.h"
#include "net/random.h"
#include "store/files.h"
#include "text/json.h"

namespace muster::cli {

Result<Token> load_token(const std::string& path) {
    const auto text = TRY(store::read_text_file(path).context("token file"));
    const auto value = text::parse_json(text);
    const Error wrong(Errc::invalid_argument,
                      "token file " + path + ": not a muster token file (muster send makes one)");
    if (!value.ok()) return wrong;
    auto secret = value->string_at("secret");
    auto fingerprint = value->string_at("fingerprint");
    if (!secret.ok() || !fingerprint.ok()) return wrong;
    if (!net::is_fingerprint(*secret) || !net::is_fingerprint(*fingerprint)) return wrong;
    return Token{*secret, *fingerprint};
}

Result<SenderToken> load_or_make_token(const std::string& path) {
    const std::string key_path = path + ".key";
    const bool exists = std::filesystem::exists(path);
    if (exists && !std::filesystem::exists(key_path)) {
        return Error(Errc::not_found,
                     "token file " + path + " is there, but its key " + key_path +
                         " is not: give a new --token-file, or bring the key back");
    }
    SenderToken sender;
    sender.identity = TRY(net::TlsIdentity::load_or_generate(key_path, "muster send"));
    if (exists) {
        sender.token = TRY(load_token(path));
        if (sender.token.fingerprint != sender.identity.fingerprint()) {
            return Error(Errc::corrupt,
                         "token file " + path + " names another key than " + key_path);
        }
        return sender;
    }
    sender.token = {to_hex(net::random_bytes(32)), sender.identity.fingerprint()};
    Value value = Value::map();
    value.set("secret", sender.token.secret).set("fingerprint", sender.token.fingerprint);
    TRY(store::write_private_file(path, text::to_json(value) + "\n"));
    return sender;
}

}  // namespace muster::cli
