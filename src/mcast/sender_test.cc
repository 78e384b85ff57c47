// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/sender.h"

#include <gtest/gtest.h>

#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};

class SenderTest : public testing::Test, public Sender::Mediator {
protected:
    void prepare_rows(GroupId group, std::uint32_t first_row, std::uint32_t count) override {
        asked_rows_ += count;
        if (encodes_) sender_->on_rows_ready(group, first_row + count);
    }
    void prepare_sources(GroupId group) override { read_ahead_.push_back(group); }

    void make(SenderOptions options) {
        options.prelude = prelude_;
        sender_ = std::make_unique<Sender>(now_, layout_, options, *this);
    }
    SenderOptions closed_for(std::uint32_t members) {
        SenderOptions options;
        options.start = {members, seconds(20), false};
        options.closed = true;
        return options;
    }
    MemberNumber join(const std::string& name) {
        JoinRequest request;
        request.name = name;
        request.wants_all = true;
        return sender_->on_join(now_, request).value();
    }
    // All that may leave now.
    std::vector<Packet> poll() {
        std::vector<Packet> packets;
        while (auto outgoing = sender_->poll_packet(now_)) {
            EXPECT_EQ(outgoing->packet_number, next_number_++);
            packets.push_back(outgoing->packet);
        }
        return packets;
    }
    std::vector<Packet> poll_after(Duration later) {
        now_ += later;
        return poll();
    }
    static std::vector<std::uint32_t> symbols(const std::vector<Packet>& packets) {
        std::vector<std::uint32_t> list;
        for (const auto& packet : packets) {
            if (const auto* data = std::get_if<DataPacket>(&packet)) list.push_back(data->symbol);
        }
        return list;
    }
    static std::vector<std::uint32_t> rows(const std::vector<Packet>& packets) {
        std::vector<std::uint32_t> list;
        for (const auto& packet : packets) {
            if (const auto* row = std::get_if<RepairPacket>(&packet)) list.push_back(row->row);
        }
        return list;
    }
    static std::optional<StatusPacket> status(const std::vector<Packet>& packets) {
        std::optional<StatusPacket> last;
        for (const auto& packet : packets) {
            if (const auto* found = std::get_if<StatusPacket>(&packet)) last = *found;
        }
        return last;
    }
    void be_asked_for_reports() {
        for (int i = 0; i < 2; ++i) poll_after(milliseconds(50));
    }
    // What was missed is said after a poll.
    void report(MemberNumber number, const IntervalSet& verified, const IntervalSet& missed = {}) {
        if (!missed.empty()) be_asked_for_reports();
        MemberReport message;
        message.verified = verified;
        message.missed = missed;
        message.highest_seen = next_number_;
        sender_->on_report(now_, number, message);
    }
    void nak(MemberNumber number, std::uint32_t group, std::uint32_t rows_seen,
             std::uint16_t deficit) {
        NakPacket packet{number.value, next_number_, 0, {}};
        const std::uint32_t start = layout_.first_block(nth_group(layout_, group)).value;
        packet.entries.push_back({start, rows_seen, deficit, 2});
        sender_->on_nak(now_, packet);
    }
    void finish(MemberNumber number) {
        MemberFinished finished;
        finished.verified = true;
        sender_->on_finished(now_, number, finished);
    }
    MemberState state_of(MemberNumber number) { return sender_->membership().find(number)->state; }

    // 3 symbols of manifest (group 0), 4 groups of 4 blocks of 4 symbols of image (1 to 4).
    const Layout layout_ = Layout::create({4 * 256, 40, 64, 16, 2}).value();
    std::unique_ptr<Sender> sender_;
    TimePoint now_ = kStart;
    Duration prelude_{};
    bool encodes_ = true;
    std::uint32_t asked_rows_ = 0;
    std::vector<GroupId> read_ahead_;
    std::uint64_t next_number_ = 0;
};

// ---- beginning and end ----

TEST_F(SenderTest, WaitsUntilEnoughHaveJoined) {
    make(closed_for(2));
    join("a");
    EXPECT_TRUE(poll().empty());
    EXPECT_EQ(sender_->state(), SenderState::gathering);
    join("b");
    EXPECT_EQ(sender_->state(), SenderState::running);
    EXPECT_FALSE(poll().empty());
}

