// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/step_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace muster::agent {
namespace {

TEST(StepGate, LetsPassUntilItIsStopped) {
    StepGate gate;
    EXPECT_TRUE(gate.pass());
    gate.stop();
    EXPECT_FALSE(gate.pass());
    gate.reset(false);
    EXPECT_TRUE(gate.pass()) << "new work begins";
}

TEST(StepGate, NeitherHoldNorReleaseTakesAStopBack) {
    StepGate gate;
    gate.stop();
    gate.hold();
    EXPECT_FALSE(gate.pass());
    gate.release();
    EXPECT_FALSE(gate.pass());
}

TEST(StepGate, WhoIsHeldGoesOnWhenReleasedAndEndsWhenStopped) {
    for (const bool released : {true, false}) {
        StepGate gate;
        gate.reset(true);
        std::atomic<bool> decided = false;
        bool passed = !released;
        std::thread worker([&] {
            passed = gate.pass();
            EXPECT_TRUE(decided) << "it did not wait";
        });
        decided = true;
        if (released) {
            gate.release();
        } else {
            gate.stop();
        }
        worker.join();
        EXPECT_EQ(passed, released);
    }
}

}  // namespace
}  // namespace muster::agent
