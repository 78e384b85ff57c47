// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a receiver writes beside a half-received image, so that after a crash it goes on instead of
// starting over: a header that names the image, then a record for every run of verified blocks.
// Only ever appended to. A crash in the middle of a record leaves all earlier ones good: each has
// its own checksum, and reading ends at the first that does not fit. After a power failure a record
// may be there whose blocks are not: whoever takes a journal up again hashes what it vouches for.
//
// In network order. A checksum is the first 8 bytes of SHA-256 over what stands before it in its
// header or record, preceded by one byte: 0x10 for the header, 0x11 for a record.
//     header, 60 bytes:   0  magic "MSTJ"        8  image_bytes u64    20  root, 32 bytes
//                         4  version u16 = 1    16  block_bytes u32    52  checksum u64
//                         6  zero u16
//     record, 16 bytes:   0  first block u32     4  end block u32 (one past the last)
//                         8  checksum u64
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/interval_set.h"
#include "base/result.h"
#include "content/manifest.h"

namespace muster::content {

inline constexpr std::size_t kJournalHeaderBytes = 60;
inline constexpr std::size_t kJournalRecordBytes = 16;

using JournalHeader = std::array<std::byte, kJournalHeaderBytes>;
using JournalRecord = std::array<std::byte, kJournalRecordBytes>;

// What a journal says, and the functions that write and read one.
struct Journal {
    IntervalSet blocks;  // all of them indices of the image
    // Where the good part ends. Cut the file here before appending: what stands behind a bad
    // record is never read.
    std::size_t valid_bytes = 0;
    // Why reading ended before the end of the file; empty when it did not.
    std::string damage;

    static JournalHeader encode_header(const Descriptor& descriptor);
    // Blocks [begin, end), begin < end.
    static JournalRecord encode_record(std::uint32_t begin, std::uint32_t end);
    // Errc::corrupt: the header is cut off or damaged, or belongs to another image (both are
    // named). Errc::version_mismatch: written by another version. Errc::invalid_argument: the
    // descriptor itself is impossible. Bad records are no error, but `damage`.
    static Result<Journal> decode(ByteSpan encoded, const Descriptor& expected);
};

}  // namespace muster::content
