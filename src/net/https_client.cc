// SPDX-License-Identifier: GPL-3.0-or-later
//
// Blocking outside, asynchronous inside: every call runs one coroutine on a context of its own,
// because only the asynchronous operations have timeouts.
#include "net/https_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <charconv>

#include "net/client_channel.h"

namespace muster::net {

namespace {
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kErrorTextBytes = 64 * 1024;

// The request as it goes out.
struct Request {
    http::verb verb = http::verb::unknown;
    std::string head;  // without the empty line at its end
    std::string body;
};

// RFC 9110 9.2.2: sent twice they do no more than once.
bool is_idempotent(http::verb verb) {
    return verb == http::verb::get || verb == http::verb::head || verb == http::verb::put ||
           verb == http::verb::delete_ || verb == http::verb::options;
}

// "bytes 0-99/1000" is the range we asked for.
bool is_range(std::string_view header, std::uint64_t first, std::uint64_t last) {
    const auto wanted = "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/";
    return header.starts_with(wanted);
}

// Seconds; the form with a date is not ours.
Duration parse_retry_after(std::string_view header) {
    std::uint32_t seconds = 0;
    const auto [end, failure] =
        std::from_chars(header.data(), header.data() + header.size(), seconds);
    const bool whole = failure == std::errc() && end == header.data() + header.size();
    return std::chrono::seconds(whole ? seconds : 0);
}
}  // namespace

struct HttpsClient::Impl {
    explicit Impl(Options the_options) : options(std::move(the_options)) {}

    // Runs the coroutine to its end; what a library throws becomes the error.
    Status run(asio::awaitable<void> work);
    Result<Request> make_request(std::string_view method, std::string_view target) const;
    asio::awaitable<Status> ensure_connected();
    bool is_stale();
    // Sends and reads the header, on a fresh connection if the kept one turns out to be dead.
    template <typename Parser>
    asio::awaitable<Status> begin(const Request& message, std::optional<Parser>& parser,
                                  boost::optional<std::uint64_t> limit_bytes);
    asio::awaitable<void> exchange(const Request& message, Result<HttpResponse>& out);
    asio::awaitable<void> download(const Request& message, std::uint64_t first, std::uint64_t last,
                                   const Piece& piece, Status& out);
    asio::awaitable<Status> check_range_head(http::response_parser<http::buffer_body>& parser,
                                             std::uint64_t first, std::uint64_t last);

