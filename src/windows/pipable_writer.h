// SPDX-License-Identifier: GPL-3.0-or-later
//
// Copies the resources of a plain WIM into a pipable one without compressing anything. The two
// differ only in framing: a plain resource is a table of chunk offsets and then the chunks; a
// pipable one is a header with its SHA-1, then each chunk behind its length, then the table.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "windows/file.h"
#include "windows/wim_format.h"

namespace muster::windows {

struct PipableSource {
    const InputFile* file = nullptr;
    WimHeader header;
    int compression_type = 0;         // libwim's number
    Bytes xml;                        // as in the file
    std::vector<BlobEntry> metadata;  // in the order of the images
    std::vector<BlobEntry> contents;  // in the order of the file, for one pass over the disk
};

// Called with the bytes of the source that were copied since the last call; false cancels.
using CopyProgress = std::function<bool(std::uint64_t bytes)>;

// The whole file but the commit. Every resource's SHA-1 is verified on the way: Errc::corrupt.
Status write_pipable(const PipableSource& source, OutputFile& out, const CopyProgress& progress);

}  // namespace muster::windows
