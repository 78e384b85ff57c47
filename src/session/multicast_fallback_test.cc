// SPDX-License-Identifier: GPL-3.0-or-later
//
// The fallback with a receiver core, a clock of the test's own, and a real HTTPS server.
#include "session/multicast_fallback.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/monotonic.h"
#include "net/poll.h"
#include "net/server_for_test.h"
#include "session/inbox.h"
#include "session/range_server.h"

namespace muster::session {
namespace {

// The receiver's own orders: nothing comes by multicast here, so there are none.
class NoMulticast : public mcast::Receiver::Mediator {
public:
    void store_symbol(mcast::GroupId, std::uint32_t, ByteSpan) override {}
    void store_row(mcast::GroupId, std::uint32_t, ByteSpan) override {}
    void decode(mcast::GroupId, std::vector<std::uint32_t>) override {}
    void check_block(mcast::GroupId, mcast::BlockIndex) override {}
    void check_manifest() override {}
    void release(mcast::GroupId) override {}
};

class MulticastFallbackTest : public ::testing::Test, public MulticastFallback::Mediator {
protected:
    static constexpr std::uint32_t kBlockBytes = 1024;

    void SetUp() override {
        std::string name =
            (std::filesystem::temp_directory_path() / "muster-fallback-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        for (int i = 0; i < 100'000; ++i) bytes_ += static_cast<char>(i * 31 + i / 256);
        std::ofstream(folder_ / "image", std::ios::binary) << bytes_;
        content::ManifestBuilder builder(kBlockBytes);
        builder.add(as_bytes(bytes_));
        manifest_ = std::make_unique<content::Manifest>(*builder.finish());
        auto layout = layout_for(manifest_->descriptor());
        layout.symbol_bytes = 512;
        source_ = *ContentSource::open((folder_ / "image").string(), *manifest_, layout);
        ranges_ = std::make_unique<RangeServer>(source_, UnicastOptions{}, 0);
        server_ = std::make_unique<net::ServerThread>([this](net::HttpsServer& https) {
            https.on_request([this](const net::HttpRequest& request, net::Responder respond) {
                respond(ranges_->answer(TimePoint{}, request.path.substr(3), request));
            });
        });
        core_ = std::make_unique<mcast::Receiver>(
            source_->layout(), mcast::ReceiverOptions{.name = "PC"},
            content::BlockSet(source_->layout().block_count()), nothing_, Prng(1));
        core_->on_joined(now_, mcast::MemberNumber(1));
    }
    void TearDown() override {
        inbox_.close();
        fallback_.reset();
        server_.reset();
        std::filesystem::remove_all(folder_);
    }
    void make(const std::string& path, bool multicast_only = false) {
        MulticastFallbackOptions options{
            "lo", server_->client_options(), {path, 0, 4}, multicast_only, 1};
        fallback_ = std::make_unique<MulticastFallback>(options, source_->layout(), *core_, *this);
    }
    void pass(Duration span) {
        for (const TimePoint end = now_ + span; now_ < end;) {
            now_ += std::chrono::milliseconds(100);
            fallback_->poll(now_);
            inbox_.drain();
        }
    }
    // Until the condition holds; the test's clock goes as fast as the real one, at least.
    template <typename Condition>
    void pass_until(Condition condition) {
        const TimePoint limit = net::monotonic_now() + std::chrono::seconds(60);
        while (!condition() && net::monotonic_now() < limit) {
            const int fds[] = {inbox_.fd()};
            (void)net::wait_readable(fds, std::chrono::milliseconds(10));
            pass(std::chrono::milliseconds(100));
        }
        ASSERT_TRUE(condition());
    }

    void rejoin_group(bool) override { ++rejoins_; }
    void judge_fetched_manifest(Bytes bytes) override {
        const auto decoded = content::Manifest::decode(bytes, manifest_->descriptor());
        fallback_->on_manifest_judged(now_, decoded.ok());
    }
    void judge_fetched_block(mcast::BlockIndex block, Bytes bytes) override {
        const bool good = bad_judgements_ == 0 &&
                          manifest_->verify_block(source_->layout().index_in_object(block), bytes);
        if (bad_judgements_ > 0) --bad_judgements_;
        fallback_->on_block_judged(now_, block, good);
    }
    void warn(const std::string& words) override { warnings_.push_back(words); }
    void post(std::function<void()> function) override { inbox_.post(std::move(function)); }

    std::filesystem::path folder_;
    std::string bytes_;
    std::unique_ptr<content::Manifest> manifest_;
    std::shared_ptr<ContentSource> source_;
    std::unique_ptr<RangeServer> ranges_;
    std::unique_ptr<net::ServerThread> server_;
    NoMulticast nothing_;
    Inbox inbox_ = Inbox::create().value();
    TimePoint now_ = TimePoint{} + std::chrono::hours(1);
    std::unique_ptr<mcast::Receiver> core_;
    std::unique_ptr<MulticastFallback> fallback_;
    int rejoins_ = 0;
    int bad_judgements_ = 0;
    std::vector<std::string> warnings_;
};

TEST_F(MulticastFallbackTest, WithoutMulticastEverythingComesByHttps) {
    make("/c");
    fallback_->on_session_started(now_);
    pass(std::chrono::milliseconds(4500));
    EXPECT_EQ(core_->delivery(), mcast::Delivery::multicast);
    EXPECT_GE(rejoins_, 1);
    pass_until([&] { return core_->all_verified(); });
    EXPECT_EQ(core_->delivery(), mcast::Delivery::unicast);
    EXPECT_EQ(core_->counters().unicast_blocks, source_->layout().block_count());
    ASSERT_EQ(warnings_.size(), 2u);
    EXPECT_NE(warnings_[0].find("joined the group again"), std::string::npos);
    EXPECT_NE(warnings_[1].find("taking blocks by HTTPS"), std::string::npos);
}

TEST_F(MulticastFallbackTest, WhatComesByMulticastOnlyIsWaitedForWithTheReason) {
    make("", true);
    fallback_->on_session_started(now_);
    pass(std::chrono::seconds(300));
    EXPECT_EQ(core_->delivery(), mcast::Delivery::waiting);
    EXPECT_NE(core_->delivery_why().find("comes by multicast only"), std::string::npos);
    EXPECT_EQ(core_->counters().unicast_blocks, 0u);
    EXPECT_EQ(warnings_.size(), 2u);
}

TEST_F(MulticastFallbackTest, AnOrderToUnicastNeedsNoSilence) {
    make("/c");
    fallback_->insist_on_unicast("its link is slow");
    fallback_->on_listening(false);
    pass_until([&] { return core_->all_verified(); });
    EXPECT_EQ(core_->delivery_why(), "its link is slow");
    fallback_->insist_on_unicast(std::nullopt);
    pass(std::chrono::milliseconds(400));
    EXPECT_EQ(core_->delivery(), mcast::Delivery::multicast);
    EXPECT_EQ(rejoins_, 0);
}

TEST_F(MulticastFallbackTest, FalseBlocksOfTheServerAreTakenAgain) {
    make("/c");
    fallback_->insist_on_unicast("told to");
    bad_judgements_ = 3;
    pass_until([&] { return core_->all_verified(); });
    EXPECT_EQ(bad_judgements_, 0);
}

TEST_F(MulticastFallbackTest, ABlockMayBeTakenByNameWhileMulticastWorks) {
    make("/c");
    core_->on_manifest_checked(now_, true);
    const mcast::BlockIndex block(source_->layout().manifest_blocks() + 7);
    fallback_->fetch_block(block);
    pass_until([&] { return core_->verified().test(block.value); });
    EXPECT_EQ(core_->counters().unicast_blocks, 1u);
    EXPECT_EQ(core_->delivery(), mcast::Delivery::multicast);
}

}  // namespace
}  // namespace muster::session
