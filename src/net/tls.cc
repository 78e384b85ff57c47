// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/tls_impl.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "base/hex.h"
#include "net/fd.h"
#include "net/random.h"

namespace muster::net {

namespace {
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
constexpr long kDaySeconds = 24L * 60 * 60;
constexpr std::size_t kMaxPemBytes = 64 * 1024;

Result<TlsIdentity> identity_of(KeyPtr key, CertificatePtr certificate) {
    auto impl = std::make_shared<TlsIdentity::Impl>();
    impl->fingerprint = TRY(fingerprint_of(certificate.get()));
    impl->key = std::move(key);
    impl->certificate = std::move(certificate);
    return TlsIdentity(std::move(impl));
}

bool fill_certificate(X509* certificate, EVP_PKEY* key, std::string_view common_name) {
    unsigned char serial[16];
    fill_random(std::as_writable_bytes(std::span(serial)));
    serial[0] = (serial[0] & 0x7f) | 0x01;  // positive and never empty
    std::unique_ptr<BIGNUM, OpensslDeleter<BN_free>> number(
        BN_bin2bn(serial, sizeof serial, nullptr));
    auto* name = X509_get_subject_name(certificate);
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) &&
           X509_set_version(certificate, X509_VERSION_3) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -kDaySeconds) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), 3652 * kDaySeconds) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(common_name.data()),
                                      static_cast<int>(common_name.size()), -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

Result<std::string> read_file(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return error_from_errno(errno, "open " + path);
    std::string text(kMaxPemBytes + 1, '\0');
    std::size_t used = 0;
    while (used < text.size()) {
        const auto got = ::read(fd.value(), text.data() + used, text.size() - used);
        if (got < 0) return error_from_errno(errno, "read " + path);
        if (got == 0) break;
        used += static_cast<std::size_t>(got);
    }
    if (used > kMaxPemBytes) return Error(Errc::corrupt, path + " is too large for a key file");
    text.resize(used);
    return text;
}

Status write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const auto wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0) return error_from_errno(errno, "write " + path);
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    if (::fsync(fd) != 0) return error_from_errno(errno, "write " + path);
    return {};
}

// Returns 1 to go on with the handshake.
int compare_with_pin(X509_STORE_CTX* store, void* argument) {
    auto& pin = *static_cast<KeyPin*>(argument);
    auto seen = fingerprint_of(X509_STORE_CTX_get0_cert(store));
    pin.seen = seen ? *seen : "unreadable";
    if (pin.accept_any || (seen && pin.seen == pin.expected)) return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}
}  // namespace

Error openssl_error(Errc code, std::string_view what) {
    char words[256] = "unknown reason";
    if (const auto last = ERR_peek_last_error()) ERR_error_string_n(last, words, sizeof words);
    ERR_clear_error();
    return {code, std::string(what) + ": " + words};
}

Result<std::string> fingerprint_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int length = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
    if (length <= 0) return openssl_error(Errc::corrupt, "read the public key of a certificate");
    std::array<unsigned char, 32> digest{};
    const bool hashed = EVP_Digest(der, static_cast<std::size_t>(length), digest.data(), nullptr,
                                   EVP_sha256(), nullptr) == 1;
    OPENSSL_free(der);
    if (!hashed) return openssl_error(Errc::internal, "hash a public key");
    return to_hex(std::as_bytes(std::span(digest)));
}

TlsIdentity::TlsIdentity() = default;
TlsIdentity::TlsIdentity(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

std::string TlsIdentity::fingerprint() const { return impl_ ? impl_->fingerprint : ""; }

Result<TlsIdentity> TlsIdentity::generate(std::string_view common_name) {
    // X.509 allows 64 characters.
    common_name = common_name.empty() ? "muster" : common_name.substr(0, 64);
    KeyPtr key(EVP_EC_gen("P-256"));
    CertificatePtr certificate(X509_new());
    if (!key || !certificate || !fill_certificate(certificate.get(), key.get(), common_name)) {
        return openssl_error(Errc::internal, "make a TLS key and certificate");
    }
    return identity_of(std::move(key), std::move(certificate));
}

Result<TlsIdentity> TlsIdentity::from_pem(std::string_view pem) {
    BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // The callback keeps OpenSSL from asking a terminal for the password of an encrypted key.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
    if (!key) return openssl_error(Errc::corrupt, "no private key in the PEM text");
    BioPtr again(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    CertificatePtr certificate(again ? PEM_read_bio_X509(again.get(), nullptr, no_password, nullptr)
                                     : nullptr);
    if (!certificate) return openssl_error(Errc::corrupt, "no certificate in the PEM text");
    if (X509_check_private_key(certificate.get(), key.get()) != 1) {
        return openssl_error(Errc::corrupt, "the private key is not the certificate's");
    }
    return identity_of(std::move(key), std::move(certificate));
}

Result<std::string> TlsIdentity::to_pem() const {
    BioPtr bio(BIO_new(BIO_s_mem()));
    if (!impl_ || !bio ||
        PEM_write_bio_PrivateKey(bio.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) != 1 ||
        PEM_write_bio_X509(bio.get(), impl_->certificate.get()) != 1) {
        return openssl_error(Errc::internal, "write a TLS key as PEM");
    }
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(length));
}

Result<TlsIdentity> TlsIdentity::load(const std::string& path) {
    return from_pem(TRY(read_file(path))).context("load the TLS key " + path);
}

Status TlsIdentity::save(const std::string& path) const {
    const auto pem = TRY(to_pem());
    const auto part = path + "." + to_hex(random_bytes(6)) + ".part";
    UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return error_from_errno(errno, "create " + part);
    auto written = write_all(fd.value(), pem, part);
    if (written.ok() && ::rename(part.c_str(), path.c_str()) != 0) {
        written = error_from_errno(errno, "rename " + part + " to " + path);
    }
    if (!written.ok()) {
        ::unlink(part.c_str());
        return written;
    }
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) ::fsync(directory.value());
    return {};
}

Result<TlsIdentity> TlsIdentity::load_or_generate(const std::string& path,
                                                  std::string_view common_name) {
    auto loaded = load(path);
    if (loaded.ok() || loaded.error().code() != Errc::not_found) return loaded;
    auto made = TRY(generate(common_name));
    TRY(made.save(path));
    return made;
}

Status configure_server(SSL_CTX* context, const TlsIdentity& identity) {
    if (identity.empty()) {
        return Error(Errc::invalid_argument, "an HTTPS server needs a TLS identity");
    }
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    if (SSL_CTX_use_certificate(context, identity.impl().certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, identity.impl().key.get()) != 1) {
        return openssl_error(Errc::internal, "use the server's TLS key");
    }
    return {};
}

void configure_client(SSL_CTX* context, KeyPin& pin) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, compare_with_pin, &pin);
}

bool is_fingerprint(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace muster::net
