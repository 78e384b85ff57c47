// SPDX-License-Identifier: GPL-3.0-or-later
//
// The fetcher against a real HTTPS server with a RangeServer behind it.
#include "session/block_fetcher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "net/server_for_test.h"
#include "session/range_server.h"

namespace muster::session {
namespace {

// Promises the whole length and breaks off after `until` bytes.
class BrokenBody : public net::BodySource {
public:
    BrokenBody(std::shared_ptr<net::BodySource> whole, std::uint64_t until)
        : whole_(std::move(whole)), until_(until) {}
    std::uint64_t length() const override { return whole_->length(); }
    bool read(std::uint64_t offset, MutableByteSpan out) override {
        return offset < until_ && whole_->read(offset, out);
    }
    Duration delay(std::size_t bytes) override { return whole_->delay(bytes); }

private:
    std::shared_ptr<net::BodySource> whole_;
    std::uint64_t until_;
};

class BlockFetcherTest : public ::testing::Test {
protected:
    static constexpr std::uint32_t kBlocks = 5000;
    static constexpr std::uint32_t kBlockBytes = 1024;

    void SetUp() override {
        std::string name =
            (std::filesystem::temp_directory_path() / "muster-fetcher-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        for (std::uint32_t i = 0; i < kBlocks * kBlockBytes - 100; ++i) {
            bytes_ += static_cast<char>(i * 31 + i / 256);
        }
        std::ofstream(folder_ / "image", std::ios::binary) << bytes_;
        content::ManifestBuilder builder(kBlockBytes);
        builder.add(as_bytes(bytes_));
        manifest_ = std::make_unique<content::Manifest>(*builder.finish());
        auto layout = layout_for(manifest_->descriptor());
        layout.symbol_bytes = 512;
        source_ = *ContentSource::open((folder_ / "image").string(), *manifest_, layout);
        ranges_ = std::make_unique<RangeServer>(source_, options_, 0);
        server_ = std::make_unique<net::ServerThread>([this](net::HttpsServer& https) {
            https.on_request([this](const net::HttpRequest& request, net::Responder respond) {
                respond(answer(request));
            });
        });
        fetcher_ = std::make_unique<BlockFetcher>(
            server_->client_options(), "/c", source_->layout(),
            [this](FetchResult result) { answer_.set_value(std::move(result)); });
    }
    void TearDown() override {
        fetcher_.reset();
        server_.reset();
        std::filesystem::remove_all(folder_);
    }
    net::HttpResponse answer(const net::HttpRequest& request) {
        asked_.push_back(std::string(request.header("Range")));
        auto response = ranges_->answer(TimePoint{}, request.path.substr(3), request);
        if (break_after_ > 0) {
            response.source = std::make_shared<BrokenBody>(response.source, break_after_);
            break_after_ = 0;
        }
        return response;
    }
    FetchResult fetch(std::uint32_t first, std::uint32_t count) {
        answer_ = {};
        fetcher_->fetch({mcast::BlockIndex(first), count});
        return answer_.get_future().get();
    }
    std::string_view block(std::uint32_t index) const {
        return std::string_view(bytes_).substr(std::size_t{index} * kBlockBytes, kBlockBytes);
    }

    UnicastOptions options_;
    std::filesystem::path folder_;
    std::string bytes_;
    std::unique_ptr<content::Manifest> manifest_;
    std::shared_ptr<ContentSource> source_;
    std::unique_ptr<RangeServer> ranges_;  // used on the server's loop
    std::uint64_t break_after_ = 0;
    std::vector<std::string> asked_;
    std::unique_ptr<net::ServerThread> server_;
    std::promise<FetchResult> answer_;
    std::unique_ptr<BlockFetcher> fetcher_;
};

TEST_F(BlockFetcherTest, BringsManifestAndBlocksAsTheyAre) {
    const std::uint32_t manifest_blocks = source_->layout().manifest_blocks();
    const auto manifest = fetch(0, manifest_blocks);
    ASSERT_TRUE(manifest.status.ok()) << manifest.status.error().message();
    Bytes whole;
    for (const auto& part : manifest.blocks) whole.insert(whole.end(), part.begin(), part.end());
    EXPECT_EQ(whole, manifest_->encode());
    const auto blocks = fetch(manifest_blocks + kBlocks - 3, 3);
    ASSERT_TRUE(blocks.status.ok()) << blocks.status.error().message();
    ASSERT_EQ(blocks.blocks.size(), 3u);
    for (std::uint32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(as_text(blocks.blocks[i]), block(kBlocks - 3 + i));
    }
    EXPECT_EQ(blocks.blocks[2].size(), kBlockBytes - 100);
}

TEST_F(BlockFetcherTest, GivesTheWholeBlocksOfAConnectionThatBroke) {
    const std::uint32_t manifest_blocks = source_->layout().manifest_blocks();
    break_after_ = 300'000;
    const auto broken = fetch(manifest_blocks, 1000);
    EXPECT_FALSE(broken.status.ok());
    ASSERT_GT(broken.blocks.size(), 100u);
    ASSERT_LT(broken.blocks.size(), 1000u);
    for (std::uint32_t i = 0; i < broken.blocks.size(); ++i) {
        ASSERT_EQ(as_text(broken.blocks[i]), block(i));
    }
    EXPECT_TRUE(fetch(manifest_blocks, 1000).status.ok());
}

TEST_F(BlockFetcherTest, GoesOnWithAManifestThatBrokeOff) {
    const std::uint32_t manifest_blocks = source_->layout().manifest_blocks();
    break_after_ = 131'072;
    const auto broken = fetch(0, manifest_blocks);
    EXPECT_FALSE(broken.status.ok());
    EXPECT_TRUE(broken.blocks.empty());
    const auto rest = fetch(0, manifest_blocks);
    ASSERT_TRUE(rest.status.ok()) << rest.status.error().message();
    Bytes whole;
    for (const auto& part : rest.blocks) whole.insert(whole.end(), part.begin(), part.end());
    EXPECT_EQ(whole, manifest_->encode());
    ASSERT_EQ(asked_.size(), 2u);
    EXPECT_TRUE(asked_[1].starts_with("bytes=131072-")) << asked_[1];
}

TEST_F(BlockFetcherTest, IsToldWhenToComeBack) {
    options_.max_connections = 0;
    ranges_ = std::make_unique<RangeServer>(source_, options_, 0);
    const auto refused = fetch(source_->layout().manifest_blocks(), 1);
    EXPECT_EQ(refused.status.error().code(), Errc::unavailable);
    EXPECT_EQ(refused.retry_after, std::chrono::seconds(1));
    EXPECT_TRUE(refused.blocks.empty());
}

TEST_F(BlockFetcherTest, AFetcherThatGoesAwayWaitsForNobody) {
    ranges_ = std::make_unique<RangeServer>(source_, options_, 100);  // 20 bit/s
    fetcher_->fetch({mcast::BlockIndex(source_->layout().manifest_blocks()), 4000});
    fetcher_.reset();
}

}  // namespace
}  // namespace muster::session
