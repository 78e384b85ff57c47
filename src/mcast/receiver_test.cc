// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/receiver.h"

#include <gtest/gtest.h>

#include <set>

#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReceiverTest : public testing::Test, public Receiver::Mediator {
protected:
    void SetUp() override { make(content::BlockSet(layout_.block_count())); }
    void make(content::BlockSet have) {
        receiver_ = std::make_unique<Receiver>(layout_, options_, std::move(have), *this, Prng(1));
        receiver_->on_joined(now_, MemberNumber(7));
    }

    // The owner answers at once unless told otherwise.
    void store_symbol(GroupId, std::uint32_t, ByteSpan) override { ++stored_symbols_; }
    void store_row(GroupId, std::uint32_t, ByteSpan) override { ++stored_rows_; }
    void decode(GroupId group, std::vector<std::uint32_t> missing) override {
        decoded_.push_back({group, missing});
        if (answers_) receiver_->on_decoded(now_, group, std::exchange(missing_rank_, 0));
    }
    void check_block(GroupId, BlockIndex block) override {
        checked_.push_back(block);
        if (answers_) receiver_->on_block_checked(now_, block, !forged_.contains(block.value));
    }
    void check_manifest() override {
        ++manifest_checks_;
        if (answers_) receiver_->on_manifest_checked(now_, manifest_is_good_);
    }
    void release(GroupId group) override { released_.push_back(group); }

    void receive(const Packet& packet) { receiver_->on_packet(now_, number_++, packet); }
    void data(BlockIndex block, std::uint32_t symbol) {
        receive(DataPacket{layout_.wire_symbol(block, symbol), {}, 2});
    }
    void block(std::uint32_t index) {
        const BlockIndex b(index);
        for (std::uint32_t s = 0; s < layout_.symbols_in_block(b); ++s) data(b, s);
    }
    void blocks(std::uint32_t begin, std::uint32_t end) {
        for (std::uint32_t b = begin; b < end; ++b) block(b);
    }
    void row(std::uint32_t group, std::uint32_t number) {
        receive(RepairPacket{layout_.first_block(nth_group(layout_, group)).value, 2, number, {}});
    }
    void status(std::vector<GroupAdvert> adverts, StreamState state = StreamState::running,
                std::uint16_t poll = 0, std::uint32_t cursor = 1) {
        StatusPacket packet;
        packet.cursor_block = cursor;
        packet.state = state;
        packet.poll = poll;
        packet.members = 10;
        packet.adverts = std::move(adverts);
        receive(packet);
    }
    GroupAdvert advert(std::uint32_t group, std::uint32_t sent, std::uint32_t target) {
        return {nth_group(layout_, group).start_block, sent, target, 2};
    }
    std::optional<NakPacket> nak_after(Duration later) {
        now_ += later;
        return receiver_->poll_nak(now_);
    }
    std::optional<MemberReport> report_after(Duration later) {
        now_ += later;
        auto message = receiver_->poll_control(now_);
        if (!message) return std::nullopt;
        return std::get<MemberReport>(*message);
    }

    // 1 block of manifest (group 0), 4 groups of 4 blocks of 4 symbols of image (1 to 4).
    const Layout layout_ = Layout::create({4 * 256, 40, 64, 16, 2}).value();
    ReceiverOptions options_{.name = "PC-1"};
    std::unique_ptr<Receiver> receiver_;
    TimePoint now_{seconds(1000)};
    std::uint64_t number_ = 0;

    bool answers_ = true;
    bool manifest_is_good_ = true;
    std::uint32_t missing_rank_ = 0;
    std::set<std::uint32_t> forged_;
    int stored_symbols_ = 0;
    int stored_rows_ = 0;
    int manifest_checks_ = 0;
    struct Decoded {
        GroupId group;
        std::vector<std::uint32_t> missing;
    };
    std::vector<Decoded> decoded_;
    std::vector<BlockIndex> checked_;
    std::vector<GroupId> released_;
};

// ---- receiving ----

