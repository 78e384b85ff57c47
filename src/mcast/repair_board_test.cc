// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/repair_board.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/prng.h"
#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

Layout layout_of_groups(std::uint32_t groups) {
    return Layout::create({groups * 256ULL - 5, 40, 64, 16, 2}).value();
}

class Board : public testing::Test {
protected:
    // Sends everything that is pending; the row numbers of `group`, in order.
    std::vector<std::uint32_t> send_all(GroupId group) {
        std::vector<std::uint32_t> rows;
        while (board_.has_rows()) {
            const auto row = board_.next_rows(1).at(0);
            board_.on_row_sent(row);
            if (row.group == group) rows.push_back(row.row);
        }
        return rows;
    }

    const Layout layout_ = layout_of_groups(200);  // and the manifest's
    RepairBoard board_{layout_};
    const GroupId group_ = nth_group(layout_, 3);
};

TEST_F(Board, ARequestIsAnsweredUpToTheRowItAsksFor) {
    board_.on_sources_sent(group_, 100);
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 100}), 4u);
    EXPECT_EQ(send_all(group_), (std::vector<std::uint32_t>{0, 1, 2, 3}));
    EXPECT_EQ(board_.on_request({group_, 4, 1, 0, 110}), 1u);
    EXPECT_EQ(send_all(group_), (std::vector<std::uint32_t>{4}));
}

TEST_F(Board, TheSameRequestTwiceCostsNothing) {
    board_.on_sources_sent(group_, 100);
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 100}), 4u);
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 100}), 0u);
    EXPECT_EQ(send_all(group_).size(), 4u);
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 100}), 0u) << "late, and long answered";
    EXPECT_FALSE(board_.has_rows());
}

TEST_F(Board, RequestsMergeByTheirMaximum) {
    board_.on_sources_sent(group_, 100);
    EXPECT_EQ(board_.on_request({group_, 0, 3, 0, 100}), 3u);
    EXPECT_EQ(board_.on_request({group_, 0, 7, 0, 100}), 4u);
    EXPECT_EQ(board_.on_request({group_, 0, 5, 0, 100}), 0u);
    EXPECT_EQ(board_.target(group_), 7u);
}

TEST_F(Board, ALossyRequesterGetsWhatItWillLoseToo) {
    board_.on_sources_sent(group_, 100);
    EXPECT_EQ(board_.on_request({group_, 0, 8, 0.2, 100}), 10u);
    EXPECT_EQ(board_.on_request({group_, 0, 10, 0.2, 100}), 0u) << "10 are already promised";
}

TEST_F(Board, ANakFromBeforeTheSourcesWereSentAgainIsVoid) {
    board_.on_sources_sent(group_, 100);
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 99}), 0u);
    EXPECT_TRUE(board_.is_void(group_, 99));
    board_.on_request({group_, 0, 4, 0, 100});
    board_.on_sources_begun(group_);
    EXPECT_FALSE(board_.has_rows()) << "the sources are coming instead";
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 150}), 0u) << "while they are";
    board_.on_sources_sent(group_, 200);
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 150}), 0u);
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 200}), 4u);
}

TEST_F(Board, OneRequestIsNeverAnsweredByMoreThanTheGroupIsLong) {
    board_.on_sources_sent(group_, 100);
    const std::uint32_t symbols = layout_.symbols_in_group(group_);
    EXPECT_EQ(board_.on_request({group_, 0, 65535, 0, 100}), symbols);
    board_.on_satisfied(group_);
    board_.on_sources_sent(group_, 200);
    EXPECT_LE(board_.on_request({group_, ~0u, 65535, 5.0, 200}), 2 * symbols);
}

TEST_F(Board, ASatisfiedGroupIsForgotten) {
    board_.on_sources_sent(group_, 100);
    board_.on_request({group_, 0, 4, 0, 100});
    board_.on_satisfied(group_);
    EXPECT_FALSE(board_.has_rows());
    EXPECT_TRUE(board_.adverts().empty());
    EXPECT_EQ(board_.on_request({group_, 0, 4, 0, 100}), 0u);
}

TEST_F(Board, NoRowNumberIsEverUsedTwice) {
    Prng prng(3);
    std::map<std::uint32_t, std::set<std::uint32_t>> used;
    std::uint64_t packet = 0;
    for (int i = 0; i < 20'000; ++i) {
        const GroupId group = nth_group(layout_, static_cast<std::uint32_t>(prng.below(8)));
        ++packet;
        switch (prng.below(6)) {
            case 0: board_.on_sources_begun(group); break;
            case 1: board_.on_sources_sent(group, packet); break;
            case 2: board_.on_satisfied(group); break;
            case 3:
                board_.on_request({group, static_cast<std::uint32_t>(prng.below(60)),
                                   static_cast<std::uint32_t>(prng.below(30)), prng.uniform(),
                                   packet - prng.below(10)});
                break;
            default:
                for (const auto& row : board_.next_rows(2)) {
                    ASSERT_TRUE(used[row.group.start_block].insert(row.row).second)
                        << "row " << row.row << " of group " << row.group.start_block;
                    ASSERT_LT(row.row, board_.target(row.group));
                    board_.on_row_sent(row);
                }
        }
    }
    EXPECT_GT(used.size(), 6u);
}

TEST_F(Board, AdvertisesNewsFirstAndEverythingInTurn) {
    for (std::uint32_t g = 1; g <= 200; ++g) board_.on_sources_sent(nth_group(layout_, g), g);
    board_.on_request({nth_group(layout_, 5), 0, 3, 0, 300});
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 20; ++i) {
        const auto list = board_.adverts();
        ASSERT_EQ(list.size(), kMaxAdverts);
        std::set<std::uint32_t> now;
        for (const auto& advert : list) {
            now.insert(layout_.stretch_of(BlockIndex(advert.start_block)).value);
        }
        ASSERT_EQ(now.size(), kMaxAdverts) << "each at most once";
        EXPECT_TRUE(now.contains(200)) << "the one closed last";
        EXPECT_TRUE(now.contains(5)) << "the one with rows to come";
        seen.merge(now);
    }
    EXPECT_EQ(seen.size(), 200u);
}

TEST_F(Board, TheOldestRequestIsServedFirst) {
    board_.on_sources_sent(nth_group(layout_, 1), 1);
    board_.on_sources_sent(nth_group(layout_, 2), 2);
    board_.on_request({nth_group(layout_, 2), 0, 1, 0, 10});
    board_.on_request({nth_group(layout_, 1), 0, 1, 0, 10});
    const auto rows = board_.next_rows(5);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].group, nth_group(layout_, 2));
    EXPECT_EQ(rows[1].group, nth_group(layout_, 1));
}

}  // namespace
}  // namespace muster::mcast
