// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/http_io.h"

#include <algorithm>

namespace muster::net {

namespace {
constexpr std::size_t kReadBytes = 64 * 1024;

// The connection's end, as the parser takes it. A TLS stream cut without a close_notify is no
// proper end of a message whose length is "until the end".
template <bool is_request>
error_code end_of(http::basic_parser<is_request>& parser, const error_code& ec) {
    if (ec != asio::error::eof && ec != ssl::error::stream_truncated) return ec;
    if (!parser.got_some()) return http::error::end_of_stream;
    if (ec == ssl::error::stream_truncated) return http::error::partial_message;
    error_code out;
    parser.put_eof(out);
    return out;
}
}  // namespace

template <bool is_request>
asio::awaitable<error_code> read_http(TlsChannel& channel, beast::flat_buffer& buffer,
                                      http::basic_parser<is_request>& parser, ReadUntil until) {
    const auto done = [&] {
        return until == ReadUntil::header_done ? parser.is_header_done() : parser.is_done();
    };
    error_code ec;
    bool hungry = buffer.size() == 0;
    while (!done()) {
        if (hungry) {
            const auto space = buffer.prepare(kReadBytes);
            const MutableByteSpan out(static_cast<std::byte*>(space.data()), space.size());
            const auto got = co_await channel.read_some(out, ec);
            if (ec) {
                ec = end_of(parser, ec);
                if (ec) co_return ec;
                continue;
            }
            buffer.commit(got);
        }
        ec = {};
        const auto used = parser.put(asio::const_buffer(buffer.data()), ec);
        buffer.consume(used);
        hungry = ec == http::error::need_more || buffer.size() == 0;
        if (ec && ec != http::error::need_more) co_return ec;
    }
    co_return error_code();
}

template asio::awaitable<error_code> read_http<true>(TlsChannel&, beast::flat_buffer&,
                                                     http::basic_parser<true>&, ReadUntil);
template asio::awaitable<error_code> read_http<false>(TlsChannel&, beast::flat_buffer&,
                                                      http::basic_parser<false>&, ReadUntil);

bool is_header_safe(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
    if (name.empty() || name.find(':') != name.npos) return;
    if (!is_header_safe(name) || !is_header_safe(value)) return;
    head.append(name).append(": ").append(value).append("\r\n");
}

HttpHeaders headers_of(const http::fields& fields) {
    HttpHeaders headers;
    for (const auto& field : fields) {
        headers.emplace_back(view_of(field.name_string()), view_of(field.value()));
    }
    return headers;
}

}  // namespace muster::net
