// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/log_tap.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <vector>

namespace muster::agent {
namespace {

TEST(LogTap, GivesLinesFromInfoUpwardsUntilItIsGone) {
    std::vector<std::string> heard;
    {
        LogTap tap([&](std::string_view level, std::string text) {
            heard.push_back(std::string(level) + ": " + text);
        });
        spdlog::debug("not this");
        spdlog::info("step {}", 2);
        spdlog::warn("cable out");
    }
    spdlog::info("nobody listens");
    EXPECT_EQ(heard, (std::vector<std::string>{"info: step 2", "warning: cable out"}));
}

}  // namespace
}  // namespace muster::agent