TEST_F(SenderTest, StartsWithFewerAfterTheLongestWait) {
    make(closed_for(2));
    const auto a = join("a");
    for (int second = 1; second < 20; ++second) {
        EXPECT_TRUE(poll_after(seconds(1)).empty());
        report(a, {});
    }
    EXPECT_FALSE(poll_after(seconds(1)).empty());
}

TEST_F(SenderTest, MayWaitFromTheFirstMemberOn) {
    auto options = closed_for(2);
    options.start.wait_from_first_member = true;
    make(options);
    EXPECT_TRUE(poll_after(seconds(100)).empty());
    EXPECT_EQ(sender_->state(), SenderState::gathering);
    join("a");
    EXPECT_TRUE(poll_after(seconds(9)).empty());
    report(MemberNumber(1), {});
    EXPECT_TRUE(poll_after(seconds(9)).empty());
    report(MemberNumber(1), {});
    EXPECT_FALSE(poll_after(seconds(2)).empty());
}

TEST_F(SenderTest, AClosedSessionToWhichNobodyCameEnds) {
    make(closed_for(1));
    poll_after(seconds(20));
    EXPECT_EQ(sender_->state(), SenderState::ended);
    const auto events = sender_->take_events();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(std::get<StateChanged>(events[0]).why, "nobody came");
}

TEST_F(SenderTest, AnOpenSessionToWhichNobodyCameWaitsWithoutSpinning) {
    auto options = closed_for(1);
    options.closed = false;
    make(options);
    poll_after(seconds(50));
    EXPECT_EQ(sender_->state(), SenderState::gathering);
    EXPECT_GT(sender_->next_deadline(now_), now_);
}

TEST_F(SenderTest, StartsByHand) {
    make(closed_for(5));
    join("a");
    sender_->start(now_);
    EXPECT_EQ(sender_->state(), SenderState::running);
}

TEST_F(SenderTest, OnlyStatusIsSentAtFirst) {
    prelude_ = milliseconds(100);
    make(closed_for(1));
    join("a");
    EXPECT_TRUE(status(poll()).has_value());
    EXPECT_TRUE(symbols(poll_after(milliseconds(99))).empty());
    EXPECT_EQ(sender_->next_deadline(now_), now_ + milliseconds(1));
    EXPECT_EQ(symbols(poll_after(milliseconds(1))).size(), layout_.symbol_count());
}

TEST_F(SenderTest, AClosedSessionEndsWhenAllHaveReported) {
    make(closed_for(2));
    const auto a = join("a");
    const auto b = join("b");
    poll();
    finish(a);
    EXPECT_EQ(sender_->state(), SenderState::running);
    sender_->on_finished(now_, b, {false, "disk full", {}});
    EXPECT_EQ(sender_->state(), SenderState::ended);
    EXPECT_EQ(state_of(a), MemberState::verified);
    EXPECT_EQ(state_of(b), MemberState::failed);
    EXPECT_EQ(sender_->membership().find(b)->failure, "disk full");
    EXPECT_TRUE(poll_after(seconds(1)).empty());
}

TEST_F(SenderTest, AnOpenSessionLingersForLateJoiners) {
    auto options = closed_for(1);
    options.closed = false;
    make(options);
    finish(join("a"));
    EXPECT_EQ(sender_->state(), SenderState::lingering);
    EXPECT_TRUE(status(poll_after(seconds(29))).has_value()) << "it is still there";
    const auto b = join("b");
    EXPECT_EQ(sender_->state(), SenderState::running);
    EXPECT_EQ(symbols(poll()).size(), layout_.symbol_count());
    finish(b);
    poll_after(seconds(29));
    EXPECT_EQ(sender_->state(), SenderState::lingering);
    poll_after(seconds(1));
    EXPECT_EQ(sender_->state(), SenderState::ended);
}

