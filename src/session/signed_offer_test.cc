// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/signed_offer.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "net/tls.h"

namespace muster::session {
namespace {

class SignedOffer : public testing::Test {
protected:
    SignedOffer() {
        offer_.session = 7;
        offer_.layout.image_bytes = 1'000'000;
        offer_.layout.manifest_bytes = 408;
        offer_.image = {1'000'000, content::kBlockBytes, crypto::sha256(as_bytes("root"))};
        sign_offer(offer_, crypto::SigningKey::from_pem(identity_.to_pem().value()).value());
    }
    std::string why_not(const Offer& offer) {
        const Status status = check_offer(offer, identity_.fingerprint());
        EXPECT_EQ(status.ok() ? Errc::internal : status.error().code(), Errc::unauthenticated);
        return status.ok() ? "it was accepted" : status.error().message();
    }

    net::TlsIdentity identity_ = net::TlsIdentity::generate("server").value();
    Offer offer_;
};

TEST_F(SignedOffer, IsGoodForWhoPinsTheServersKey) {
    EXPECT_TRUE(check_offer(offer_, identity_.fingerprint()).ok());
}

TEST_F(SignedOffer, SurvivesItsWay) {
    const auto read = parse_to_member(to_text(ToMember(offer_)));
    ASSERT_TRUE(read.ok());
    EXPECT_TRUE(check_offer(std::get<Offer>(*read), identity_.fingerprint()).ok());
}

TEST_F(SignedOffer, NothingOfItCanBeChanged) {
    Offer changed = offer_;
    ++changed.session;
    EXPECT_NE(why_not(changed).find("signature of the offer is wrong"), std::string::npos);
    changed = offer_;
    changed.image.root[31] ^= std::byte{1};
    why_not(changed);
    changed = offer_;
    ++changed.image.image_bytes;
    why_not(changed);
    changed = offer_;
    changed.image.block_bytes *= 2;
    why_not(changed);
    changed = offer_;
    changed.signature.clear();
    why_not(changed);
}

TEST_F(SignedOffer, AnotherKeysSignatureNamesBothKeys) {
    const auto other = net::TlsIdentity::generate("other").value();
    sign_offer(offer_, crypto::SigningKey::from_pem(other.to_pem().value()).value());
    const std::string why = why_not(offer_);
    EXPECT_NE(why.find(other.fingerprint()), std::string::npos) << why;
    EXPECT_NE(why.find(identity_.fingerprint()), std::string::npos) << why;
}

}  // namespace
}  // namespace muster::session
