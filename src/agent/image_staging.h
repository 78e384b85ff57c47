// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where a real computer has room for an image before it is applied: in memory when it fits beside
// everything else the agent needs, else in a partition at the end of its own disk, which is
// removed and given to Windows afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/step_gate.h"
#include "base/result.h"
#include "content/manifest.h"
#include "session/block_store.h"

namespace muster::agent {

// What the agent keeps for itself: groups under repair, libwim's tables, its own code.
inline constexpr std::uint64_t kWorkingBytes = 96u << 20;

inline bool fits_in_memory(std::uint64_t image_bytes, std::uint64_t memory_bytes) {
    return memory_bytes > kWorkingBytes && image_bytes <= memory_bytes - kWorkingBytes;
}

// The place for the image of one apply step: memory when `staging_device` is empty. *fd is a
// descriptor for reading, owned by the store.
Result<std::unique_ptr<session::BlockStore>> open_staging(const std::string& staging_device,
                                                          const content::Descriptor& image,
                                                          int* fd);

// Writes the first `bytes` of `fd` to the pipe, in order. Ends quietly when the reader has enough.
// Errc::cancelled: the gate was stopped.
Status feed_pipe(int fd, std::uint64_t bytes, int pipe_fd, const StepGate& gate);

}  // namespace muster::agent
