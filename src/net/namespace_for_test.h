// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two network namespaces joined by a veth pair, for tests of sockets: "left" and "right", on
// 10.77.0.1 and 10.77.0.2, fd77::1 and fd77::2. They have no name and live as long as this object;
// a test that crashes leaves nothing behind. Needs root.
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
#include <thread>
#include <vector>

#include "net/fd.h"
#include "net/interface.h"
#include "net/monotonic.h"

namespace muster::net {

class VethPair {
public:
    // Waiting for the link takes a second; only what sends needs it.
    enum class Link { awaited, whatever };
    explicit VethPair(Link link = Link::awaited) : home_(open_own()) {
        enter_new(left_);
        enter_new(right_);
        enter(left_);
        run("ip link add left type veth peer name right netns /proc/" + std::to_string(::getpid()) +
            "/fd/" + std::to_string(right_.value()));
        set_up("left", "1");
        enter(right_);
        set_up("right", "2");
        if (link == Link::awaited) wait_for_link("right");
        enter(left_);
        if (link == Link::awaited) wait_for_link("left");
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
    static void set_up(const std::string& name, const std::string& number) {
        run("ip address add 10.77.0." + number + "/24 dev " + name);
        run("ip address add fd77::" + number + "/64 dev " + name + " nodad");
        run("ip link set " + name + " up");
        run("ip link set lo up");
    }
    // Until the kernel's link watcher has been here, an interface drops what it is to send without
    // a word. It works under the lock that the last command also needs.
    static void wait_for_link(const std::string& name) {
        const auto limit = monotonic_now() + std::chrono::seconds(30);
        for (bool running = false; !running;) {
            const auto interface = find_interface(name);
            ASSERT_TRUE(interface.ok()) << interface.error().message();
            ASSERT_LT(monotonic_now(), limit) << name << " has no link";
            running = interface->running;
            if (!running) std::this_thread::yield();
        }
        run("ip link set " + name + " up");
    }
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
