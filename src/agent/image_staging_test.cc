// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/image_staging.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

namespace muster::agent {
namespace {

TEST(ImageStaging, AnImageFitsOnlyBesideWhatTheAgentNeeds) {
    EXPECT_TRUE(fits_in_memory(100u << 20, 256u << 20));
    EXPECT_FALSE(fits_in_memory(200u << 20, 256u << 20));
    EXPECT_FALSE(fits_in_memory(1, kWorkingBytes));
    EXPECT_FALSE(fits_in_memory(~0ULL, ~0ULL));
}

TEST(ImageStaging, FeedsAllBytesInOrder) {
    const int memory = ::memfd_create("test", MFD_CLOEXEC);
    std::string text;
    for (int i = 0; i < 3'000'000; ++i) text += static_cast<char>(i * 7 + i / 1000);
    ASSERT_EQ(::write(memory, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::string read;
    std::thread reader([&] {
        char buffer[70'000];
        for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
            read.append(buffer, static_cast<std::size_t>(got));
        }
    });
    EXPECT_TRUE(feed_pipe(memory, text.size(), ends[1], StepGate()).ok());
    ::close(ends[1]);
    reader.join();
    ::close(ends[0]);
    EXPECT_EQ(read, text);
    int broken[2];
    ASSERT_EQ(::pipe2(broken, O_CLOEXEC), 0);
    ::close(broken[0]);
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_TRUE(feed_pipe(memory, text.size(), broken[1], StepGate()).ok())
        << "a reader with enough is no error";
    EXPECT_FALSE(feed_pipe(memory, text.size() + 1, ends[0], StepGate()).ok());
    ::close(broken[1]);
    ::close(memory);
}

TEST(ImageStaging, FeedsNothingMoreOnceTheStepIsStopped) {
    const int memory = ::memfd_create("test", MFD_CLOEXEC);
    ASSERT_EQ(::write(memory, "image", 5), 5);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    StepGate gate;
    gate.stop();
    EXPECT_EQ(feed_pipe(memory, 5, ends[1], gate).error().code(), Errc::cancelled);
    ::close(ends[1]);
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 0) << "something was written";
    ::close(ends[0]);
    ::close(memory);
}

}  // namespace
}  // namespace muster::agent
