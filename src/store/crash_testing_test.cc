// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "store/crash_testing.h"

namespace muster::store {

namespace {

std::string read_all(int fd) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
}

[[noreturn]] void traced_child(int pipe_fd, const std::function<void(const Tell&)>& work) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(99);
    ::raise(SIGSTOP);
    work([pipe_fd](char mark) {
        if (::write(pipe_fd, &mark, 1) != 1) ::_exit(98);
    });
    ::_exit(0);
}

// True when the child ended by itself before its Nth system call.
bool drive(pid_t child, int number) {
    int status = 0;
    int seen = 0;
    bool entering = true;
    ::waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) return true;
    ::ptrace(PTRACE_SETOPTIONS, child, nullptr,
             reinterpret_cast<void*>(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    long signal_to_pass = 0;
    for (;;) {
        ::ptrace(PTRACE_SYSCALL, child, nullptr, reinterpret_cast<void*>(signal_to_pass));
        ::waitpid(child, &status, 0);
        if (!WIFSTOPPED(status)) return true;
        signal_to_pass = 0;
        if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
            signal_to_pass = WSTOPSIG(status);
            continue;
        }
        if (entering && ++seen == number) break;
        entering = !entering;
    }
    ::kill(child, SIGKILL);
    while (::waitpid(child, &status, 0) == child && !WIFSIGNALED(status) && !WIFEXITED(status)) {
    }
    return false;
}

}  // namespace

CrashOutcome crash_at_system_call(int number, const std::function<void(const Tell&)>& work) {
    int ends[2] = {-1, -1};
    CrashOutcome outcome;
    if (::pipe2(ends, O_CLOEXEC) != 0) return {false, "", std::strerror(errno)};
    const pid_t child = ::fork();
    if (child == 0) traced_child(ends[1], work);
    ::close(ends[1]);
    if (child < 0) {
        outcome.problem = std::strerror(errno);
    } else {
        outcome.finished = drive(child, number);
        outcome.told = read_all(ends[0]);
    }
    ::close(ends[0]);
    return outcome;
}

std::string on_small_disk(std::size_t bytes,
                          const std::function<std::string(const std::filesystem::path&)>& work) {
    ScratchFolder mount_point;
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return std::strerror(errno);
    const pid_t child = ::fork();
    if (child < 0) return std::strerror(errno);
    if (child == 0) {
        const std::string options = "size=" + std::to_string(bytes);
        std::string answer;
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("muster-test", mount_point.path().c_str(), "tmpfs", 0, options.c_str()) != 0) {
            answer = std::string("skip: mount: ") + std::strerror(errno);
        } else {
            answer = work(mount_point.path());
        }
        const bool told =
            ::write(ends[1], answer.data(), answer.size()) == static_cast<ssize_t>(answer.size());
        ::_exit(told ? 0 : 1);
    }
    ::close(ends[1]);
    std::string answer = read_all(ends[0]);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) answer += "; the child crashed";
    return answer;
}

ScratchFolder::ScratchFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "muster-store-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

namespace {

TEST(CrashTestingTest, AChildIsKilledWhereAskedAndItsReportsOutliveIt) {
    const auto work = [](const Tell& tell) {
        for (char mark : {'a', 'b', 'c'}) tell(mark);
    };
    auto whole = crash_at_system_call(100'000, work);
    EXPECT_TRUE(whole.finished);
    EXPECT_EQ(whole.told, "abc");
    bool cut = false;
    for (int number = 1; number < 50; ++number) {
        auto outcome = crash_at_system_call(number, work);
        if (outcome.finished) break;
        cut = cut || (!outcome.told.empty() && outcome.told.size() < 3);
        EXPECT_TRUE(std::string("abc").starts_with(outcome.told));
    }
    EXPECT_TRUE(cut);
}

}  // namespace
}  // namespace muster::store
