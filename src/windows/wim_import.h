// SPDX-License-Identifier: GPL-3.0-or-later
//
// From the file an administrator has to the form in which it is delivered: a pipable WIM without
// solid resources, metadata in front, every file's contents a resource of its own that says its
// SHA-1. Only that form can be applied while it arrives, in any order.
//
// A plain WIM is not compressed again: its compressed chunks are copied into the other framing
// (libwim would compress everything anew, minutes instead of seconds), and each is decompressed
// once to prove its SHA-1. A solid file (ESD) has to be taken apart, which libwim does; its
// contents become LZX.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "windows/wim_file.h"

namespace muster::windows {

// Both count everything that must be read, verification included, and bytes_total stays the same.
// Returning false cancels.
using ImportProgress = std::function<bool(std::uint64_t bytes_done, std::uint64_t bytes_total)>;

// Writes `destination` (which must not exist) with all images of `source`, synced to disk; the
// same plain WIM always gives the same bytes. On any error the destination is not left behind.
// Returns what inspect_wim says about the destination.
// Errors: those of inspect_wim; Errc::corrupt: integrity table or contents do not match;
// Errc::already_exists, no_space, io: the destination; Errc::cancelled.
Result<WimInfo> export_delivery_form(const std::string& source, const std::string& destination,
                                     const ImportProgress& progress = {});

}  // namespace muster::windows
