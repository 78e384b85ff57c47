// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/client_channel.h"

#include <openssl/err.h>

#include <algorithm>

namespace muster::net {

namespace {
std::string seconds_of(Duration limit) {
    char words[32];
    std::snprintf(words, sizeof words, "%g s", to_seconds(limit));
    return words;
}

Error handshake_error(const std::string& server, const KeyPin& pin, const error_code& ec,
                      Duration limit) {
    if (!pin.seen.empty() && !pin.accept_any && pin.seen != pin.expected) {
        return {Errc::unauthenticated,
                "server key of " + server + " is " + pin.seen + ", expected " + pin.expected +
                    "; another server answers there or it was installed anew: ask its "
                    "administrator for the fingerprint"};
    }
    if (ec == beast::error::timeout) {
        return cannot_reach(server, "no TLS answer within " + seconds_of(limit));
    }
    if (ec.category() == asio::error::get_ssl_category()) {
        return cannot_reach(server, "it does not speak TLS 1.3 (" + words_of(ec) + ")");
    }
    return cannot_reach(server, "TLS handshake: " + words_of(ec));
}
}  // namespace

bool is_target_safe(std::string_view target) {
    return target.starts_with('/') && is_header_safe(target) && target.find(' ') == target.npos;
}

Error cannot_reach(std::string_view server, std::string_view why) {
    return {Errc::unavailable, "cannot reach " + std::string(server) + ": " + std::string(why) +
                                   "; is muster serve running there?"};
}

Error request_error(std::string_view server, const error_code& ec, Duration limit) {
    if (ec == beast::error::timeout) {
        return {Errc::unavailable,
                std::string(server) + " did not answer within " + seconds_of(limit)};
    }
    if (ec == http::error::body_limit) {
        return {Errc::invalid_argument,
                std::string(server) + " sent a response larger than this client takes"};
    }
    const bool ended = ec == http::error::end_of_stream || ec == http::error::partial_message ||
                       ec == ssl::error::stream_truncated || ec == asio::error::eof;
    return {Errc::unavailable, "connection to " + std::string(server) + " broke: " +
                                   (ended ? "it was closed in the middle" : words_of(ec))};
}

Error status_error(std::string_view server, int status, std::string_view body) {
    auto line = body.substr(0, body.find_first_of("\r\n"));
    if (line.size() > 400) line = line.substr(0, 400);
    std::string message = std::string(server) + " answered " + std::to_string(status);
    if (!line.empty() && is_header_safe(line)) message += ": " + std::string(line);
    return {errc_of_status(status), std::move(message)};
}

void ClientChannel::close() {
    if (stream) stream->close();
    stream.reset();
}

asio::awaitable<Status> ClientChannel::open_tcp(const HttpsClientOptions& options,
                                                const HostPort& server) {
    error_code ec;
    const auto literal = Address::parse_ip(server.host, server.port);
    if (literal) {
        ec = co_await stream->connect(to_endpoint(*literal));
    } else {
        tcp::resolver resolver(stream->socket().get_executor());
        const auto found =
            co_await resolver.async_resolve(server.host, std::to_string(server.port), catching(ec));
        if (ec) {
            co_return cannot_reach(options.server, "no such host name (" + words_of(ec) + ")");
        }
        // The name took its time; the clock for the connection starts here.
        stream->expires_after(options.connect_timeout);
        ec = co_await stream->connect(found);
    }
    if (ec == beast::error::timeout) {
        co_return cannot_reach(options.server,
                               "no answer within " + seconds_of(options.connect_timeout));
    }
    if (ec) co_return cannot_reach(options.server, words_of(ec));
    peer = from_endpoint(stream->socket().remote_endpoint(ec));
    tune_tcp(stream->socket(), options.congestion_control);
    co_return Status();
}

asio::awaitable<Status> ClientChannel::connect(asio::any_io_executor executor,
                                               const HttpsClientOptions& options,
                                               bool accept_any_key) {
    close();
    const auto server = HostPort::parse(options.server);
    if (!server) co_return server.error();
    if (!accept_any_key && !is_fingerprint(options.fingerprint)) {
        co_return Error(Errc::invalid_argument,
                        "\"" + options.fingerprint + "\" is no fingerprint of the server " +
                            options.server + ": it has 64 hexadecimal digits in lower case");
    }
    if (!is_header_safe(options.bearer_token)) {
        co_return Error(Errc::invalid_argument,
                        "the token for " + options.server + " holds a control character");
    }
    pin = {.expected = options.fingerprint, .seen = "", .accept_any = accept_any_key};
    configure_client(tls.native_handle(), pin);
    stream.emplace(beast::tcp_stream(executor), tls);
    stream->expires_after(options.connect_timeout);
    auto opened = co_await open_tcp(options, *server);
    if (!opened.ok()) {
        stream.reset();
        co_return opened;
    }
    ERR_clear_error();
    const auto ec = co_await stream->handshake(ssl::stream_base::client);
    if (ec) {
        auto error = handshake_error(options.server, pin, ec, options.connect_timeout);
        stream.reset();
        co_return error;
    }
    stream->expires_never();
    co_return Status();
}

}  // namespace muster::net