TEST_F(ReceiverTest, WithoutLossEverythingIsCheckedOnceAndNothingDecoded) {
    blocks(0, layout_.block_count());
    EXPECT_TRUE(receiver_->all_verified());
    EXPECT_EQ(manifest_checks_, 1);
    EXPECT_EQ(checked_.size(), 16u);
    EXPECT_TRUE(decoded_.empty());
    EXPECT_EQ(released_.size(), 5u);
    EXPECT_EQ(receiver_->open_groups(), 0u);
    EXPECT_FALSE(nak_after(seconds(1)).has_value());
    EXPECT_EQ(receiver_->counters().datagrams_lost, 0u);
    EXPECT_FALSE(receiver_->finished()) << "not before it is stored";
    receiver_->on_stored(now_);
    EXPECT_TRUE(receiver_->finished());
    EXPECT_EQ(report_after({})->verified.count(), layout_.block_count());
    const auto last = receiver_->poll_control(now_);
    ASSERT_TRUE(last.has_value());
    EXPECT_TRUE(std::get<MemberFinished>(*last).verified);
    EXPECT_FALSE(receiver_->poll_control(now_).has_value());
}

TEST_F(ReceiverTest, BlocksWaitForTheManifest) {
    blocks(1, 5);
    EXPECT_TRUE(checked_.empty());
    EXPECT_EQ(receiver_->open_groups(), 1u);
    block(0);
    EXPECT_EQ(checked_.size(), 4u);
    EXPECT_EQ(receiver_->blocks_missing(), 12u);
}

TEST_F(ReceiverTest, RowsStandInForLostSymbols) {
    block(0);
    data(BlockIndex(1), 0);
    data(BlockIndex(1), 2);
    blocks(2, 5);
    EXPECT_EQ(checked_.size(), 3u);
    row(1, 0);
    EXPECT_TRUE(decoded_.empty());
    row(1, 4);
    ASSERT_EQ(decoded_.size(), 1u);
    EXPECT_EQ(decoded_[0].missing, (std::vector<std::uint32_t>{1, 3}));
    EXPECT_EQ(receiver_->blocks_missing(), 12u);
    EXPECT_EQ(receiver_->counters().blocks_repaired, 1u);
    row(1, 5);
    EXPECT_EQ(stored_rows_, 2) << "the group is closed";
    EXPECT_EQ(receiver_->counters().duplicates, 1u);
}

TEST_F(ReceiverTest, ADecodeThatLacksRankWaitsForOneMoreRow) {
    block(0);
    blocks(1, 4);
    row(1, 0);
    row(1, 1);
    row(1, 2);
    missing_rank_ = 1;
    row(1, 3);
    EXPECT_EQ(decoded_.size(), 1u);
    EXPECT_EQ(receiver_->blocks_missing(), 16u - 3);
    row(1, 4);
    EXPECT_EQ(decoded_.size(), 2u);
    EXPECT_EQ(receiver_->blocks_missing(), 12u);
}

TEST_F(ReceiverTest, WhatComesTwiceIsTakenOnce) {
    block(0);
    data(BlockIndex(1), 0);
    data(BlockIndex(1), 0);
    block(2);
    block(2);
    EXPECT_EQ(stored_symbols_, 3 + 1 + 4);
    EXPECT_EQ(checked_.size(), 1u);
    EXPECT_EQ(receiver_->counters().duplicates, 5u);
}

TEST_F(ReceiverTest, NumbersThatMeanNothingAreIgnored) {
    receive(DataPacket{3, {}, 2});  // the manifest block has three symbols
    receive(DataPacket{~0u, {}, 2});
    receive(RepairPacket{2, 2, 0, {}});  // no group begins there
    receive(RepairPacket{1, 5, 0, {}});  // other group length
    receive(RepairPacket{~0u, 2, 0, {}});
    status({{2, 0, 0, 2}, {~0u, 1, 1, 2}});
    receive(NakPacket{});
    EXPECT_EQ(receiver_->open_groups(), 0u);
    EXPECT_EQ(stored_symbols_ + stored_rows_, 0);
}

