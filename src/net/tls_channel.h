// SPDX-License-Identifier: GPL-3.0-or-later
//
// The few asynchronous operations that HTTP needs of a TLS connection, compiled once. Beast's own
// stream algorithms would be instantiated for every message type on every kind of stream: minutes
// and gigabytes of compiler for what is "read some" and "write all". So its parsers are fed by
// hand (http_io.h), and only WebSockets use Beast's stream code. Used inside net only.
#pragma once

#include "base/bytes.h"
#include "net/beast.h"

namespace muster::net {

class TlsChannel {
public:
    TlsChannel(beast::tcp_stream tcp, ssl::context& context) : stream_(std::move(tcp), context) {}

    asio::awaitable<error_code> connect(tcp::endpoint endpoint);
    asio::awaitable<error_code> connect(tcp::resolver::results_type endpoints);
    asio::awaitable<error_code> handshake(ssl::stream_base::handshake_type side);
    asio::awaitable<error_code> shutdown();
    // The bytes read; 0 with an error in ec.
    asio::awaitable<std::size_t> read_some(MutableByteSpan out, error_code& ec);
    asio::awaitable<error_code> write(ByteSpan bytes);
    // Below TLS: what comes is thrown away, until the end or the limit.
    asio::awaitable<void> drain_tcp(std::size_t limit_bytes);

    // Ends in beast::error::timeout and a closed socket what takes longer.
    void expires_after(Duration limit) { tcp_layer().expires_after(to_steady(limit)); }
    void expires_never() { tcp_layer().expires_never(); }
    void close() { tcp_layer().close(); }
    // The operation under way ends with an error, the connection stays usable.
    void cancel() { tcp_layer().cancel(); }
    tcp::socket& socket() { return tcp_layer().socket(); }
    // Gives the connection away, to a WebSocket.
    TlsStream release() { return std::move(stream_); }

private:
    beast::tcp_stream& tcp_layer() { return stream_.next_layer(); }
    TlsStream stream_;
};

}  // namespace muster::net
