// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/aead.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace muster::crypto {
namespace {

const unsigned char* raw(ByteSpan bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

int int_size(ByteSpan bytes) {
    CHECK(bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(bytes.size());
}

const EVP_CIPHER* algorithm() {
    static const EVP_CIPHER* const kAlgorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    CHECK(kAlgorithm != nullptr);
    return kAlgorithm;
}

// One direction with its expanded key.
class Context {
public:
    Context(std::span<const std::byte, kAeadKeyBytes> key, int encrypting)
        : context_(EVP_CIPHER_CTX_new()) {
        CHECK(context_ != nullptr);
        CHECK(EVP_CipherInit_ex2(context_, algorithm(), raw(key), nullptr, encrypting, nullptr) ==
              1);
    }
    ~Context() { EVP_CIPHER_CTX_free(context_); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    void start(ByteSpan nonce, ByteSpan aad) {
        CHECK(EVP_CipherInit_ex2(context_, nullptr, nullptr, raw(nonce), -1, nullptr) == 1);
        int written_bytes = 0;
        if (aad.empty()) return;
        CHECK(EVP_CipherUpdate(context_, nullptr, &written_bytes, raw(aad), int_size(aad)) == 1);
    }

    void transform(ByteSpan in, MutableByteSpan out) {
        if (in.empty()) return;
        int written_bytes = 0;
        CHECK(EVP_CipherUpdate(context_, reinterpret_cast<unsigned char*>(out.data()),
                               &written_bytes, raw(in), int_size(in)) == 1);
        CHECK(written_bytes == int_size(in));
    }

    // Encrypting: always true. Decrypting: whether the tag set before fits.
    bool finish() {
        unsigned char nothing[kTagBytes];
        int written_bytes = 0;
        return EVP_CipherFinal_ex(context_, nothing, &written_bytes) == 1;
    }

    void read_tag(MutableByteSpan tag) {
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag.data(), tag.size()),
            OSSL_PARAM_construct_end()};
        CHECK(EVP_CIPHER_CTX_get_params(context_, params) == 1);
    }

    void expect_tag(ByteSpan tag) {
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                              const_cast<std::byte*>(tag.data()), tag.size()),
            OSSL_PARAM_construct_end()};
        CHECK(EVP_CIPHER_CTX_set_params(context_, params) == 1);
    }

private:
    EVP_CIPHER_CTX* const context_;
};

}  // namespace

struct Aead::State {
    explicit State(std::span<const std::byte, kAeadKeyBytes> key)
        : sealing(key, 1), opening(key, 0) {}
    Context sealing;
    Context opening;
};

Aead Aead::create(std::span<const std::byte, kAeadKeyBytes> key) {
    return Aead(std::make_unique<State>(key));
}
Aead::Aead(std::unique_ptr<State> state) : state_(std::move(state)) {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(std::span<const std::byte, kAeadNonceBytes> nonce, ByteSpan aad, ByteSpan plaintext,
                MutableByteSpan out) {
    CHECK(out.size() == plaintext.size() + kTagBytes);
    auto& context = state_->sealing;
    context.start(nonce, aad);
    context.transform(plaintext, out.first(plaintext.size()));
    CHECK(context.finish());
    context.read_tag(out.last(kTagBytes));
}

bool Aead::open(std::span<const std::byte, kAeadNonceBytes> nonce, ByteSpan aad, ByteSpan sealed,
                MutableByteSpan out) {
    if (sealed.size() < kTagBytes) {
        std::fill(out.begin(), out.end(), std::byte{0});
        return false;
    }
    const auto ciphertext = sealed.first(sealed.size() - kTagBytes);
    CHECK(out.size() == ciphertext.size());
    auto& context = state_->opening;
    context.start(nonce, aad);
    context.expect_tag(sealed.last(kTagBytes));
    context.transform(ciphertext, out);
    if (context.finish()) return true;
    std::fill(out.begin(), out.end(), std::byte{0});
    return false;
}

}  // namespace muster::crypto