TEST_F(ReceiverTest, MemoryForGroupsIsLimited) {
    options_.max_open_blocks = 8;
    make(content::BlockSet(layout_.block_count()));
    data(BlockIndex(1), 0);
    data(BlockIndex(5), 0);
    data(BlockIndex(9), 0);
    EXPECT_EQ(receiver_->open_groups(), 2u);
    EXPECT_EQ(receiver_->counters().local_drops, 1u);
    block(0);
    EXPECT_TRUE(receiver_->verified().test(0)) << "the manifest has room of its own";
}

TEST_F(ReceiverTest, LossIsCountedByGapsInTheNumbers) {
    block(0);
    number_ += 3;
    block(1);
    EXPECT_EQ(receiver_->counters().datagrams_lost, 3u);
    EXPECT_NEAR(receiver_->counters().loss(), 0.3, 1e-9);
}

// ---- resuming ----

TEST_F(ReceiverTest, AResumedOneAsksForTheRestAndDecodesWithWhatItHas) {
    content::BlockSet have(layout_.block_count());
    have.set_range(0, 4);  // the manifest and blocks 1 to 3
    make(std::move(have));
    const auto join = receiver_->make_join();
    EXPECT_FALSE(join.wants_all);
    EXPECT_EQ(join.want.to_string(), "4-16");
    EXPECT_EQ(join.name, "PC-1");
    EXPECT_EQ(join.protocol_version, kProtocolVersion);
    for (std::uint32_t n = 0; n < 4; ++n) row(1, n);
    ASSERT_EQ(decoded_.size(), 1u);
    EXPECT_EQ(decoded_[0].missing, (std::vector<std::uint32_t>{12, 13, 14, 15}));
    EXPECT_EQ(receiver_->blocks_missing(), 12u);
}

TEST_F(ReceiverTest, AFreshOneWantsAll) {
    const auto join = receiver_->make_join();
    EXPECT_TRUE(join.wants_all);
}

TEST_F(ReceiverTest, APartOfTheManifestIsNoManifest) {
    const auto layout = Layout::create({1024, 130, 64, 16, 2}).value();  // 3 blocks of manifest
    content::BlockSet have(layout.block_count());
    have.set_range(0, 2);
    Receiver receiver(layout, options_, std::move(have), *this, Prng(1));
    EXPECT_TRUE(receiver.make_join().wants_all);
}

// ---- forged bytes ----

TEST_F(ReceiverTest, AForgedBlockStartsItsGroupAgain) {
    block(0);
    forged_ = {2};
    blocks(1, 3);
    EXPECT_EQ(receiver_->counters().blocks_forged, 1u);
    EXPECT_TRUE(receiver_->verified().test(1));
    EXPECT_FALSE(receiver_->verified().test(2));
    EXPECT_EQ(released_.back(), nth_group(layout_, 1));
    forged_.clear();
    blocks(2, 5);
    EXPECT_EQ(receiver_->blocks_missing(), 12u);
}

TEST_F(ReceiverTest, AForgedManifestStartsAgain) {
    manifest_is_good_ = false;
    block(0);
    EXPECT_EQ(manifest_checks_, 1);
    EXPECT_FALSE(receiver_->verified().test(0));
    blocks(1, 2);
    EXPECT_TRUE(checked_.empty());
    manifest_is_good_ = true;
    block(0);
    EXPECT_EQ(manifest_checks_, 2);
    EXPECT_EQ(checked_.size(), 1u);
}

TEST_F(ReceiverTest, AnAnswerAboutAGroupThatWasStartedAgainIsStale) {
    block(0);
    answers_ = false;
    blocks(1, 4);                                     // three blocks are being checked
    for (std::uint32_t n = 0; n < 4; ++n) row(1, n);  // the fourth is being decoded
    ASSERT_EQ(decoded_.size(), 1u);
    receiver_->on_block_checked(now_, BlockIndex(2), false);
    data(BlockIndex(2), 0);  // the group is open again
    const auto checks = checked_.size();
    receiver_->on_decoded(now_, nth_group(layout_, 1), 0);
    EXPECT_EQ(checked_.size(), checks) << "nothing of the old bytes is there any more";
}

