// SPDX-License-Identifier: GPL-3.0-or-later
//
// For tests only: work in a child process that is killed before its Nth system call (ptrace), so
// that a test can crash a program at every point where the disk may have changed; and work in a
// small file system of its own (tmpfs in a private mount namespace), which goes with the child.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace muster::store {

struct CrashOutcome {
    bool finished = false;  // the work ended before its Nth system call
    std::string told;       // what it reported before
    std::string problem;    // ptrace is not possible here
};

// `work` gets a function by which it reports; what it has reported outlives the crash.
using Tell = std::function<void(char)>;
CrashOutcome crash_at_system_call(int number, const std::function<void(const Tell&)>& work);

// Runs `work` in a child on an empty tmpfs of `bytes`. `work` returns "" or what went wrong.
// "skip: ..." when this user may not mount.
std::string on_small_disk(std::size_t bytes,
                          const std::function<std::string(const std::filesystem::path&)>& work);

// A folder of its own under the temporary directory, removed with the object.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace muster::store
