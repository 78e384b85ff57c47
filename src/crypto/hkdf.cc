// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>

#include "base/check.h"

namespace muster::crypto {
namespace {

struct FreeKdf {
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

OSSL_PARAM octets(const char* name, const void* data, std::size_t size) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<void*>(data), size);
}

}  // namespace

Bytes hkdf_sha256(ByteSpan secret, ByteSpan salt, std::string_view info, std::size_t length) {
    CHECK(!secret.empty());
    CHECK(length >= 1 && length <= kHkdfMaxBytes);
    std::unique_ptr<EVP_KDF, FreeKdf> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    CHECK(kdf != nullptr);
    std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(EVP_KDF_CTX_new(kdf.get()));
    CHECK(context != nullptr);

    // Absent and empty are the same for RFC 5869; libcrypto wants them absent.
    char digest_name[] = "SHA2-256";
    OSSL_PARAM params[5];
    std::size_t used = 0;
    params[used++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0);
    params[used++] = octets(OSSL_KDF_PARAM_KEY, secret.data(), secret.size());
    if (!salt.empty()) {
        params[used++] = octets(OSSL_KDF_PARAM_SALT, salt.data(), salt.size());
    }
    if (!info.empty()) {
        params[used++] = octets(OSSL_KDF_PARAM_INFO, info.data(), info.size());
    }
    params[used] = OSSL_PARAM_construct_end();

    Bytes key(length);
    CHECK(EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(key.data()), key.size(),
                         params) == 1);
    return key;
}

}  // namespace muster::crypto