TEST_F(ReceiverTest, WorkersMayAnswerLaterInAnyOrder) {
    answers_ = false;
    blocks(0, 4);
    EXPECT_EQ(manifest_checks_, 1);
    for (std::uint32_t n = 0; n < 4; ++n) row(1, n);
    data(BlockIndex(4), 0);
    EXPECT_EQ(receiver_->counters().duplicates, 1u) << "it is being decoded";
    receiver_->on_manifest_checked(now_, true);
    EXPECT_EQ(checked_.size(), 3u);
    receiver_->on_block_checked(now_, BlockIndex(3), true);
    receiver_->on_decoded(now_, nth_group(layout_, 1), 0);
    EXPECT_EQ(checked_.size(), 4u);
    receiver_->on_block_checked(now_, BlockIndex(4), true);
    receiver_->on_block_checked(now_, BlockIndex(1), true);
    EXPECT_EQ(receiver_->open_groups(), 1u);
    receiver_->on_block_checked(now_, BlockIndex(2), true);
    EXPECT_EQ(receiver_->open_groups(), 0u);
}

// ---- NAKs ----

TEST_F(ReceiverTest, ALossIsReportedWhenItsGroupIsAdvertised) {
    block(0);
    blocks(1, 4);
    data(BlockIndex(4), 1);
    EXPECT_FALSE(nak_after(seconds(1)).has_value()) << "the rest may still come";
    status({advert(1, 0, 0)});
    EXPECT_LE(receiver_->next_deadline(now_), now_ + milliseconds(15));
    const auto nak = nak_after(milliseconds(15));
    ASSERT_TRUE(nak.has_value());
    EXPECT_EQ(nak->member, 7u);
    EXPECT_EQ(nak->highest_seen, number_ - 1);
    ASSERT_EQ(nak->entries.size(), 1u);
    EXPECT_EQ(nak->entries[0].start_block, 1u);
    EXPECT_EQ(nak->entries[0].rows_seen, 0u);
    EXPECT_EQ(nak->entries[0].deficit, 3u);
    EXPECT_FALSE(nak_after(milliseconds(100)).has_value()) << "once";
}

TEST_F(ReceiverTest, WhatIsPromisedNeedsNoNak) {
    block(0);
    blocks(1, 4);
    data(BlockIndex(4), 1);
    status({advert(1, 0, 0)});
    status({advert(1, 0, 3)});
    EXPECT_FALSE(nak_after(milliseconds(15)).has_value()) << "somebody else has asked";
    status({advert(1, 2, 3)});  // two rows went by, none arrived
    EXPECT_EQ(nak_after(milliseconds(15))->entries[0].rows_seen, 2u);
}

TEST_F(ReceiverTest, AnUnansweredNakIsRepeatedMoreAndMoreRarely) {
    block(0);
    blocks(1, 4);
    data(BlockIndex(4), 1);
    std::vector<TimePoint> times;
    for (int i = 0; i < 8000; ++i) {
        if (i % 20 == 0) status({advert(1, 0, 0)});
        if (nak_after(milliseconds(1))) times.push_back(now_);
    }
    ASSERT_GE(times.size(), 8u);
    EXPECT_LE(times.size(), 14u);
    EXPECT_GE(times[1] - times[0], milliseconds(50));
    EXPECT_LE(times[1] - times[0], milliseconds(100));
    for (std::size_t i = 6; i < times.size(); ++i) {
        EXPECT_GE(times[i] - times[i - 1], milliseconds(990));
        EXPECT_LE(times[i] - times[i - 1], milliseconds(1100));
    }
}

TEST_F(ReceiverTest, WhoWasNotThereDoesNotAsk) {
    block(0);
    status({advert(1, 0, 0)});
    row(2, 0);
    status({advert(2, 1, 1)});
    EXPECT_FALSE(nak_after(seconds(1)).has_value()) << "the sources will come in the next lap";
}

TEST_F(ReceiverTest, AManifestOfWhichNothingCameIsAskedForAtOnce) {
    data(BlockIndex(1), 0);
    status({advert(0, 0, 0)});
    EXPECT_FALSE(nak_after(milliseconds(15)).has_value()) << "we may have joined in this group";
    status({advert(0, 0, 0)}, StreamState::running, 0, 5);  // the next has begun after our join
    const auto nak = nak_after(milliseconds(15));
    ASSERT_TRUE(nak.has_value());
    ASSERT_EQ(nak->entries.size(), 1u);
    EXPECT_EQ(nak->entries[0].start_block, 0u);
    EXPECT_EQ(nak->entries[0].deficit, 3u);
    for (std::uint32_t n = 0; n < 3; ++n) row(0, n);
    EXPECT_EQ(manifest_checks_, 1);
}

