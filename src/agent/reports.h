// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a run of a task sequence tells about itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace muster::agent {

struct StepReport {
    std::size_t index = 0;
    std::string name;
    std::string outcome;  // "started", "succeeded", "failed"
    std::string message;
};

struct ProgressReport {
    std::string stage;
    bool paused = false;
    double progress = 0;
    double rate_bytes_per_second = 0;
    std::uint32_t missing_blocks = 0;
    std::uint64_t blocks_received = 0;
    std::uint64_t blocks_repaired = 0;
    std::uint64_t unicast_bytes = 0;
    double loss = 0;
    double seconds = 0;
    std::string message;
};

}  // namespace muster::agent
