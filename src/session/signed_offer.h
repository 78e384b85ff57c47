// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a server offers is signed with the key by which its members know it, so that an offer is
// worth the same whoever carries it: TLS proves who brings it, the signature who made it.
#pragma once

#include <string_view>

#include "base/result.h"
#include "crypto/signature.h"
#include "session/wire.h"

namespace muster::session {

// Fills in the public key and the signature.
void sign_offer(Offer& offer, const crypto::SigningKey& key);
// Errc::unauthenticated: another key than the pinned one (SHA-256 of the SubjectPublicKeyInfo in
// hexadecimal digits), or not its signature.
Status check_offer(const Offer& offer, std::string_view fingerprint);

}  // namespace muster::session
