// SPDX-License-Identifier: GPL-3.0-or-later
//
// What `muster send` and `muster receive` share out of band: a file with a secret and the
// fingerprint of the sender's key. The sender makes it (mode 0600) and uses it again the next
// time, so that a restarted sender is the same sender; the private key stays beside it, in
// PATH.key, and is not for the receivers.
#pragma once

#include <string>

#include "base/result.h"
#include "net/tls.h"

namespace muster::cli {

struct Token {
    std::string secret;       // 64 hexadecimal digits
    std::string fingerprint;  // of the sender's key
};

struct SenderToken {
    Token token;
    net::TlsIdentity identity;
};

// Errc::invalid_argument or corrupt: the file is there but is no token file, or its key is gone.
Result<SenderToken> load_or_make_token(const std::string& path);
Result<Token> load_token(const std::string& path);

}  // namespace muster::cli
