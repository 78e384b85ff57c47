// SPDX-License-Identifier: GPL-3.0-or-later
//
// A client's way to the server: name, TCP, TLS with the pinned key, and the words for what went
// wrong. HttpsClient and WebSocketClient share it. Used inside net only.
#pragma once

#include <optional>
#include <string>

#include "net/http_io.h"
#include "net/https_client.h"
#include "net/tls_channel.h"
#include "net/tls_impl.h"

namespace muster::net {

struct ClientChannel {
    ClientChannel() = default;
    ClientChannel(const ClientChannel&) = delete;
    ClientChannel& operator=(const ClientChannel&) = delete;

    // Replaces what was open. Errors as in https_client.h.
    asio::awaitable<Status> connect(asio::any_io_executor executor,
                                    const HttpsClientOptions& options, bool accept_any_key);
    void close();

    ssl::context tls{ssl::context::tls_client};
    KeyPin pin;
    std::optional<TlsChannel> stream;
    Address peer;

private:
    asio::awaitable<Status> open_tcp(const HttpsClientOptions& options, const HostPort& server);
};

bool is_target_safe(std::string_view target);
Error cannot_reach(std::string_view server, std::string_view why);
// For a request that broke: timeout, reset, truncated ...
Error request_error(std::string_view server, const error_code& ec, Duration limit);
// "ADDR answered 404: WORDS" with the code of errc_of_status().
Error status_error(std::string_view server, int status, std::string_view body);

}  // namespace muster::net