// ---- reports ----

TEST_F(ReceiverTest, ReportsAboutOncePerSecondWhatIsNew) {
    EXPECT_FALSE(report_after(milliseconds(740)).has_value());
    blocks(0, 3);
    auto report = report_after(milliseconds(600));
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->verified.to_string(), "0-2");
    EXPECT_EQ(report->blocks_missing, 14u);
    EXPECT_TRUE(report->missed.empty());
    EXPECT_FALSE(report_after(milliseconds(740)).has_value());
    report = report_after(milliseconds(600));
    EXPECT_TRUE(report->verified.empty());
}

TEST_F(ReceiverTest, APolledReportSaysWhatIsMissing) {
    block(0);
    blocks(1, 4);
    data(BlockIndex(5), 2);
    status({}, StreamState::drained, 1);
    auto report = report_after(milliseconds(20));  // 10 members at 500 reports a second
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->missed.to_string(), "9-16");
    ASSERT_EQ(report->deficits.size(), 2u);
    EXPECT_EQ(report->deficits[0].deficit, 4u);
    EXPECT_EQ(report->deficits[1].deficit, 15u);
    status({}, StreamState::drained, 1);
    EXPECT_FALSE(report_after(milliseconds(20)).has_value()) << "the same poll";
    status({}, StreamState::drained, 2);
    EXPECT_TRUE(report_after(milliseconds(20)).has_value());
}

TEST_F(ReceiverTest, WithLittleMemoryItAsksForNoMoreThanFits) {
    options_.max_open_blocks = 4;
    make(content::BlockSet(layout_.block_count()));
    block(0);
    for (const std::uint32_t b : {1u, 5u, 9u, 13u}) data(BlockIndex(b), 0);
    blocks(1, 5);
    EXPECT_EQ(receiver_->open_groups(), 0u);
    status({}, StreamState::drained, 1);
    EXPECT_EQ(report_after(milliseconds(20))->missed.to_string(), "5-8");
    status({}, StreamState::drained, 2);
    EXPECT_EQ(report_after(milliseconds(20))->missed.to_string(), "5-16")
        << "memory was not short since";
}

TEST_F(ReceiverTest, AFalseStatusDoesNotSilenceItForLong) {
    block(0);
    StatusPacket lie;
    lie.members = 4'000'000'000;
    lie.backoff_ms = 65535;
    lie.grtt_ms = 65535;
    receive(lie);
    while (!receiver_->poll_control(now_)) now_ += seconds(1);  // the next period is drawn
    status({});
    EXPECT_TRUE(report_after(milliseconds(1300)).has_value());
    data(BlockIndex(1), 0);
    receive(lie);
    lie.adverts = {advert(1, 4'000'000'000, 4'000'000'000)};
    receive(lie);
    status({advert(1, 0, 0)});
    EXPECT_TRUE(nak_after(seconds(2)).has_value());
}

TEST_F(ReceiverTest, WhoGivesUpSaysWhy) {
    receiver_->on_failed(now_, "disk full");
    const auto message = receiver_->poll_control(now_);
    ASSERT_TRUE(message.has_value());
    EXPECT_FALSE(std::get<MemberFinished>(*message).verified);
    EXPECT_EQ(std::get<MemberFinished>(*message).failure, "disk full");
    block(0);
    EXPECT_EQ(stored_symbols_, 0) << "it takes nothing more";
}

TEST_F(ReceiverTest, ANewMembershipReportsNothingTwice) {
    blocks(0, 3);
    receiver_->on_joined(now_, MemberNumber(8));
    EXPECT_EQ(receiver_->make_join().want.to_string(), "3-16");
    const auto report = report_after(seconds(2));
    EXPECT_TRUE(report->verified.empty()) << "the join has said it";
    status({});
    data(BlockIndex(3), 0);
    status({advert(1, 0, 0)});
    EXPECT_EQ(nak_after(milliseconds(15))->member, 8u);
}

