// SPDX-License-Identifier: GPL-3.0-or-later
//
// One client of the server, from the TLS handshake to the goodbye. A read that takes too long is
// cancelled rather than closed, so that the client still hears why (408).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "net/fd.h"
#include "net/https_server_impl.h"

namespace muster::net {

namespace {
constexpr std::size_t kPieceBytes = 128 * 1024;
constexpr std::size_t kTogetherBytes = 64 * 1024;
constexpr std::size_t kLingerBytes = 16u << 20;
constexpr Duration kGoodbye = std::chrono::seconds(2);

// Runs in the file pool. A descriptor, or the negated errno; ERANGE: the file is too short.
asio::awaitable<int> open_range(FileRange file) {
    UniqueFd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) co_return -errno;
    struct stat status {};
    if (::fstat(fd.value(), &status) != 0) co_return -errno;
    if (!S_ISREG(status.st_mode)) co_return -EISDIR;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (file.offset > size || file.length > size - file.offset) co_return -ERANGE;
    co_return fd.release();
}

class FileBody : public BodySource {
public:
    FileBody(UniqueFd fd, const FileRange& range) : fd_(std::move(fd)), range_(range) {}
    std::uint64_t length() const override { return range_.length; }
    bool read(std::uint64_t offset, MutableByteSpan out) override {
        offset += range_.offset;
        while (!out.empty()) {
            const auto got =
                ::pread(fd_.value(), out.data(), out.size(), static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            out = out.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
        return true;
    }
    Duration delay(std::size_t) override { return Duration::zero(); }

private:
    UniqueFd fd_;
    FileRange range_;
};

// Runs in the file pool.
asio::awaitable<bool> read_piece(BodySource* source, std::uint64_t offset, MutableByteSpan out) {
    co_return source->read(offset, out);
}

std::string bearer_of(std::string_view authorization) {
    constexpr std::string_view kScheme = "bearer ";
    if (authorization.size() <= kScheme.size()) return "";
    for (std::size_t i = 0; i < kScheme.size(); ++i) {
        if (std::tolower(static_cast<unsigned char>(authorization[i])) != kScheme[i]) return "";
    }
    return std::string(authorization.substr(kScheme.size()));
}

Result<HttpRequest> to_request(http::request<http::string_body>& message, const Address& peer,
                               const Address& local) {
    HttpRequest request;
    request.target = std::string(view_of(message.target()));
    auto target = TRY(parse_target(request.target));
    request.path = std::move(target.path);
    request.query = std::move(target.query);
    request.is_head = message.method() == http::verb::head;
    request.method = request.is_head ? "GET" : std::string(view_of(message.method_string()));
    request.headers = headers_of(message);
    request.bearer_token = bearer_of(view_of(message[http::field::authorization]));
    request.body = std::move(message.body());
    request.peer = peer;
    request.local = local;
    return request;
}

HttpResponse refusal_for(const error_code& ec, bool timed_out) {
    if (timed_out) return HttpResponse::text(408, "the request did not arrive in time");
    if (ec == http::error::body_limit) {
        return HttpResponse::text(413, "the request's body is larger than this server takes");
    }
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        return HttpResponse::text(431, "the request's headers are too long");
    }
    return HttpResponse::text(400, "this is no HTTP request: " + words_of(ec));
}

bool is_http_error(const error_code& ec) {
    return ec.category() == http::make_error_code(http::error::bad_method).category() &&
           ec != http::error::end_of_stream && ec != http::error::partial_message;
}
}  // namespace

HttpsConnection::HttpsConnection(std::shared_ptr<HttpsServer::Impl> server, tcp::socket socket)
    : server_(std::move(server)), deadline_(server_->loop.context), wake_(server_->loop.context) {
    error_code ec;
    peer_ = from_endpoint(socket.remote_endpoint(ec));
    local_ = from_endpoint(socket.local_endpoint(ec));
    stream_.emplace(beast::tcp_stream(std::move(socket)), server_->tls);
}

HttpsConnection::~HttpsConnection() { server_->on_connection_ended(this); }

asio::awaitable<void> HttpsConnection::run() {
    stream_->expires_after(server_->options.handshake_timeout);
    const auto ec = co_await stream_->handshake(ssl::stream_base::server);
    if (ec) co_return;
    stream_->expires_never();
    bool more = true;
    while (more && !finishing_ && !killed_) more = co_await serve_one();
    if (!killed_ && !websocket_) co_await say_goodbye();
}

asio::awaitable<bool> HttpsConnection::serve_one() {
    Parser parser;
    parser.header_limit(server_->options.header_limit_bytes);
    parser.body_limit(server_->options.body_limit_bytes);
    idle_ = true;
    idle_since_ = std::chrono::steady_clock::now();
    const auto ec = co_await read_request(parser);
    idle_ = false;
    if (killed_) co_return false;
    if (ec) co_return co_await refuse(ec, parser.got_some());
    auto message = parser.release();
    const bool upgrade = websocket::is_upgrade(message);
    auto request = to_request(message, peer_, local_);
    if (!request) {
        auto refusal = HttpResponse::text(400, request.error().message());
        co_return co_await write(std::move(refusal), {});
    }
    if (upgrade) co_return co_await serve_websocket(message, std::move(*request));
    co_return co_await serve_request(message, std::move(*request));
}

asio::awaitable<error_code> HttpsConnection::read_request(Parser& parser) {
    start_deadline(server_->options.idle_timeout);
    auto ec = co_await read_http(*stream_, buffer_, parser, ReadUntil::header_done);
    idle_ = false;
    if (!ec && !parser.is_done()) {
        start_deadline(server_->options.request_timeout);
        if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
            ec = co_await stream_->write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
        }
        if (!ec) ec = co_await read_http(*stream_, buffer_, parser, ReadUntil::message_done);
    }
    stop_deadline();
    co_return ec;
}

