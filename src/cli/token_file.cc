// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/hex.h"
#include "net/fd.h"
#include "net/random.h"
#include "text/json.h"

namespace muster::cli {

namespace {

Status write_new(const std::string& path, const std::string& text) {
    const std::string temporary = path + ".new";
    ::unlink(temporary.c_str());
    net::UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return error_from_errno(errno, temporary);
    if (::write(fd.value(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(fd.value()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
        return error_from_errno(errno, path);
    }
    return {};
}

}  // namespace

Result<Token> load_token(const std::string& path) {
    std::ifstream file(path);
    if (!file) return error_from_errno(errno, "token file " + path);
    std::stringstream text;
    text << file.rdbuf();
    const auto value = text::parse_json(text.str());
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
    TRY(write_new(path, text::to_json(value) + "\n"));
    return sender;
}

}  // namespace muster::cli
