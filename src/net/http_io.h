// SPDX-License-Identifier: GPL-3.0-or-later
//
// Feeds Beast's HTTP parsers from a TlsChannel, and writes the heads of messages. Used inside net
// only.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"
#include "net/tls_channel.h"

namespace muster::net {

enum class ReadUntil { header_done, message_done };

// Reads until the parser has what is asked for; bytes beyond it stay in the buffer. Errors:
// http::error::end_of_stream when the peer closed before the first byte, partial_message when
// within the message, need_buffer when a buffer_body is full, the parser's own, or the channel's.
template <bool is_request>
asio::awaitable<error_code> read_http(TlsChannel& channel, beast::flat_buffer& buffer,
                                      http::basic_parser<is_request>& parser, ReadUntil until);

// Appends "NAME: VALUE" unless there is a control character in it, which could begin a header or
// a message of its own.
void append_header(std::string& head, std::string_view name, std::string_view value);
HttpHeaders headers_of(const http::fields& fields);
inline std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

// Nothing in it that could end a line early.
bool is_header_safe(std::string_view text);

}  // namespace muster::net
