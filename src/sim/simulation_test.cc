// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/simulation.h"

#include <gtest/gtest.h>

namespace muster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SimulationOptions small_session(std::uint64_t seed, std::uint32_t guests, double loss) {
    SimulationOptions options;
    options.seed = seed;
    options.block_bytes = 512;
    options.symbol_bytes = 64;
    options.stretch_blocks_log2 = 3;
    options.image_bytes = 40'000;
    options.sender.rate_bits_per_second = 10'000'000;
    options.sender.start = {guests, seconds(5), false};
    options.guests.resize(guests);
    for (auto& guest : options.guests) guest.down.loss = guest.up.loss = loss;
    return options;
}

TEST(EventQueue, RunsInTheOrderOfTimeThenOfScheduling) {
    EventQueue queue(TimePoint(seconds(5)));
    std::string order;
    queue.after(milliseconds(2), [&] { order += 'c'; });
    queue.after(milliseconds(1), [&] {
        order += 'a';
        queue.at(TimePoint{}, [&] { order += 'b'; });  // past: at once
    });
    queue.after(milliseconds(2), [&] { order += 'd'; });
    queue.after(seconds(9), [&] { order += 'e'; });
    while (queue.run_one(TimePoint(seconds(6)))) {
    }
    EXPECT_EQ(order, "abcd");
    EXPECT_EQ(queue.now(), TimePoint(seconds(5)) + milliseconds(2));
}

TEST(Simulation, ASoundNetworkCarriesEverySymbolOnce) {
    const RunReport report = simulate(small_session(1, 3, 0));
    EXPECT_TRUE(report.all_complete());
    EXPECT_TRUE(report.violations.empty());
    EXPECT_EQ(report.sent.source_symbols, report.source_symbols);
    EXPECT_EQ(report.sent.repair_symbols, 0u);
    EXPECT_EQ(report.nak_entries, 0u);
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
    auto options = small_session(7, 5, 0.1);
    options.guests[1].down.jitter = milliseconds(3);
    options.guests[2].outages.push_back({milliseconds(110), milliseconds(50), true, 3});
    options.forger = {200, true, 100};
    options.server_outages.push_back({milliseconds(130), milliseconds(100)});
    options.partitions.push_back({milliseconds(300), milliseconds(90), {0, 3}, true, true});
    options.faults_end = seconds(1);
    const RunReport first = simulate(options);
    const RunReport second = simulate(options);
    EXPECT_EQ(summary(first), summary(second));
    EXPECT_EQ(details(first), details(second));
    EXPECT_TRUE(first.all_complete());
    options.seed = 8;
    EXPECT_NE(details(first), details(simulate(options)));
}

TEST(Simulation, IdentitiesBehaveAsBytesDo) {
    auto options = small_session(3, 8, 0.1);
    options.image_bytes = 400'000;
    const RunReport bytes = simulate(options);
    options.payload = PayloadMode::identity;
    const RunReport identities = simulate(options);
    EXPECT_TRUE(bytes.all_complete());
    EXPECT_TRUE(identities.all_complete());
    EXPECT_NEAR(bytes.symbols_per_source(), identities.symbols_per_source(), 0.03);
}

TEST(Simulation, ACrashedComputerReturnsWithWhatItHadStored) {
    auto options = small_session(5, 2, 0.02);
    options.guests[0].outages.push_back({milliseconds(130), milliseconds(40), true, 2});
    const RunReport report = simulate(options);
    EXPECT_TRUE(report.all_complete());
    EXPECT_TRUE(report.violations.empty());
    EXPECT_EQ(report.outcomes[0].lives, 2u);
    EXPECT_EQ(report.outcomes[1].lives, 1u);
}

TEST(Simulation, WhoNeverHearsAnythingIsNotCalledComplete) {
    auto options = small_session(5, 2, 0);
    options.guests[0].down.loss = 0.999999;
    options.guests[0].down.mean_burst = 1e9;
    options.limit = seconds(30);
    const RunReport report = simulate(options);
    EXPECT_FALSE(report.all_complete());
    EXPECT_FALSE(report.outcomes[0].complete);
    EXPECT_TRUE(report.outcomes[1].complete);
}

TEST(Simulation, EverybodyComesBackToAServerThatWasKilled) {
    auto options = small_session(3, 4, 0.02);
    options.server_outages.push_back({milliseconds(120), milliseconds(300)});
    const RunReport report = simulate(options);
    EXPECT_TRUE(report.all_complete());
    EXPECT_TRUE(report.violations.empty());
    EXPECT_EQ(report.server_runs, 2u);
    EXPECT_GT(report.duration, milliseconds(420));
}

TEST(Simulation, AShortPartitionHoldsWhatIsSaidAndALongOneEndsTheConnection) {
    auto options = small_session(4, 3, 0);
    options.control_timeout = milliseconds(200);
    for (const auto lasts : {milliseconds(100), milliseconds(900)}) {
        options.partitions = {{milliseconds(110), lasts, {1}, true, false}};
        const RunReport report = simulate(options);
        EXPECT_TRUE(report.all_complete());
        EXPECT_TRUE(report.violations.empty());
        EXPECT_LT(report.outcomes[0].completed_at, report.outcomes[1].completed_at);
        EXPECT_GT(report.outcomes[1].completed_at, milliseconds(110) + lasts);
    }
}

TEST(Simulation, AServerWithoutACarrierSendsNothing) {
    auto options = small_session(5, 3, 0);
    options.partitions = {{milliseconds(110), seconds(30), {}, false, false}};
    const RunReport report = simulate(options);
    EXPECT_TRUE(report.all_complete());
    EXPECT_LE(report.sent.source_symbols, report.source_symbols * 3 / 2);
    EXPECT_GT(report.duration, seconds(30));
}

TEST(Simulation, AComputerThatSleptGoesOnWithItsOwnClock) {
    auto options = small_session(6, 2, 0.05);
    options.partitions = {{milliseconds(110), seconds(3), {1}, true, true}};
    const RunReport report = simulate(options);
    EXPECT_TRUE(report.all_complete());
    EXPECT_TRUE(report.violations.empty());
    EXPECT_GT(report.outcomes[1].completed_at, milliseconds(3110));
}

TEST(Simulation, ReplayedDatagramsChangeNothing) {
    auto options = small_session(8, 3, 0.05);
    options.forger.replays_per_second = 2000;
    options.faults_end = seconds(2);
    const RunReport report = simulate(options);
    EXPECT_TRUE(report.all_complete());
    EXPECT_TRUE(report.violations.empty());
}

}  // namespace
}  // namespace muster::sim