asio::awaitable<bool> HttpsConnection::refuse(error_code ec, bool got_some) {
    const bool timed_out = deadline_passed_ && got_some;
    if (!timed_out && !is_http_error(ec)) co_return false;
    co_await write(refusal_for(ec, timed_out), {});
    co_await linger();
    co_return false;
}

asio::awaitable<bool> HttpsConnection::serve_request(const Request& message, HttpRequest request) {
    auto state = std::make_shared<Responder::State>(server_->gate, weak_from_this());
    const auto handler = server_->handler;  // a copy: the server may go away within the call
    answer_.reset();
    if (handler) {
        handler(std::move(request), Responder(std::move(state)));
        co_await wait_for_answer();
    } else {
        state->answered = true;
        answer_ = HttpResponse::text(404, "nothing is served here");
    }
    if (killed_ || !answer_) co_return false;
    co_return co_await write(std::move(*answer_), frame_of(message));
}

asio::awaitable<bool> HttpsConnection::serve_websocket(const Request& message,
                                                       HttpRequest request) {
    const auto handler = server_->websocket_handler;
    if (!handler || buffer_.size() != 0) {
        auto refusal = handler ? HttpResponse::text(400, "data before the WebSocket handshake")
                               : HttpResponse::text(404, "no WebSocket is served here");
        co_return co_await write(std::move(refusal), {});
    }
    answer_.reset();
    auto state = std::make_shared<WebSocketAcceptor::State>(server_->gate, weak_from_this());
    handler(request, WebSocketAcceptor(std::move(state)));
    if (!websocket_) co_await wait_for_answer();
    if (killed_) co_return false;
    if (!websocket_) {
        co_return co_await write(std::move(*answer_), frame_of(message));
    }
    const WebSocket::Impl::Guard guard{websocket_};
    auto stream = stream_->release();
    stream_.reset();
    const auto ec = co_await websocket_->accept(std::move(stream), message);
    if (ec) {
        websocket_->end("WebSocket handshake with " + peer_.to_string() + ": " + words_of(ec));
    } else {
        co_await websocket_->run();
    }
    co_return false;
}

asio::awaitable<void> HttpsConnection::wait_for_answer() {
    error_code ec;
    while (!answer_ && !websocket_ && !killed_) {
        wake_.expires_at(asio::steady_timer::time_point::max());
        co_await wake_.async_wait(catching(ec));
    }
}

void HttpsConnection::on_answer(HttpResponse response) {
    answer_ = std::move(response);
    wake_.cancel();
}

std::shared_ptr<WebSocket> HttpsConnection::on_accept() {
    if (killed_) return nullptr;
    websocket_ =
        std::make_shared<WebSocket::Impl>(server_->gate, server_->options.websocket, peer_);
    wake_.cancel();
    return std::make_shared<WebSocket>(websocket_);
}

HttpsConnection::Frame HttpsConnection::frame_of(const Request& message) const {
    return {.is_head = message.method() == http::verb::head,
            .old_version = message.version() < 11,
            .keep_alive = message.keep_alive() && !finishing_};
}

std::string HttpsConnection::head_of(const HttpResponse& response, std::uint64_t length,
                                     Frame frame) {
    const int status = response.status >= 200 && response.status <= 599 ? response.status : 500;
    const auto words = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
    std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
    head.append(view_of(words)).append("\r\n");
    append_header(head, "Server", "muster");
    append_header(head, "Cache-Control", "no-store");
    if (!response.content_type.empty()) {
        append_header(head, "Content-Type", response.content_type);
    }
    for (const auto& [name, value] : response.headers) append_header(head, name, value);
    // RFC 9110 8.6: these two have no body and name no length.
    if (status != 204 && status != 304) {
        append_header(head, "Content-Length", std::to_string(length));
    }
    if (!frame.keep_alive) {
        append_header(head, "Connection", "close");
    } else if (frame.old_version) {
        append_header(head, "Connection", "keep-alive");
    }
    return head + "\r\n";
}

