// SPDX-License-Identifier: GPL-3.0-or-later
//
// OpenSSL's side of tls.h, for the other sources of net.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls.h"

namespace muster::net {

template <auto Free>
struct OpensslDeleter {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;

struct TlsIdentity::Impl {
    KeyPtr key;
    CertificatePtr certificate;
    std::string fingerprint;
};

// What the client expects and what it met; lives as long as the SSL_CTX that points to it.
struct KeyPin {
    std::string expected;
    std::string seen;
    bool accept_any = false;
};

// "WHAT: the last words of OpenSSL's error queue", which it empties.
Error openssl_error(Errc code, std::string_view what);
Result<std::string> fingerprint_of(X509* certificate);
Status configure_server(SSL_CTX* context, const TlsIdentity& identity);
// Replaces OpenSSL's chain building by the comparison of one hash.
void configure_client(SSL_CTX* context, KeyPin& pin);

}  // namespace muster::net
