// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/range_server.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace muster::session {
namespace {

const TimePoint kNow = TimePoint{} + std::chrono::hours(1);

class RangeServerTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name =
            (std::filesystem::temp_directory_path() / "muster-range-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        for (int i = 0; i < 200'000; ++i) bytes_ += static_cast<char>(i * 31 + i / 256);
        std::ofstream(folder_ / "image", std::ios::binary) << bytes_;
        content::ManifestBuilder builder(content::kBlockBytes);
        builder.add(as_bytes(bytes_));
        manifest_ = std::make_unique<content::Manifest>(*builder.finish());
        source_ = *ContentSource::open((folder_ / "image").string(), *manifest_,
                                       layout_for(manifest_->descriptor()));
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    static net::HttpRequest get(const std::string& range, const std::string& peer = "10.0.0.1") {
        net::HttpRequest request;
        request.method = "GET";
        request.peer = *net::Address::parse_ip(peer);
        if (!range.empty()) request.headers.emplace_back("Range", range);
        return request;
    }
    static Bytes body_of(const net::HttpResponse& response) {
        Bytes bytes(response.source ? response.source->length() : 0);
        EXPECT_TRUE(!response.source || response.source->read(0, bytes));
        return bytes;
    }

    std::filesystem::path folder_;
    std::string bytes_;
    std::unique_ptr<content::Manifest> manifest_;
    std::shared_ptr<const ContentSource> source_;
    UnicastOptions options_;
};

TEST_F(RangeServerTest, GivesManifestAndImageByRangesAndWhole) {
    RangeServer server(source_, options_, 0);
    const auto part = server.answer(kNow, "image", get("bytes=100-90211"));
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.header("Content-Range"), "bytes 100-90211/200000");
    EXPECT_EQ(as_text(body_of(part)), std::string_view(bytes_).substr(100, 90112));
    EXPECT_EQ(as_text(body_of(server.answer(kNow, "image", get("")))), bytes_);
    EXPECT_EQ(body_of(server.answer(kNow, "manifest", get("bytes=0-"))), manifest_->encode());
}

TEST_F(RangeServerTest, NamesWhatItDoesNotServe) {
    RangeServer server(source_, options_, 0);
    EXPECT_EQ(server.answer(kNow, "else", get("")).status, 404);
    EXPECT_EQ(server.answer(kNow, "image", get("bytes=200000-200001")).status, 416);
    auto post = get("");
    post.method = "POST";
    EXPECT_EQ(server.answer(kNow, "image", post).status, 405);
    options_.share_percent = 0;
    EXPECT_EQ(RangeServer(source_, options_, 0).answer(kNow, "image", get("")).status, 403);
    options_.share_percent = 20;
    options_.multicast_only = true;
    EXPECT_EQ(RangeServer(source_, options_, 0).answer(kNow, "manifest", get("")).status, 403);
}

TEST_F(RangeServerTest, TurnsAwayWhoComesBeyondTheConnectionsAndSaysWhenToComeBack) {
    options_.max_connections = 2;
    RangeServer server(source_, options_, 0);
    auto first = server.answer(kNow, "image", get("bytes=0-9"));
    const auto second = server.answer(kNow, "image", get("bytes=0-9", "10.0.0.2"));
    const auto third = server.answer(kNow, "image", get("bytes=0-9", "10.0.0.3"));
    EXPECT_EQ(third.status, 503);
    EXPECT_EQ(third.header("Retry-After"), "1");
    first.source.reset();  // it has been sent
    EXPECT_EQ(server.connections(), 1u);
    EXPECT_EQ(server.answer(kNow, "image", get("bytes=0-9")).status, 206);
}

TEST_F(RangeServerTest, OnePeerDoesNotTakeAllConnections) {
    options_.max_connections = 4;
    RangeServer server(source_, options_, 0);
    const auto first = server.answer(kNow, "image", get("bytes=0-9"));
    auto second = server.answer(kNow, "image", get("bytes=0-9"));
    EXPECT_EQ(server.answer(kNow, "image", get("bytes=0-9")).status, 503);
    EXPECT_EQ(server.answer(kNow, "image", get("bytes=0-9", "10.0.0.2")).status, 206);
    second.source.reset();
    EXPECT_EQ(server.answer(kNow, "image", get("bytes=0-9")).status, 206);
}

TEST_F(RangeServerTest, ManyWhoAreTurnedAwayComeBackLater) {
    options_.max_connections = 0;
    RangeServer server(source_, options_, 0);
    const auto retry_after = [&](TimePoint now) {
        return std::string(server.answer(now, "image", get("")).header("Retry-After"));
    };
    for (int i = 0; i < 500; ++i) (void)retry_after(kNow);
    EXPECT_EQ(retry_after(kNow), "11");
    for (int i = 0; i < 10'000; ++i) (void)retry_after(kNow);
    EXPECT_EQ(retry_after(kNow), "30");
    EXPECT_EQ(retry_after(kNow + std::chrono::seconds(11)), "1");
}

TEST_F(RangeServerTest, AllConnectionsTogetherKeepToTheShare) {
    EXPECT_EQ(unicast_rate(options_, 100'000'000), 20'000'000u);
    EXPECT_EQ(unicast_rate(options_, 0), 200'000'000u);
    RangeServer server(source_, options_, 100'000'000);
    const auto one = server.answer(kNow, "image", get(""));
    const auto other = server.answer(kNow, "image", get(""));
    Duration wait{};
    constexpr std::size_t kPiece = 100'000;
    for (int i = 0; i < 100; ++i) {
        wait = std::max(one.source->delay(kPiece), other.source->delay(kPiece));
    }
    EXPECT_EQ(server.bytes_sent(), 200 * kPiece);
    // 20 MB and their headers at 20 Mbit/s; this loop itself takes next to no time of the 8 s.
    EXPECT_GT(to_seconds(wait), 6.0);
    EXPECT_LT(to_seconds(wait), 8.0 * 1.06);
}

}  // namespace
}  // namespace muster::session
