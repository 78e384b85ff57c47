// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/process.h"

#include <gtest/gtest.h>

namespace muster::disk {
namespace {

TEST(Process, KeepsWhatAProgramPrints) {
    auto ran = run_process({"sh", "-c", "echo out; echo err >&2"});
    ASSERT_TRUE(ran.ok()) << ran.error().message();
    EXPECT_EQ(ran->text, "out\nerr\n");
}

TEST(Process, TheLastLinesAreTheReason) {
    auto ran = run_process({"sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; exit 7"});
    ASSERT_FALSE(ran.ok());
    EXPECT_EQ(ran.error().message(), "sh failed (exit 7): line 3 | line 4 | line 5");
}

TEST(Process, ArgumentsReachTheProgramAsTheyAre) {
    auto ran = run_process({"printf", "%s|", "a b", "$(id)", "*"});
    ASSERT_TRUE(ran.ok());
    EXPECT_EQ(ran->text, "a b|$(id)|*|");
}

TEST(Process, AMissingProgramIsNamed) {
    auto ran = run_process({"mkfs.nothing"});
    ASSERT_FALSE(ran.ok());
    EXPECT_EQ(ran.error().code(), Errc::not_found);
    EXPECT_EQ(ran.error().message(), "mkfs.nothing is not installed on this computer");
}

TEST(Process, ASignalIsNotAnExitCode) {
    auto ran = run_process_any_exit({"sh", "-c", "kill -9 $$"});
    ASSERT_FALSE(ran.ok());
    EXPECT_NE(ran.error().message().find("killed by signal 9"), std::string::npos);
}

TEST(Process, OnlyTheEndOfLongOutputIsKept) {
    auto ran = run_process({"sh", "-c", "seq 1 100000"});
    ASSERT_TRUE(ran.ok());
    EXPECT_LE(ran->text.size(), 64u * 1024);
    EXPECT_EQ(ran->text.substr(ran->text.size() - 7), "100000\n");
}

}  // namespace
}  // namespace muster::disk
