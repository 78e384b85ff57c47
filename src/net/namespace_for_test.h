// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two network namespaces joined by a veth pair, for tests of sockets: "left" and "right", on
// 10.77.0.1 and 10.77.0.2. They have no name and live as long as this object; a test that crashes
// leaves nothing behind. Needs root.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "net/fd.h"

namespace muster::net {

class VethPair {
public:
    VethPair() : home_(open_own()) {
        enter_new(left_);
        enter_new(right_);
        enter(left_);
        run("ip link add left type veth peer name right netns /proc/" + std::to_string(::getpid()) +
            "/fd/" + std::to_string(right_.value()));
        run("ip address add 10.77.0.1/24 dev left");
        run("ip link set left up");
        run("ip link set lo up");
        enter(right_);
        run("ip address add 10.77.0.2/24 dev right");
        run("ip link set right up");
        run("ip link set lo up");
        enter(left_);
    }
    ~VethPair() { enter(home_); }

    void enter_left() { enter(left_); }
    void enter_right() { enter(right_); }
    // A program and its arguments, separated by spaces; fails the test when it fails.
    static void run(const std::string& command) {
        std::istringstream in(command);
        std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        pid_t child = 0;
        ASSERT_EQ(::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ),
                  0)
            << command;
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_EQ(status, 0) << command;
    }

private:
    // The namespace of this thread; the programs it starts inherit it.
    static UniqueFd open_own() {
        return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    }
    static void enter_new(UniqueFd& out) {
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << "network namespaces need root";
        // Without O_CLOEXEC: ip reaches it through /proc/PID/fd of this process.
        out = UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY));
    }
    static void enter(const UniqueFd& space) { ASSERT_EQ(::setns(space.value(), CLONE_NEWNET), 0); }
    UniqueFd home_;
    UniqueFd left_;
    UniqueFd right_;
};

}  // namespace muster::net