TEST_F(SenderTest, EndsByHand) {
    make(closed_for(1));
    join("a");
    sender_->end(now_, "stopped");
    EXPECT_TRUE(poll_after(seconds(1)).empty());
    JoinRequest request;
    request.name = "b";
    EXPECT_EQ(sender_->on_join(now_, request).error().code(), Errc::unavailable);
}

// ---- members ----

TEST_F(SenderTest, AReceiverOfAnotherVersionIsToldBoth) {
    make(closed_for(1));
    JoinRequest request;
    request.protocol_version = 9;
    const auto joined = sender_->on_join(now_, request);
    ASSERT_FALSE(joined.ok());
    EXPECT_EQ(joined.error().code(), Errc::version_mismatch);
    EXPECT_NE(joined.error().message().find("version 9"), std::string::npos);
    EXPECT_NE(joined.error().message().find("version 1"), std::string::npos);
}

TEST_F(SenderTest, AFullSessionSaysSo) {
    auto options = closed_for(1);
    options.max_members = 1;
    make(options);
    join("a");
    JoinRequest request;
    request.name = "b";
    EXPECT_EQ(sender_->on_join(now_, request).error().code(), Errc::unavailable);
}

TEST_F(SenderTest, ASilentMemberIsLostAndTheOthersAreNot) {
    make(closed_for(2));
    const auto a = join("a");
    const auto b = join("b");
    poll_after(seconds(6));
    report(b, {});
    poll_after(seconds(4));
    EXPECT_EQ(state_of(a), MemberState::lost);
    EXPECT_EQ(sender_->membership().find(a)->failure, "silent for 10 s");
    EXPECT_EQ(state_of(b), MemberState::active);
    finish(b);
    EXPECT_EQ(sender_->state(), SenderState::lingering) << "the lost one may come back";
}

TEST_F(SenderTest, ABrokenConnectionIsGivenTimeToComeBack) {
    make(closed_for(1));
    const auto a = join("a");
    poll_after(seconds(6));
    sender_->on_disconnected(now_, a);
    poll_after(seconds(9));
    EXPECT_EQ(state_of(a), MemberState::active);
    poll_after(seconds(1));
    EXPECT_EQ(state_of(a), MemberState::lost);
    EXPECT_NE(sender_->membership().find(a)->failure.find("connection"), std::string::npos);
}

TEST_F(SenderTest, ANakIsASignOfLifeToo) {
    make(closed_for(1));
    const auto a = join("a");
    poll_after(seconds(6));
    nak(a, 1, 0, 1);
    poll_after(seconds(9));
    EXPECT_EQ(state_of(a), MemberState::active);
}

TEST_F(SenderTest, TheSilenceGrowsWithTheReportPeriodOfALargeFleet) {
    auto options = closed_for(1);
    make(options);
    for (int i = 0; i < 5000; ++i) join("PC-" + std::to_string(i));
    poll_after(seconds(49));  // reports come every 10 s
    EXPECT_EQ(sender_->membership().live_count(), 5000u);
    poll_after(seconds(1));
    EXPECT_EQ(sender_->membership().live_count(), 0u);
}

TEST_F(SenderTest, WhoComesBackIsANewMember) {
    make(closed_for(1));
    const auto before = join("a");
    poll();
    const auto after = join("a");
    EXPECT_NE(before, after);
    EXPECT_EQ(state_of(before), MemberState::lost);
    EXPECT_EQ(sender_->membership().live_count(), 1u);
    finish(before);
    EXPECT_EQ(sender_->state(), SenderState::running) << "what the old one said does not count";
    finish(after);
    EXPECT_EQ(sender_->state(), SenderState::ended);
}

TEST_F(SenderTest, AMemberThatCompletesNothingFailsInTheEnd) {
    make(closed_for(2));
    const auto a = join("a");
    const auto b = join("b");
    poll();
    for (int i = 0; i < 30; ++i) {
        poll_after(seconds(5));
        report(a, {});
        const auto n = static_cast<std::uint64_t>(i % 15);
        report(b, IntervalSet::range(n, n + 1));
    }
    EXPECT_EQ(state_of(a), MemberState::failed);
    EXPECT_EQ(state_of(b), MemberState::active);
}

// ---- the carousel ----

