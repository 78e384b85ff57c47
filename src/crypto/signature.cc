// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/signature.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/check.h"

namespace muster::crypto {

namespace {

template <auto Free>
struct Deleter {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

constexpr std::size_t kMaxPublicKeyBytes = 512;

const unsigned char* raw(ByteSpan bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

struct SigningKey::Key {
    KeyPtr handle;
};

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const auto no_password = [](char*, int, int, void*) { return -1; };
    KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
    ERR_clear_error();
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) {
        return Error(Errc::corrupt, "no private EC key in the PEM text");
    }
    SigningKey made;
    made.key_ = std::make_shared<const Key>(Key{std::move(key)});
    return made;
}

Bytes SigningKey::public_key() const {
    CHECK(key_ != nullptr);
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(key_->handle.get(), &der);
    CHECK(length > 0);
    const auto bytes = std::as_bytes(std::span(der, static_cast<std::size_t>(length)));
    Bytes result(bytes.begin(), bytes.end());
    OPENSSL_free(der);
    return result;
}

Bytes SigningKey::sign(ByteSpan message) const {
    CHECK(key_ != nullptr);
    const DigestPtr context(EVP_MD_CTX_new());
    std::size_t size = 0;
    CHECK(context != nullptr);
    CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->handle.get()) ==
          1);
    CHECK(EVP_DigestSign(context.get(), nullptr, &size, raw(message), message.size()) == 1);
    Bytes signature(size);
    CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                         raw(message), message.size()) == 1);
    signature.resize(size);
    return signature;
}

bool verify_signature(ByteSpan public_key, ByteSpan message, ByteSpan signature) {
    if (public_key.size() > kMaxPublicKeyBytes) return false;
    const unsigned char* der = raw(public_key);
    const KeyPtr key(d2i_PUBKEY(nullptr, &der, static_cast<long>(public_key.size())));
    const DigestPtr context(EVP_MD_CTX_new());
    const bool good =
        key != nullptr && der == raw(public_key) + public_key.size() && context != nullptr &&
        EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC &&
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message),
                         message.size()) == 1;
    ERR_clear_error();
    return good;
}

}  // namespace muster::crypto
