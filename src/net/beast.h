// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every Boost and OpenSSL header that net needs, in one place: it is the precompiled header of
// this folder. Included by sources of net only, never by a public header.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/time.h"
#include "net/address.h"

namespace muster::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
namespace ssl = boost::asio::ssl;
using boost::asio::ip::tcp;
using boost::system::error_code;

using TlsStream = ssl::stream<beast::tcp_stream>;
using WebSocketStream = websocket::stream<TlsStream>;

// co_await operation(..., catching(ec)): the failure is a value.
inline auto catching(error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

inline std::chrono::steady_clock::duration to_steady(Duration duration) {
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration);
}

Address from_endpoint(const tcp::endpoint& endpoint);
tcp::endpoint to_endpoint(const Address& address);
// NODELAY, and the congestion control when one is named; a kernel without it is no error.
void tune_tcp(tcp::socket& socket, const std::string& congestion_control);
// "connection refused": the operating system's words without its capital.
std::string words_of(const error_code& ec);

}  // namespace muster::net
