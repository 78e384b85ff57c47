// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who a server is: a key of its own and a certificate it signed itself. Clients do not ask an
// authority and do not judge dates, because a computer at its first boot may have the wrong time;
// they know the fingerprint of the key beforehand (pinning). TLS 1.3 only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::net {

// A P-256 key and its certificate; copies share them. A default one is empty.
class TlsIdentity {
public:
    struct Impl;
    TlsIdentity();
    explicit TlsIdentity(std::shared_ptr<const Impl> impl);

    // A new key; the certificate names COMMON_NAME and is valid for 10 years from yesterday.
    static Result<TlsIdentity> generate(std::string_view common_name);
    // Key and certificate as PEM, one after the other. Errc::corrupt: not that, or the key is not
    // the certificate's.
    static Result<TlsIdentity> from_pem(std::string_view pem);
    Result<std::string> to_pem() const;
    // One PEM file with both. save() makes it with mode 0600 beside the place and renames it, so
    // that there is the whole file or none; it replaces an older one.
    static Result<TlsIdentity> load(const std::string& path);
    Status save(const std::string& path) const;
    // What is in the file, or a new identity saved there when there is no such file.
    static Result<TlsIdentity> load_or_generate(const std::string& path,
                                                std::string_view common_name);

    bool empty() const { return !impl_; }
    // SHA-256 of the SubjectPublicKeyInfo in DER, 64 digits of lower-case hex.
    std::string fingerprint() const;

    const Impl& impl() const { return *impl_; }

private:
    std::shared_ptr<const Impl> impl_;
};

// 64 hexadecimal digits; upper case is accepted elsewhere by lowering it first.
bool is_fingerprint(std::string_view text);

}  // namespace muster::net