TEST_F(SenderTest, TheFirstPassSendsEverySymbolOnceManifestFirst) {
    make(closed_for(1));
    join("a");
    const auto packets = poll();
    std::vector<std::uint32_t> expected = {0, 1, 2};
    for (std::uint32_t s = 4; s < 4 + 64; ++s) expected.push_back(s);
    EXPECT_EQ(symbols(packets), expected);
    EXPECT_EQ(read_ahead_.size(), layout_.stretch_count());
    EXPECT_EQ(sender_->counters().source_symbols, layout_.symbol_count());
    EXPECT_TRUE(symbols(poll_after(seconds(1))).empty());
}

TEST_F(SenderTest, ALateJoinerGetsTheManifestAndWhatItMissed) {
    auto options = closed_for(1);
    options.rate_bits_per_second = 1'000'000;
    make(options);
    const auto a = join("a");
    std::vector<Packet> before;
    while (symbols(before).size() < 3 + 24) {  // in the middle of group 2
        for (auto& packet : poll_after(milliseconds(1))) before.push_back(packet);
    }
    join("b");
    std::vector<Packet> after;
    for (int i = 0; i < 1000; ++i) {
        for (auto& packet : poll_after(milliseconds(1))) after.push_back(packet);
    }
    const auto sent = symbols(after);
    const std::size_t rest_of_group_2 = 32 - symbols(before).size() + 3;
    // The rest of the pass, then the manifest, groups 3 and 4, and what came before it joined.
    EXPECT_EQ(sent.size(), rest_of_group_2 + 3 + 32 + 32);
    EXPECT_EQ(sent[rest_of_group_2], 0u) << "the manifest as soon as the group is over";
    EXPECT_EQ(sent[rest_of_group_2 + 3], 4u + 32) << "then on, not back";
    EXPECT_EQ(state_of(a), MemberState::active);
}

TEST_F(SenderTest, AReturningMemberGetsOnlyTheBlocksItNames) {
    make(closed_for(1));
    JoinRequest request;
    request.name = "a";
    request.want = IntervalSet::range(6, 7);
    request.want.add(12, 5000);  // beyond the end is cut off
    ASSERT_TRUE(sender_->on_join(now_, request).ok());
    const auto sent = symbols(poll());
    std::vector<std::uint32_t> expected = {24, 25, 26, 27};
    for (std::uint32_t s = 48; s < 68; ++s) expected.push_back(s);
    EXPECT_EQ(sent, expected);
}

// ---- repair ----

TEST_F(SenderTest, ANakIsAnsweredByRowsAndByStatus) {
    make(closed_for(1));
    const auto a = join("a");
    poll();
    nak(a, 2, 0, 3);
    const auto answer = poll_after(milliseconds(1));
    EXPECT_EQ(rows(answer), (std::vector<std::uint32_t>{0, 1, 2}));
    const auto said = status(answer);
    ASSERT_TRUE(said.has_value());
    bool advertised = false;
    for (const auto& advert : said->adverts) {
        advertised |= advert.start_block == layout_.first_block(nth_group(layout_, 2)).value &&
                      advert.rows_target == 3;
    }
    EXPECT_TRUE(advertised);
    nak(a, 2, 0, 3);
    EXPECT_TRUE(rows(poll_after(milliseconds(1))).empty()) << "asked twice, sent once";
}

TEST_F(SenderTest, SenselessNaksAreIgnored) {
    make(closed_for(1));
    const auto a = join("a");
    poll();
    report(a, IntervalSet::range(1, 5));
    nak(a, 1, 0, 5);                                                      // has it
    nak(MemberNumber(77), 2, 0, 5);                                       // no member
    sender_->on_nak(now_, {a.value, next_number_, 0, {{3, 0, 5, 2}}});    // no group begins there
    sender_->on_nak(now_, {a.value, next_number_, 0, {{~0u, 0, 5, 2}}});  // nor there
    sender_->on_nak(now_, {a.value, 3, 0, {{5, 0, 5, 2}}});               // older than the group
    EXPECT_TRUE(rows(poll_after(milliseconds(1))).empty());
    EXPECT_EQ(asked_rows_, 0u);
}

