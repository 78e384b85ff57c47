// SPDX-License-Identifier: GPL-3.0-or-later
//
// posix_spawn and not fork: the agent has threads. Only the end of the output is kept, so that a
// tool that prints a progress bar cannot fill our memory.
#include "disk/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/check.h"
#include "disk/unique_fd.h"

namespace muster::disk {
namespace {

constexpr std::size_t kKeptOutputBytes = 64 * 1024;
constexpr std::size_t kLastLines = 3;
constexpr const char* kProgramDirectories[] = {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};

// Debian hides the sbin directories from ordinary users, so PATH is not asked.
std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    for (const char* directory : kProgramDirectories) {
        std::string path = directory + name;
        if (::access(path.c_str(), X_OK) == 0) return path;
    }
    return {};
}

Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& argv, int output) {
    std::vector<char*> arguments;
    for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    std::string locale = "LC_ALL=C";
    std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char* environment[] = {locale.data(), path.data(), nullptr};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t pid = -1;
    int failure =
        ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return error_from_errno(failure, "start " + program);
    return pid;
}

std::string read_end_of(int fd) {
    std::string text;
    char buffer[4096];
    for (;;) {
        ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > 2 * kKeptOutputBytes) text.erase(0, text.size() - kKeptOutputBytes);
    }
    if (text.size() > kKeptOutputBytes) text.erase(0, text.size() - kKeptOutputBytes);
    return text;
}

// The last lines that say something, joined into one.
std::string last_lines(const std::string& text) {
    std::vector<std::string> lines;
    std::string line;
    auto finish_line = [&] {
        if (line.find_first_not_of(" \t.*=-") != std::string::npos) lines.push_back(line);
        line.clear();
    };
    for (char c : text) {
        if (c == '\n' || c == '\r')
            finish_line();
        else
            line += c;
    }
    finish_line();
    std::string joined;
    std::size_t first = lines.size() > kLastLines ? lines.size() - kLastLines : 0;
    for (std::size_t i = first; i < lines.size(); ++i) {
        if (!joined.empty()) joined += " | ";
        joined += lines[i];
    }
    return joined.empty() ? "it printed nothing" : joined;
}

}  // namespace

Result<ProcessOutput> run_process_any_exit(const std::vector<std::string>& argv) {
    CHECK(!argv.empty());
    std::string program = find_program(argv[0]);
    if (program.empty()) {
        return Error(Errc::not_found, argv[0] + " is not installed on this computer");
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return error_from_errno(errno, "pipe for " + argv[0]);
    UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    pid_t pid = TRY(spawn(program, argv, writer.value()));
    writer.reset();
    ProcessOutput result;
    result.text = read_end_of(reader.value());
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return error_from_errno(errno, "wait for " + argv[0]);
    }
    if (WIFSIGNALED(status)) {
        return Error(Errc::io, argv[0] + " was killed by signal " +
                                   std::to_string(WTERMSIG(status)) + ": " +
                                   last_lines(result.text));
    }
    result.exit_code = WEXITSTATUS(status);
    return result;
}

Result<ProcessOutput> run_process(const std::vector<std::string>& argv) {
    ProcessOutput result = TRY(run_process_any_exit(argv));
    if (result.exit_code != 0) {
        return Error(Errc::io, argv[0] + " failed (exit " + std::to_string(result.exit_code) +
                                   "): " + last_lines(result.text));
    }
    return result;
}

}  // namespace muster::disk
