// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/signed_offer.h"

#include "base/hex.h"
#include "crypto/hash.h"

namespace muster::session {

namespace {

constexpr std::string_view kContext = "muster offer v1";

Bytes signed_bytes(const Offer& offer) {
    Bytes message(kContext.size() + 48);
    ByteWriter out(message);
    out.bytes(as_bytes(kContext)).u32(offer.session).u64(offer.image.image_bytes);
    out.u32(offer.image.block_bytes).bytes(offer.image.root);
    return message;
}

}  // namespace

void sign_offer(Offer& offer, const crypto::SigningKey& key) {
    offer.public_key = key.public_key();
    offer.signature = key.sign(signed_bytes(offer));
}

Status check_offer(const Offer& offer, std::string_view fingerprint) {
    const std::string seen = to_hex(crypto::sha256(offer.public_key));
    if (seen != fingerprint) {
        return Error(Errc::unauthenticated, "the offer is signed with another key (" + seen +
                                                ") than the server's, which is " +
                                                std::string(fingerprint));
    }
    if (!crypto::verify_signature(offer.public_key, signed_bytes(offer), offer.signature)) {
        return Error(Errc::unauthenticated,
                     "the signature of the offer is wrong: it does not come from the server, or "
                     "was changed on its way");
    }
    return {};
}

}  // namespace muster::session