TEST_F(SenderTest, ReportedDeficitsAreRequestsToo) {
    make(closed_for(1));
    const auto a = join("a");
    poll();
    MemberReport message;
    message.highest_seen = next_number_;
    message.deficits.push_back({layout_.first_block(nth_group(layout_, 3)).value, 0, 2, 2});
    sender_->on_report(now_, a, message);
    EXPECT_EQ(rows(poll_after(milliseconds(1))).size(), 2u);
}

TEST_F(SenderTest, WhoMissedAGroupGetsItsSourcesAgain) {
    make(closed_for(1));
    const auto a = join("a");
    poll();
    report(a, IntervalSet::range(9, 10), IntervalSet::range(10, 13));  // has block 9 of group 3
    const auto sent = symbols(poll_after(milliseconds(1)));
    EXPECT_EQ(sent.size(), 12u) << "but for the block it has";
    EXPECT_EQ(sent.front(), 40u);
}

TEST_F(SenderTest, WhoWasToldAFalseSplitGetsTheSourcesAgain) {
    make(closed_for(1));
    const auto a = join("a");
    poll();
    be_asked_for_reports();
    MemberReport message;
    message.highest_seen = next_number_;
    message.deficits.push_back({9, 0, 3, 1});  // blocks 9 and 10, half of group 3
    sender_->on_report(now_, a, message);
    const auto sent = symbols(poll_after(milliseconds(1)));
    ASSERT_EQ(sent.size(), 16u);
    EXPECT_EQ(sent.front(), 36u);
}

TEST_F(SenderTest, RowsThatAreSlowToEncodeAreSentWhenReady) {
    encodes_ = false;
    auto options = closed_for(1);
    options.rate_bits_per_second = 100'000;
    make(options);
    const auto a = join("a");
    for (int i = 0; i < 2000; ++i) poll_after(milliseconds(1));
    nak(a, 2, 0, 3);
    poll();
    EXPECT_EQ(asked_rows_, 3u) << "asked for at once, not when a datagram may leave";
    for (int i = 0; i < 3000; ++i) poll_after(milliseconds(1));
    EXPECT_EQ(sender_->counters().repair_symbols, 0u);
    report(a, {});
    sender_->on_rows_ready(nth_group(layout_, 2), 3);
    // Only when next_deadline() says so, as production does.
    poll();
    for (int i = 0; i < 200; ++i) {
        const TimePoint next = sender_->next_deadline(now_);
        ASSERT_GT(next, now_);
        now_ = next;
        poll();
    }
    EXPECT_EQ(sender_->counters().repair_symbols, 3u);
}

TEST_F(SenderTest, ASlowStreamIsNotAllStatus) {
    auto options = closed_for(1);
    options.rate_bits_per_second = 50'000;
    make(options);
    const auto a = join("a");
    for (int i = 0; i < 4000; ++i) poll_after(milliseconds(1));
    report(a, {});
    EXPECT_EQ(sender_->counters().source_symbols, layout_.symbol_count());
    EXPECT_LT(sender_->counters().status_wire_bytes, 4 * 50'000 / 8 / 8);
}

TEST_F(SenderTest, ADrainedStreamAsksForReports) {
    make(closed_for(1));
    const auto a = join("a");
    const auto first = status(poll_after({}));
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->state, StreamState::running);
    const std::uint16_t before = first->poll;
    auto said = status(poll_after(milliseconds(20)));
    EXPECT_EQ(said->state, StreamState::drained);
    EXPECT_EQ(said->poll, before) << "what is on its way shall arrive first";
    said = status(poll_after(milliseconds(100)));
    EXPECT_EQ(said->poll, before + 1);
    EXPECT_EQ(status(poll_after(milliseconds(100)))->poll, before + 1);
    EXPECT_EQ(status(poll_after(milliseconds(500)))->poll, before + 2) << "again and again";
    report(a, {}, IntervalSet::range(1, 5));
    said = status(poll_after(milliseconds(20)));
    report(a, {});
    EXPECT_EQ(status(poll_after(milliseconds(20)))->poll, before + 2)
        << "busy, then from the start";
}

// ---- who asks too much ----

