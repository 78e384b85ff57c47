// SPDX-License-Identifier: GPL-3.0-or-later
//
// Requests and responses as our own code sees them, on both sides; how they travel is Beast's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"

namespace muster::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first header of this name, whatever its case; empty when there is none.
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
    std::string method;  // "GET", "POST" ...; HEAD arrives as GET with is_head set
    bool is_head = false;
    std::string target;                        // as it was sent
    std::string path;                          // decoded, without the query; begins with '/'
    std::map<std::string, std::string> query;  // decoded; of a repeated name the last
    HttpHeaders headers;
    std::string body;
    Address peer;
    Address local;             // the server's address that the connection came to
    std::string bearer_token;  // of "Authorization: Bearer ..."; empty when there is none

    std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

// A piece of a file that is sent as the body, read in steps, never whole in memory.
struct FileRange {
    std::string path;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

// A body made while it is sent, no faster than its maker allows. It is destroyed, on the loop's
// thread, when the response is over, however it ended.
class BodySource {
public:
    virtual ~BodySource() = default;
    virtual std::uint64_t length() const = 0;
    // A file thread. False: the bytes cannot be had, and the connection is cut.
    virtual bool read(std::uint64_t offset, MutableByteSpan out) = 0;
    // Loop's thread, once for every piece: how long it has to wait before it leaves.
    virtual Duration delay(std::size_t bytes) = 0;
};

struct HttpResponse {
    int status = 200;
    std::string content_type;  // left out when empty
    HttpHeaders headers;
    std::string body;
    std::optional<FileRange> file;       // instead of body; server side only
    std::shared_ptr<BodySource> source;  // the same

    std::string_view header(std::string_view name) const { return find_header(headers, name); }
    static HttpResponse text(int status, std::string line);
    static HttpResponse json(int status, std::string document);
};

// The code that fits a refusal: 400 invalid_argument, 401 unauthenticated, 403 permission_denied,
// 404 not_found, 409 busy, 412 and 426 version_mismatch, 507 no_space, 502 to 504 unavailable,
// others io.
Errc errc_of_status(int status);

// Splits "/a%20b?x=1" into path and query. Errc::invalid_argument: a target that is no path, a
// broken %-escape, or a control character behind one.
struct Target {
    std::string path;
    std::map<std::string, std::string> query;
};
Result<Target> parse_target(std::string_view target);

// "Range: bytes=..." against a file of SIZE bytes. Empty when the header is absent, asks for
// several ranges or is not understood (RFC 9110 14.2: then the whole is sent).
// Errc::invalid_argument: the range lies outside (answer 416).
struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  // inclusive
};
Result<std::optional<ByteRange>> parse_byte_range(std::string_view header, std::uint64_t size);

}  // namespace muster::net
