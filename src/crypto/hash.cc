// SPDX-License-Identifier: GPL-3.0-or-later
//
// The digest is fetched from its provider once per process: OpenSSL 3 otherwise looks it up, under
// a lock, at every start of a message, which costs more than hashing a tree node of 65 bytes.
// libcrypto fails here only without memory or with a broken installation; both are CHECKs.
#include "crypto/hash.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace muster::crypto {
namespace {

template <std::size_t kDigestBytes>
const EVP_MD* algorithm() {
    static const EVP_MD* const kAlgorithm =
        EVP_MD_fetch(nullptr, kDigestBytes == 32 ? "SHA2-256" : "SHA1", nullptr);
    CHECK(kAlgorithm != nullptr);
    return kAlgorithm;
}

}  // namespace

template <std::size_t kDigestBytes>
struct Hasher<kDigestBytes>::State {
    State() : context(EVP_MD_CTX_new()) {
        CHECK(context != nullptr);
        CHECK(EVP_DigestInit_ex2(context, algorithm<kDigestBytes>(), nullptr) == 1);
    }
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    EVP_MD_CTX* const context;
};

template <std::size_t kDigestBytes>
Hasher<kDigestBytes>::Hasher() : state_(std::make_unique<State>()) {}
template <std::size_t kDigestBytes>
Hasher<kDigestBytes>::~Hasher() = default;
template <std::size_t kDigestBytes>
Hasher<kDigestBytes>::Hasher(Hasher&&) noexcept = default;
template <std::size_t kDigestBytes>
Hasher<kDigestBytes>& Hasher<kDigestBytes>::operator=(Hasher&&) noexcept = default;

template <std::size_t kDigestBytes>
void Hasher<kDigestBytes>::update(ByteSpan bytes) {
    CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

template <std::size_t kDigestBytes>
std::array<std::byte, kDigestBytes> Hasher<kDigestBytes>::finish() {
    std::array<std::byte, kDigestBytes> digest;
    unsigned int written_bytes = 0;
    CHECK(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(digest.data()),
                             &written_bytes) == 1);
    CHECK(written_bytes == kDigestBytes);
    CHECK(EVP_DigestInit_ex2(state_->context, nullptr, nullptr) == 1);
    return digest;
}

template class Hasher<32>;
template class Hasher<20>;

Digest sha256(ByteSpan bytes) {
    Sha256Hasher hasher;
    hasher.update(bytes);
    return hasher.finish();
}

Sha1Digest sha1(ByteSpan bytes) {
    Sha1Hasher hasher;
    hasher.update(bytes);
    return hasher.finish();
}

}  // namespace muster::crypto