TEST_F(SenderTest, ALiarIsDeferredThenServedAloneThenGivenUp) {
    make(closed_for(2));
    const auto honest = join("honest");
    const auto liar = join("liar");
    poll();
    for (int i = 0; i < 20 && state_of(liar) == MemberState::active; ++i) {
        const IntervalSet all = IntervalSet::range(0, 17);
        report(liar, {}, all);
        poll_after(milliseconds(50));
    }
    EXPECT_EQ(state_of(liar), MemberState::deferred);
    const auto sent = sender_->counters().symbols();
    EXPECT_LE(sent, layout_.symbol_count() * 3 / 2 + 4 * 16) << "half of it again, and two groups";
    report(liar, {}, IntervalSet::range(0, 17));
    nak(liar, 2, 0, 16);
    poll_after(milliseconds(50));
    EXPECT_EQ(sender_->counters().symbols(), sent) << "it has to wait";
    nak(honest, 2, 0, 2);
    EXPECT_EQ(rows(poll_after(milliseconds(5))).size(), 2u) << "the honest one has not";

    finish(honest);
    report(liar, {}, IntervalSet::range(5, 9));
    EXPECT_EQ(symbols(poll_after(milliseconds(50))).size(), 16u) << "now it is its turn";
    for (int i = 0; i < 200 && sender_->state() != SenderState::ended; ++i) {
        report(liar, {}, IntervalSet::range(0, 17));
        poll_after(milliseconds(50));
    }
    EXPECT_EQ(state_of(liar), MemberState::failed);
    EXPECT_EQ(sender_->state(), SenderState::ended);
    EXPECT_LE(sender_->counters().symbols(), 6 * layout_.symbol_count() + 8 * 16);
}

TEST_F(SenderTest, WhoSaysThatMulticastDoesNotReachItIsNotGivenUp) {
    make(closed_for(2));
    const auto stuck = join("stuck");
    const auto waiting = join("waiting");
    poll();
    sender_->take_events();
    for (int second = 0; second < 300; ++second) {
        report(stuck, {});
        MemberReport message;
        message.delivery = Delivery::waiting;
        message.delivery_why = "no multicast";
        message.highest_seen = 0;
        sender_->on_report(now_, waiting, message);
        poll_after(seconds(1));
        sender_->on_deadline(now_);
    }
    EXPECT_EQ(state_of(stuck), MemberState::failed);
    EXPECT_EQ(state_of(waiting), MemberState::active);
    int told = 0;
    for (const auto& event : sender_->take_events()) {
        const auto* change = std::get_if<DeliveryChanged>(&event);
        if (change == nullptr) continue;
        ++told;
        EXPECT_EQ(change->name, "waiting");
        EXPECT_EQ(change->why, "no multicast");
    }
    EXPECT_EQ(told, 1);
}

TEST_F(SenderTest, TheSameLossReportedTwiceIsChargedOnce) {
    make(closed_for(1));
    const auto a = join("a");
    poll();
    be_asked_for_reports();
    MemberReport message;
    message.missed = IntervalSet::range(1, 5);
    message.highest_seen = next_number_;
    for (int i = 0; i < 2; ++i) sender_->on_report(now_, a, message);
    EXPECT_EQ(sender_->membership().find(a)->symbols_caused, 16u);
}

TEST_F(SenderTest, CountsWhatItSends) {
    auto options = closed_for(1);
    make(options);
    const auto a = join("a");
    poll();
    nak(a, 1, 0, 2);
    poll_after(milliseconds(1));
    const auto& counters = sender_->counters();
    EXPECT_EQ(counters.naks_received, 1u);
    EXPECT_EQ(counters.nak_entries, 1u);
    EXPECT_EQ(counters.groups_repaired, 1u);
    EXPECT_EQ(counters.repair_symbols, 2u);
    EXPECT_EQ(counters.source_wire_bytes, layout_.symbol_count() * (42 + 16 + 4 + 16 + 16));
    EXPECT_EQ(counters.repair_wire_bytes, 2u * (42 + 16 + 12 + 16 + 16));
}

}  // namespace
}  // namespace muster::mcast