// ---- blocks that come another way ----

TEST_F(ReceiverTest, AFetchedBlockCountsAndIsReportedLikeAnyOther) {
    block(0);
    receiver_->on_block_fetched(now_, BlockIndex(3));
    receiver_->on_block_fetched(now_, BlockIndex(3));
    EXPECT_EQ(receiver_->blocks_missing(), 15u);
    EXPECT_EQ(receiver_->counters().unicast_blocks, 1u);
    EXPECT_EQ(receiver_->counters().unicast_bytes, 64u);
    const auto report = report_after(seconds(2));
    EXPECT_TRUE(report->verified.contains(3));
    data(BlockIndex(3), 0);
    EXPECT_EQ(receiver_->open_groups(), 0u) << "multicast need not bring it any more";
}

TEST_F(ReceiverTest, AFetchedBlockLetsItsGroupBeDecodedOrClosed) {
    block(0);
    blocks(1, 3);
    data(BlockIndex(3), 0);
    data(BlockIndex(4), 0);
    row(1, 0);
    row(1, 1);
    row(1, 2);
    EXPECT_TRUE(decoded_.empty());
    receiver_->on_block_fetched(now_, BlockIndex(4));
    ASSERT_EQ(decoded_.size(), 1u);
    EXPECT_EQ(decoded_[0].missing, (std::vector<std::uint32_t>{9, 10, 11}));
    EXPECT_EQ(receiver_->open_groups(), 0u);
    blocks(5, 8);
    data(BlockIndex(8), 1);
    receiver_->on_block_fetched(now_, BlockIndex(8));
    EXPECT_EQ(receiver_->open_groups(), 0u);
    EXPECT_EQ(receiver_->blocks_missing(), 8u);
}

TEST_F(ReceiverTest, BlocksFetchedWhileTheirGroupIsDecodedLeaveNothingOpen) {
    block(0);
    blocks(1, 4);
    data(BlockIndex(4), 0);
    answers_ = false;
    for (std::uint32_t r = 0; r < 3; ++r) row(1, r);
    ASSERT_EQ(decoded_.size(), 1u);
    receiver_->on_block_fetched(now_, BlockIndex(4));
    EXPECT_EQ(receiver_->open_groups(), 1u);
    receiver_->on_decoded(now_, nth_group(layout_, 1), 0);
    EXPECT_EQ(receiver_->open_groups(), 0u);
    EXPECT_EQ(receiver_->blocks_missing(), 12u);
}

TEST_F(ReceiverTest, AFetchedManifestLetsWaitingBlocksBeChecked) {
    blocks(1, 5);
    receiver_->on_manifest_fetched(now_);
    EXPECT_EQ(checked_.size(), 4u);
    EXPECT_EQ(receiver_->blocks_missing(), 12u);
    EXPECT_EQ(receiver_->counters().unicast_bytes, 40u);
    block(0);
    EXPECT_EQ(manifest_checks_, 0);
}

TEST_F(ReceiverTest, ANewWayOfDeliveryIsReportedAtOnce) {
    block(0);
    (void)report_after(seconds(2));
    receiver_->set_delivery(now_, Delivery::unicast, "no multicast");
    const auto report = report_after({});
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->delivery, Delivery::unicast);
    EXPECT_EQ(report->delivery_why, "no multicast");
    receiver_->set_delivery(now_, Delivery::unicast, "no multicast");
    EXPECT_FALSE(report_after({}).has_value());
}

TEST_F(ReceiverTest, KnowsWhatMulticastHasNearlyBrought) {
    block(0);
    blocks(1, 4);
    data(BlockIndex(5), 0);
    EXPECT_FALSE(receiver_->is_nearly_whole(BlockIndex(4)));
    data(BlockIndex(4), 0);
    EXPECT_TRUE(receiver_->is_nearly_whole(BlockIndex(4)));
    EXPECT_FALSE(receiver_->is_nearly_whole(BlockIndex(6)));
    EXPECT_FALSE(receiver_->is_nearly_whole(BlockIndex(9)));
}

}  // namespace
}  // namespace muster::mcast
