// SPDX-License-Identifier: GPL-3.0-or-later
//
// Making a file system is a program's work (mkntfs, mkfs.fat, ntfsresize). It is started with an
// argument list, never through a shell, with the C locale, no input, and both outputs in one pipe;
// when it fails, its last lines are the reason a person is told.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace muster::disk {

struct ProcessOutput {
    int exit_code = 0;
    std::string text;  // what it printed, both outputs in order; the last 64 KiB of it
};

// Runs argv[0] (searched in the system's program directories) to its end. A program that ran
// gives its exit code, whatever it is. Errc::not_found: the program is not installed; Errc::io: it
// could not be started or was killed by a signal.
Result<ProcessOutput> run_process_any_exit(const std::vector<std::string>& argv);

// The same, and an exit code other than 0 is Errc::io: "mkntfs failed (exit 1): LAST LINES".
Result<ProcessOutput> run_process(const std::vector<std::string>& argv);

}  // namespace muster::disk
