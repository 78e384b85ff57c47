// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where a receiver keeps the image's blocks: a file with a journal beside it, a piece of a disk,
// or memory. Only verified blocks are ever given to it, by their index in the image. Used by one
// worker thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "content/block_set.h"
#include "content/manifest.h"

namespace muster::session {

class BlockStore {
public:
    virtual ~BlockStore() = default;
    // Blocks that are there: written now, or vouched for by the journal of an earlier run.
    virtual content::BlockSet have() const = 0;
    virtual Status write(std::uint32_t block, ByteSpan bytes) = 0;
    virtual Status read(std::uint32_t block, MutableByteSpan out) = 0;
    // Of these, the blocks only a journal vouches for: to be hashed before the image counts as
    // verified. Then on_proven(); those that were not as they should be are not there any more.
    virtual content::BlockSet unproven() const { return content::BlockSet(have().size()); }
    virtual void on_proven(const content::BlockSet&) {}
    // Every block was written: make it durable and give it its name. Again: nothing.
    virtual Status complete() = 0;
    virtual bool is_complete() const = 0;
};

// PATH.part, PATH.part.journal; complete() syncs, renames to PATH and removes the journal.
// Errc::already_exists: PATH is there. Errc::no_space with the numbers when it cannot fit. A
// journal of the same image is taken up again; what it does not vouch for is received anew.
Result<std::unique_ptr<BlockStore>> open_file_store(const std::string& path,
                                                    const content::Descriptor& image);

// Memory of this process without a name in any file system (memfd). fd() is readable like a file.
Result<std::unique_ptr<BlockStore>> open_memory_store(const content::Descriptor& image, int* fd);

// A block device of at least the image's size. Nothing is remembered from one run to the next. *fd
// is a descriptor for reading, owned by the store.
Result<std::unique_ptr<BlockStore>> open_device_store(const std::string& device,
                                                      const content::Descriptor& image, int* fd);

}  // namespace muster::session
