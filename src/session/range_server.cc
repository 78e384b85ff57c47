// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/range_server.h"

#include <algorithm>
#include <map>

#include "net/monotonic.h"
#include "session/share_bucket.h"

namespace muster::session {

namespace {

constexpr std::uint64_t kAssumedRate = 1'000'000'000;
// A full frame of 1514 bytes carries 1448; TLS adds 22 bytes to every 16 KiB.
constexpr double kWireBytesPerByte = 1514.0 / 1448 * (1 + 22.0 / 16384);

// Who is turned away comes back: seldom enough that all together ask about so often a second.
constexpr std::uint32_t kRefusalsPerSecond = 50;
constexpr Duration kRefusalWindow = std::chrono::seconds(10);
constexpr std::uint32_t kMaxRetryAfterSeconds = 30;

}  // namespace

std::uint64_t unicast_rate(const UnicastOptions& options, std::uint64_t session_rate) {
    const std::uint64_t rate = session_rate == 0 ? kAssumedRate : session_rate;
    return rate / 100 * options.share_percent;
}

struct RangeServer::State {
    explicit State(std::uint64_t rate_bits_per_second) : bucket(rate_bits_per_second) {}
    ShareBucket bucket;
    std::uint64_t bytes_sent = 0;
    std::uint32_t connections = 0;
    std::map<std::string, std::uint32_t> connections_of;  // by the peer's address
    std::uint32_t refusals = 0;
    TimePoint refusals_since{};
};

class RangeServer::Body : public net::BodySource {
public:
    Body(std::shared_ptr<const ContentSource> source, std::shared_ptr<State> state, bool manifest,
         std::uint64_t offset, std::uint64_t length, std::string peer)
        : source_(std::move(source)),
          state_(std::move(state)),
          manifest_(manifest),
          offset_(offset),
          length_(length),
          peer_(std::move(peer)) {
        ++state_->connections;
        ++state_->connections_of[peer_];
    }
    ~Body() override {
        --state_->connections;
        if (--state_->connections_of[peer_] == 0) state_->connections_of.erase(peer_);
    }

    std::uint64_t length() const override { return length_; }
    bool read(std::uint64_t offset, MutableByteSpan out) override {
        return source_->read_bytes(manifest_, offset_ + offset, out).ok();
    }
    Duration delay(std::size_t bytes) override {
        state_->bytes_sent += bytes;
        const double wire_bytes = static_cast<double>(bytes) * kWireBytesPerByte;
        return state_->bucket.take(net::monotonic_now(), static_cast<std::uint64_t>(wire_bytes));
    }

private:
    std::shared_ptr<const ContentSource> source_;
    std::shared_ptr<State> state_;
    bool manifest_;
    std::uint64_t offset_;
    std::uint64_t length_;
    std::string peer_;
};

RangeServer::RangeServer(std::shared_ptr<const ContentSource> source, const UnicastOptions& options,
                         std::uint64_t session_rate_bits_per_second)
    : source_(std::move(source)),
      options_(options),
      state_(std::make_shared<State>(unicast_rate(options, session_rate_bits_per_second))) {}

void RangeServer::set_session_rate(std::uint64_t bits_per_second) {
    state_->bucket.set_rate(unicast_rate(options_, bits_per_second));
}

net::HttpResponse RangeServer::answer(TimePoint now, std::string_view object,
                                      const net::HttpRequest& request) {
    using net::HttpResponse;
    if (object != "image" && object != "manifest") {
        return HttpResponse::text(404, "there is an image and a manifest");
    }
    if (request.method != "GET") return HttpResponse::text(405, "this can only be read");
    if (options_.multicast_only) {
        return HttpResponse::text(403, "this image is sent by multicast only");
    }
    if (options_.share_percent == 0) {
        return HttpResponse::text(403, "this server sends nothing of an image by HTTPS");
    }
    const bool manifest = object == "manifest";
    const auto& layout = source_->layout().options();
    const std::uint64_t size = manifest ? layout.manifest_bytes : layout.image_bytes;
    const auto range = net::parse_byte_range(request.header("Range"), size);
    if (!range) return HttpResponse::text(416, range.error().message());
    const std::string peer = request.peer.ip();
    const auto held = state_->connections_of.find(peer);
    const bool holds_many = held != state_->connections_of.end() &&
                            held->second >= std::max(1u, options_.max_connections / 2);
    if (state_->connections >= options_.max_connections || holds_many) {
        if (now - state_->refusals_since > kRefusalWindow) {
            state_->refusals = 0;
            state_->refusals_since = now;
        }
        const std::uint32_t seconds = 1 + ++state_->refusals / kRefusalsPerSecond;
        auto refusal = HttpResponse::text(
            503, std::to_string(state_->connections) + " computers take blocks already");
        refusal.headers.emplace_back("Retry-After",
                                     std::to_string(std::min(seconds, kMaxRetryAfterSeconds)));
        return refusal;
    }
    const net::ByteRange part = range->value_or(net::ByteRange{0, size - 1});
    HttpResponse response;
    response.content_type = "application/octet-stream";
    response.headers.emplace_back("Accept-Ranges", "bytes");
    if (*range) {
        response.status = 206;
        response.headers.emplace_back("Content-Range", "bytes " + std::to_string(part.first) + "-" +
                                                           std::to_string(part.last) + "/" +
                                                           std::to_string(size));
    }
    response.source = std::make_shared<Body>(source_, state_, manifest, part.first,
                                             part.last - part.first + 1, peer);
    return response;
}

std::uint64_t RangeServer::bytes_sent() const { return state_->bytes_sent; }
std::uint32_t RangeServer::connections() const { return state_->connections; }

}  // namespace muster::session