asio::awaitable<bool> HttpsConnection::write(HttpResponse response, Frame frame) {
    if (response.file) co_return co_await write_file(std::move(response), frame);
    if (response.source) co_return co_await write_source(std::move(response), frame);
    auto text = head_of(response, response.body.size(), frame);
    const bool bodiless = frame.is_head || response.status == 204 || response.status == 304;
    if (bodiless) response.body.clear();
    // A small answer is one TLS record and one segment.
    const bool together = response.body.size() <= kTogetherBytes;
    if (together) text += response.body;
    stream_->expires_after(server_->options.write_timeout);
    auto ec = co_await stream_->write(as_bytes(text));
    if (!ec && !together) ec = co_await stream_->write(as_bytes(response.body));
    if (!killed_) stream_->expires_never();
    co_return !ec && frame.keep_alive;
}

asio::awaitable<bool> HttpsConnection::write_file(HttpResponse response, Frame frame) {
    auto& pool = server_->loop.files();
    const FileRange file = *response.file;
    const int opened = co_await asio::co_spawn(pool, open_range(file), asio::use_awaitable);
    UniqueFd fd(opened < 0 ? -1 : opened);
    if (!fd) {
        auto failure = opened == -ENOENT
                           ? HttpResponse::text(404, "the file is not there any more")
                           : HttpResponse::text(500, "the file cannot be read as asked for");
        co_return co_await write(std::move(failure), frame);
    }
    if (killed_) co_return false;
    response.source = std::make_shared<FileBody>(std::move(fd), file);
    co_return co_await write_source(std::move(response), frame);
}

asio::awaitable<bool> HttpsConnection::write_source(HttpResponse response, Frame frame) {
    const auto head = head_of(response, response.source->length(), frame);
    stream_->expires_after(server_->options.write_timeout);
    const auto ec = co_await stream_->write(as_bytes(head));
    if (ec) co_return false;
    if (frame.is_head) co_return frame.keep_alive;
    const bool sent = co_await send_source(std::move(response.source));
    co_return sent&& frame.keep_alive;
}

asio::awaitable<bool> HttpsConnection::send_source(std::shared_ptr<BodySource> source) {
    auto& pool = server_->loop.files();
    const std::uint64_t length = source->length();
    Bytes chunk(std::min<std::uint64_t>(kPieceBytes, length));
    for (std::uint64_t offset = 0; offset < length;) {
        const auto size = std::min<std::uint64_t>(chunk.size(), length - offset);
        const auto piece = MutableByteSpan(chunk).first(size);
        stream_->expires_never();
        const bool read = co_await asio::co_spawn(pool, read_piece(source.get(), offset, piece),
                                                  asio::use_awaitable);
        // The length is promised already: an abrupt end is the only way to say that it failed.
        if (!read) kill("what was asked for could not be read");
        if (killed_) co_return false;
        error_code ec;
        if (const Duration delay = source->delay(size); delay > Duration::zero()) {
            wake_.expires_after(to_steady(delay));
            co_await wake_.async_wait(catching(ec));
            if (killed_) co_return false;
        }
        stream_->expires_after(server_->options.write_timeout);
        ec = co_await stream_->write(piece);
        if (ec) co_return false;
        offset += size;
    }
    stream_->expires_never();
    co_return true;
}

// A refusal leaves bytes of the request unread; closing on them would make the kernel send a
// reset that can overtake our answer. So: nothing more from us, and read on for a moment.
asio::awaitable<void> HttpsConnection::linger() {
    if (killed_) co_return;
    error_code ec;
    stream_->socket().shutdown(tcp::socket::shutdown_send, ec);
    stream_->expires_after(kGoodbye);
    co_await stream_->drain_tcp(kLingerBytes);
    kill("refused");
}

asio::awaitable<void> HttpsConnection::say_goodbye() {
    stream_->expires_after(kGoodbye);
    co_await stream_->shutdown();
}

void HttpsConnection::start_deadline(Duration limit) {
    deadline_passed_ = false;
    const auto number = ++deadline_number_;
    deadline_.expires_after(to_steady(limit));
    deadline_.async_wait([weak = weak_from_this(), number](const error_code& ec) {
        const auto self = weak.lock();
        if (ec || !self || number != self->deadline_number_ || !self->stream_) return;
        self->deadline_passed_ = true;
        self->stream_->cancel();
    });
}

void HttpsConnection::stop_deadline() {
    ++deadline_number_;
    deadline_.cancel();
}

void HttpsConnection::kill(const std::string& why) {
    killed_ = true;
    idle_ = false;
    wake_.cancel();
    if (websocket_) websocket_->end(why);
    if (stream_) stream_->close();
}

void HttpsConnection::finish() {
    finishing_ = true;
    if (websocket_) {
        websocket_->begin_close("the server is stopping");
    } else if (idle_) {
        kill("the server is stopping");
    }
}

}  // namespace muster::net
