// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/http.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace muster::net {

namespace {
bool equal_without_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

Error bad_target(std::string_view why) {
    return {Errc::invalid_argument, "bad request target: " + std::string(why)};
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return bad_target("a broken %-escape");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            return bad_target("a control character");
        }
        out.push_back(c);
    }
    return out;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}
}  // namespace

std::string_view find_header(const HttpHeaders& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (equal_without_case(key, name)) return value;
    }
    return {};
}

HttpResponse HttpResponse::text(int status, std::string line) {
    if (line.empty() || line.back() != '\n') line.push_back('\n');
    return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(line)};
}

HttpResponse HttpResponse::json(int status, std::string document) {
    return {.status = status, .content_type = "application/json", .body = std::move(document)};
}

Errc errc_of_status(int status) {
    switch (status) {
        case 400:
        case 413:
        case 416:
        case 422: return Errc::invalid_argument;
        case 401: return Errc::unauthenticated;
        case 403: return Errc::permission_denied;
        case 404:
        case 410: return Errc::not_found;
        case 409:
        case 423: return Errc::busy;
        case 412:
        case 426: return Errc::version_mismatch;
        case 429:
        case 502:
        case 503:
        case 504: return Errc::unavailable;
        case 507: return Errc::no_space;
        default: return Errc::io;
    }
}

Result<Target> parse_target(std::string_view target) {
    if (!target.starts_with('/')) return bad_target("it does not begin with /");
    target = target.substr(0, target.find('#'));
    const auto mark = target.find('?');
    Target out;
    out.path = TRY(decode(target.substr(0, mark), false));
    auto rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const auto pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = TRY(decode(pair.substr(0, equals), true));
        auto value = equals == std::string_view::npos ? std::string()
                                                      : TRY(decode(pair.substr(equals + 1), true));
        out.query[std::move(name)] = std::move(value);
    }
    return out;
}

Result<std::optional<ByteRange>> parse_byte_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    const std::optional<ByteRange> whole;
    if (!header.starts_with(kUnit)) return whole;
    header.remove_prefix(kUnit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return whole;
    const auto left = header.substr(0, dash);
    const auto right = header.substr(dash + 1);
    const auto outside = [&] {
        return Error(Errc::invalid_argument, "range bytes=" + std::string(header) +
                                                 " lies outside of " + std::to_string(size) +
                                                 " bytes");
    };
    if (left.empty()) {  // the last N bytes
        const auto count = number(right);
        if (!count) return whole;
        if (*count == 0 || size == 0) return outside();
        return std::optional(ByteRange{size - std::min(*count, size), size - 1});
    }
    const auto first = number(left);
    const auto last = right.empty() ? std::optional(UINT64_MAX) : number(right);
    if (!first || !last || *last < *first) return whole;
    if (*first >= size) return outside();
    return std::optional(ByteRange{*first, std::min(*last, size - 1)});
}

}  // namespace muster::net
