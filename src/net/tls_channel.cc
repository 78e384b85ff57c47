// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/tls_channel.h"

namespace muster::net {

asio::awaitable<error_code> TlsChannel::connect(tcp::endpoint endpoint) {
    error_code ec;
    co_await tcp_layer().async_connect(endpoint, catching(ec));
    co_return ec;
}

asio::awaitable<error_code> TlsChannel::connect(tcp::resolver::results_type endpoints) {
    error_code ec;
    co_await tcp_layer().async_connect(endpoints, catching(ec));
    co_return ec;
}

asio::awaitable<error_code> TlsChannel::handshake(ssl::stream_base::handshake_type side) {
    error_code ec;
    co_await stream_.async_handshake(side, catching(ec));
    co_return ec;
}

asio::awaitable<error_code> TlsChannel::shutdown() {
    error_code ec;
    co_await stream_.async_shutdown(catching(ec));
    co_return ec;
}

asio::awaitable<std::size_t> TlsChannel::read_some(MutableByteSpan out, error_code& ec) {
    const auto got =
        co_await stream_.async_read_some(asio::buffer(out.data(), out.size()), catching(ec));
    co_return got;
}

asio::awaitable<error_code> TlsChannel::write(ByteSpan bytes) {
    error_code ec;
    while (!bytes.empty() && !ec) {
        const auto sent = co_await stream_.async_write_some(
            asio::buffer(bytes.data(), bytes.size()), catching(ec));
        bytes = bytes.subspan(sent);
    }
    co_return ec;
}

asio::awaitable<void> TlsChannel::drain_tcp(std::size_t limit_bytes) {
    error_code ec;
    Bytes waste(64 * 1024);
    for (std::size_t total = 0; !ec && total < limit_bytes;) {
        total += co_await tcp_layer().async_read_some(asio::buffer(waste.data(), waste.size()),
                                                      catching(ec));
    }
}

}  // namespace muster::net