    Options options;
    asio::io_context context{1};
    ClientChannel channel;
    beast::flat_buffer buffer;
    bool reused = false;
    Duration retry_after{};
    std::atomic<bool> cancelled = false;
};

HttpsClient::HttpsClient(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpsClient::HttpsClient(HttpsClient&&) noexcept = default;
HttpsClient& HttpsClient::operator=(HttpsClient&&) noexcept = default;
HttpsClient::~HttpsClient() = default;

Duration HttpsClient::retry_after() const { return impl_->retry_after; }

void HttpsClient::cancel() {
    impl_->cancelled = true;
    // Closed, not destroyed: a coroutine still stands in it.
    asio::post(impl_->context, [impl = impl_.get()] {
        if (impl->channel.stream) impl->channel.stream->close();
    });
}

Status HttpsClient::Impl::run(asio::awaitable<void> work) {
    const Error given_up(Errc::cancelled, "the request to " + options.server + " was given up");
    if (cancelled) return given_up;
    std::string thrown;
    context.restart();
    asio::co_spawn(context, std::move(work), [&](std::exception_ptr failure) {
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& e) {
            thrown = e.what();
        }
    });
    context.run();
    if (cancelled) return given_up;
    if (thrown.empty()) return {};
    channel.close();
    return Error(Errc::internal, "request to " + options.server + ": " + thrown);
}

Result<Request> HttpsClient::Impl::make_request(std::string_view method,
                                                std::string_view target) const {
    if (!is_target_safe(target)) {
        return Error(Errc::invalid_argument,
                     "\"" + std::string(target) + "\" is no path to ask a server for");
    }
    const auto verb = http::string_to_verb(beast::string_view(method.data(), method.size()));
    if (verb == http::verb::unknown) {
        return Error(Errc::invalid_argument, "\"" + std::string(method) + "\" is no HTTP method");
    }
    Request message;
    message.verb = verb;
    message.head = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
    append_header(message.head, "Host", options.server);
    append_header(message.head, "User-Agent", "muster");
    if (!options.bearer_token.empty()) {
        append_header(message.head, "Authorization", "Bearer " + options.bearer_token);
    }
    return message;
}

// Readable while nothing was asked: the server has said goodbye, or worse.
bool HttpsClient::Impl::is_stale() {
    char byte = 0;
    const auto got =
        ::recv(channel.stream->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

asio::awaitable<Status> HttpsClient::Impl::ensure_connected() {
    if (channel.stream && !is_stale()) {
        reused = true;
        co_return Status();
    }
    reused = false;
    buffer.clear();
    co_return co_await channel.connect(context.get_executor(), options, false);
}

template <typename Parser>
asio::awaitable<Status> HttpsClient::Impl::begin(const Request& message,
                                                 std::optional<Parser>& parser,
                                                 boost::optional<std::uint64_t> limit_bytes) {
    error_code ec;
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto connected = co_await ensure_connected();
        if (!connected.ok()) co_return connected;
        parser.emplace();
        parser->header_limit(64 * 1024);
        parser->body_limit(limit_bytes);
        if (message.verb == http::verb::head) parser->skip(true);
        channel.stream->expires_after(options.response_timeout);
        auto write_error = co_await channel.stream->write(as_bytes(message.head + "\r\n"));
        if (!write_error) write_error = co_await channel.stream->write(as_bytes(message.body));
        // A server that refuses a large body answers and closes while we still write.
        ec = co_await read_http(*channel.stream, buffer, *parser, ReadUntil::header_done);
        if (!ec) co_return Status();
        if (write_error) ec = write_error;
        const bool again = reused && !parser->got_some() && ec != beast::error::timeout &&
                           is_idempotent(message.verb) && !cancelled;
        channel.close();
        if (!again) break;
    }
    co_return request_error(options.server, ec, options.response_timeout);
}

asio::awaitable<void> HttpsClient::Impl::exchange(const Request& message,
                                                  Result<HttpResponse>& out) {
    std::optional<http::response_parser<http::string_body>> parser;
    const auto begun = co_await begin(message, parser, options.body_limit_bytes);
    if (!begun.ok()) {
        out = begun.error();
        co_return;
    }
    const auto ec = co_await read_http(*channel.stream, buffer, *parser, ReadUntil::message_done);
    if (ec) {
        channel.close();
        out = request_error(options.server, ec, options.response_timeout);
        co_return;
    }
    auto response = parser->release();
    if (!response.keep_alive()) channel.close();
    out = HttpResponse{.status = static_cast<int>(response.result_int()),
                       .content_type = std::string(view_of(response[http::field::content_type])),
                       .headers = headers_of(response),
                       .body = std::move(response.body())};
}

Result<HttpResponse> HttpsClient::request(std::string_view method, std::string_view target,
                                          std::string body, std::string_view content_type) {
    auto message = TRY(impl_->make_request(method, target));
    if (!content_type.empty()) {
        if (!is_header_safe(content_type)) {
            return Error(Errc::invalid_argument, "the content type holds a control character");
        }
        append_header(message.head, "Content-Type", content_type);
    }
    if (!body.empty() || message.verb == http::verb::post || message.verb == http::verb::put) {
        append_header(message.head, "Content-Length", std::to_string(body.size()));
    }
    message.body = std::move(body);
    Result<HttpResponse> out = Error(Errc::internal, "no response was made");
    TRY(impl_->run(impl_->exchange(message, out)));
    return out;
}

asio::awaitable<Status> HttpsClient::Impl::check_range_head(
    http::response_parser<http::buffer_body>& parser, std::uint64_t first, std::uint64_t last) {
    const auto& head = parser.get();
    const int status = static_cast<int>(head.result_int());
    if (status >= 400) {
        retry_after = parse_retry_after(view_of(head[http::field::retry_after]));
        std::string text(kErrorTextBytes, '\0');
        parser.get().body().data = text.data();
        parser.get().body().size = text.size();
        const auto ec =
            co_await read_http(*channel.stream, buffer, parser, ReadUntil::message_done);
        text.resize(text.size() - parser.get().body().size);
        if (ec || !head.keep_alive()) channel.close();
        co_return status_error(options.server, status, text);
    }
    const auto length = parser.content_length();
    const bool right_length = length && *length == last - first + 1;
    const bool partial =
        status == 206 && is_range(view_of(head[http::field::content_range]), first, last);
    const bool whole = status == 200 && first == 0;
    if (right_length && (partial || whole)) co_return Status();
    channel.close();
    co_return Error(Errc::corrupt, options.server + " sent another range than bytes " +
                                       std::to_string(first) + " to " + std::to_string(last));
}

asio::awaitable<void> HttpsClient::Impl::download(const Request& message, std::uint64_t first,
                                                  std::uint64_t last, const Piece& piece,
                                                  Status& out) {
    std::optional<http::response_parser<http::buffer_body>> parser;
    retry_after = Duration::zero();
    out = co_await begin(message, parser, boost::none);
    if (!out.ok()) co_return;
    out = co_await check_range_head(*parser, first, last);
    if (!out.ok()) co_return;
    Bytes bytes(kPieceBytes);
    while (!parser->is_done()) {
        auto& body = parser->get().body();
        body.data = bytes.data();
        body.size = bytes.size();
        channel.stream->expires_after(options.response_timeout);
        auto ec = co_await read_http(*channel.stream, buffer, *parser, ReadUntil::message_done);
        if (ec == http::error::need_buffer) ec = {};
        const auto got = bytes.size() - body.size;
        if (got > 0) out = piece(ByteSpan(bytes).first(got));
        if (out.ok() && ec) out = request_error(options.server, ec, options.response_timeout);
        if (!out.ok()) {
            channel.close();
            co_return;
        }
    }
    if (!parser->keep_alive()) channel.close();
}

Status HttpsClient::download_range(std::string_view target, std::uint64_t first, std::uint64_t last,
                                   const Piece& piece) {
    if (last < first) {
        return Error(Errc::invalid_argument, "a range that ends before it begins");
    }
    auto message = TRY(impl_->make_request("GET", target));
    append_header(message.head, "Range",
                  "bytes=" + std::to_string(first) + "-" + std::to_string(last));
    Status out;
    TRY(impl_->run(impl_->download(message, first, last, piece, out)));
    return out;
}

namespace {
asio::awaitable<void> look_at_key(asio::any_io_executor executor, const HttpsClientOptions& options,
                                  ClientChannel& channel, Status& out) {
    out = co_await channel.connect(executor, options, true);
}
}  // namespace

Result<std::string> fetch_fingerprint(const HttpsClientOptions& options) {
    asio::io_context context(1);
    ClientChannel channel;
    Status out;
    asio::co_spawn(context, look_at_key(context.get_executor(), options, channel, out),
                   [&](std::exception_ptr failure) {
                       if (failure) out = Error(Errc::internal, "read the key of a server");
                   });
    context.run();
    TRY(out);
    channel.close();
    return channel.pin.seen;
}

}  // namespace muster::net
