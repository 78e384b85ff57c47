// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/port_rate.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

// A port with a queue of 256 KiB, sent to at the rate that PortRate says.
struct Port {
    void run(PortRate& rate, double seconds) {
        for (double t = 0; t < seconds; t += 0.1) {
            const double sent = std::min(rate.bits_per_second(), available) * 0.1 * (1 - loss);
            const double through = std::min(sent + queued, carries * 0.1);
            queued = sent + queued - through;
            const double dropped = std::max(0.0, queued - 256 * 1024 * 8);
            queued -= dropped;
            dropped_bits += dropped;
            through_bits += through;
            ReceptionInterval told;
            told.length = std::chrono::milliseconds(100);
            told.received = static_cast<std::uint64_t>(through / 11888);
            const double lost = dropped + sent * loss / (1 - loss);
            told.lost = static_cast<std::uint64_t>(lost / 11888);
            told.wire_bytes = static_cast<std::uint64_t>(through / 8);
            rate.on_interval(told, from_seconds(queued / carries));
        }
    }
    double carries;
    double loss = 0;
    double available = 1e12;
    double queued = 0;
    double dropped_bits = 0;
    double through_bits = 0;
};

TEST(PortRate, BeginsBelowWhatWasMeasured) {
    EXPECT_NEAR(PortRate(20e6).bits_per_second(), 19e6, 1);
}

TEST(PortRate, UsesMoreThan97PercentOfThePortAndDropsNothing) {
    PortRate rate(20e6);
    Port port{20e6};
    port.run(rate, 60);
    EXPECT_GT(port.through_bits / (20e6 * 60), 0.97);
    EXPECT_EQ(port.dropped_bits, 0);
}

TEST(PortRate, FindsThePortWhenTheMeasureWasTooHigh) {
    PortRate rate(40e6);
    Port port{20e6};
    port.run(rate, 5);
    port.dropped_bits = port.through_bits = 0;
    port.run(rate, 60);
    EXPECT_GT(port.through_bits / (20e6 * 60), 0.95);
    EXPECT_EQ(port.dropped_bits, 0);
}

TEST(PortRate, FindsThePortWhenTheMeasureWasTooLow) {
    PortRate rate(10e6);
    Port port{20e6};
    port.run(rate, 40);
    EXPECT_GT(rate.bits_per_second(), 18e6);
}

TEST(PortRate, LossThatDoesNotAnswerToTheRateDoesNotLowerIt) {
    PortRate rate(20e6);
    Port port{20e6, 0.1};
    port.run(rate, 60);
    EXPECT_GT(rate.bits_per_second(), 18.9e6);
}

TEST(PortRate, DoesNotGrowWhileItIsNotUsed) {
    PortRate rate(20e6);
    Port port{20e6};
    port.available = 5e6;
    port.run(rate, 60);
    EXPECT_NEAR(rate.bits_per_second(), 19e6, 1);
}

}  // namespace
}  // namespace muster::mcast
