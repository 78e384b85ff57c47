// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/result.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace muster {

std::string_view to_string(Errc code) {
    switch (code) {
        case Errc::invalid_argument: return "invalid_argument";
        case Errc::not_found: return "not_found";
        case Errc::already_exists: return "already_exists";
        case Errc::permission_denied: return "permission_denied";
        case Errc::unauthenticated: return "unauthenticated";
        case Errc::corrupt: return "corrupt";
        case Errc::no_space: return "no_space";
        case Errc::busy: return "busy";
        case Errc::unavailable: return "unavailable";
        case Errc::version_mismatch: return "version_mismatch";
        case Errc::cancelled: return "cancelled";
        case Errc::io: return "io";
        case Errc::internal: return "internal";
    }
    return "internal";
}

namespace {
Errc code_from_errno(int errno_value) {
    switch (errno_value) {
        case ENOENT:
        case ENODEV:
        case ENXIO: return Errc::not_found;
        case EEXIST: return Errc::already_exists;
        case EACCES:
        case EPERM:
        case EROFS: return Errc::permission_denied;
        case ENOSPC:
        case EFBIG:
        case EDQUOT:
        case ENOMEM: return Errc::no_space;
        case EBUSY:
        case EADDRINUSE:
        case ETXTBSY: return Errc::busy;
        case ECONNREFUSED:
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENETDOWN:
        case ETIMEDOUT:
        case ECONNRESET: return Errc::unavailable;
        case EINVAL: return Errc::invalid_argument;
        default: return Errc::io;
    }
}
}  // namespace

Error error_from_errno(int errno_value, std::string_view what) {
    return {code_from_errno(errno_value), std::string(what) + ": " + std::strerror(errno_value)};
}

void result_misused(const Error& error) {
    std::fprintf(stderr, "muster: value of a failed Result taken: %s\n", error.message().c_str());
    std::abort();
}

void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "muster: CHECK failed: %s at %s:%d\n", condition, file, line);
    std::abort();
}

}  // namespace muster
