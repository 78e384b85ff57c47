// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.h"

namespace muster::store {

// Writes these blocks of `from` over those of `to`, in place, and syncs; readers of the others do
// not notice. Blocks until done: for a worker. Errc::not_found, no_space, io; corrupt: `from` is
// too short.
Status copy_blocks(const std::filesystem::path& from, const std::filesystem::path& to,
                   std::span<const std::uint32_t> blocks, std::uint32_t block_bytes);

}  // namespace muster::store
