// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/symbol_probe.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;

TimePoint at(int ms) { return TimePoint(milliseconds(ms)); }

std::vector<std::uint16_t> all_due(SymbolProbe& probe, TimePoint now) {
    std::vector<std::uint16_t> sizes;
    while (auto size = probe.poll(now)) sizes.push_back(*size);
    return sizes;
}

using Sizes = std::vector<std::uint16_t>;

TEST(SymbolProbe, sizes_fit_the_usual_mtus) {
    EXPECT_EQ(largest_symbol(9000, false), 8192);
    EXPECT_EQ(largest_symbol(9000, true), 8192);
    EXPECT_EQ(largest_symbol(1500, false), 1408);
    EXPECT_EQ(largest_symbol(1500, true), 1408);
    EXPECT_EQ(largest_symbol(1499, true), 1024);
    EXPECT_EQ(largest_symbol(1480, false), 1408);
    EXPECT_EQ(largest_symbol(1280, true), 1024);
    EXPECT_EQ(largest_symbol(600, false), 1024);
    for (auto size : kSymbolSizes) EXPECT_EQ(LayoutOptions().block_bytes % size, 0u);
}

TEST(SymbolProbe, a_join_begins_three_ladders_largest_first) {
    SymbolProbe probe(8192);
    EXPECT_FALSE(probe.next_deadline().has_value());
    probe.on_joined(at(100), MemberNumber(1));
    EXPECT_EQ(probe.next_deadline(), at(100));
    const Sizes ladder{8192, 1408, 1024};
    for (int round = 0; round < 3; ++round) {
        const auto now = at(100 + 25 * round);
        EXPECT_EQ(all_due(probe, now), ladder);
        EXPECT_TRUE(all_due(probe, now + milliseconds(24)).empty());
    }
    EXPECT_FALSE(probe.next_deadline().has_value());
}

TEST(SymbolProbe, those_who_join_together_share_the_ladders) {
    SymbolProbe probe(1408);
    int sent = 0;
    for (int ms = 0; ms < 100; ++ms) {
        probe.on_joined(at(ms), MemberNumber(static_cast<std::uint32_t>(ms)));
        sent += static_cast<int>(all_due(probe, at(ms)).size());
    }
    EXPECT_EQ(sent, 8);  // four rounds of two
}

TEST(SymbolProbe, chooses_what_all_who_answered_can_take) {
    SymbolProbe probe(8192);
    EXPECT_EQ(probe.choose(), 1408);
    for (std::uint32_t n = 1; n <= 3; ++n) probe.on_joined(at(0), MemberNumber(n));
    probe.on_answer(MemberNumber(1), 1408);
    probe.on_answer(MemberNumber(1), 8192);
    EXPECT_EQ(probe.choose(), 8192);
    EXPECT_FALSE(probe.all_have_answered());
    probe.on_answer(MemberNumber(2), 1024);
    EXPECT_EQ(probe.choose(), 1024);
    probe.on_gone(MemberNumber(2));
    probe.on_answer(MemberNumber(3), 8192);
    EXPECT_TRUE(probe.all_have_answered());
    EXPECT_EQ(probe.choose(), 8192);
}

TEST(SymbolProbe, never_chooses_what_the_senders_interface_cannot_carry) {
    SymbolProbe probe(1024);
    EXPECT_EQ(probe.choose(), 1024);
    probe.on_joined(at(0), MemberNumber(1));
    EXPECT_EQ(all_due(probe, at(0)), (Sizes{1024}));
    probe.on_answer(MemberNumber(1), 8192);  // a liar
    EXPECT_EQ(probe.choose(), 1024);
}

TEST(SymbolProbe, answers_that_are_no_size_or_of_nobody_are_ignored) {
    SymbolProbe probe(8192);
    probe.on_joined(at(0), MemberNumber(1));
    probe.on_answer(MemberNumber(1), 77);
    probe.on_answer(MemberNumber(9), 1024);
    EXPECT_FALSE(probe.all_have_answered());
    EXPECT_EQ(probe.choose(), 1408);
}

TEST(SymbolProbe, at_the_start_it_asks_again_only_when_somebody_has_not_answered) {
    SymbolProbe probe(1408);
    probe.on_joined(at(0), MemberNumber(1));
    for (int ms = 0; ms < 200; ++ms) all_due(probe, at(ms));
    probe.on_start(at(300));
    EXPECT_EQ(probe.next_deadline(), at(300));
    for (int ms = 300; ms < 500; ++ms) all_due(probe, at(ms));
    probe.on_answer(MemberNumber(1), 1408);
    probe.on_start(at(600));
    EXPECT_FALSE(probe.next_deadline().has_value());
}

}  // namespace
}  // namespace muster::mcast
