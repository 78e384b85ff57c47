// SPDX-License-Identifier: GPL-3.0-or-later
//
// From the staged image to a verified volume: apply through a pipe, keep the metadata, give the
// staging partition to Windows, and read everything back. Blocks; for a worker. The gate is asked
// all the time; changing the partition table alone is not interrupted.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/step_gate.h"
#include "base/result.h"
#include "disk/partition.h"
#include "session/block_store.h"

namespace muster::agent {

struct ApplyJob {
    disk::PartitionedDisk disk;
    int index = 1;
    // The staged image; freed as soon as nothing of it is needed any more.
    std::unique_ptr<session::BlockStore> staged;
    int staged_fd = -1;  // of `staged`
    std::uint64_t image_bytes = 0;
    std::string work_folder;
    const StepGate* gate = nullptr;
    std::function<void(const std::string& stage, double fraction)> on_progress;
};

// What was verified, as one sentence for people. Errc::cancelled: the gate was stopped; as after
// every error, the volume is incomplete.
Result<std::string> apply_and_verify(ApplyJob& job);

}  // namespace muster::agent
