// SPDX-License-Identifier: GPL-3.0-or-later
//
// The manifest of an image file, read once from its start to its end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"
#include "content/manifest.h"

namespace muster::store {

// Called after every few MiB; an error it returns stops the work and is handed on.
using HashProgress = std::function<Status(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

// Blocks until done: for a worker. Memory: one buffer, and 32 bytes a block.
// Errc::not_found, permission_denied, io; invalid_argument: no regular file, or an empty one;
// corrupt: the file changed its size while it was read.
Result<content::Manifest> hash_file(const std::filesystem::path& path,
                                    const HashProgress& progress = {},
                                    std::uint32_t block_bytes = content::kBlockBytes);

}  // namespace muster::store
