// SPDX-License-Identifier: GPL-3.0-or-later
//
// Images on the server's disk, each under the root hash of its manifest. Either all of an image is
// there or nothing: it is made in a staging folder of the same file system, written through to the
// disk, and appears by one rename. What a crash leaves in staging goes at the next start.
//
//     FOLDER/lock                      held while a server uses the folder
//     FOLDER/content/ROOT/manifest     as content::Manifest::encode() gives it
//     FOLDER/content/ROOT/image.wim    the bytes that are sent
//     FOLDER/staging/...               additions and removals under way
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "content/manifest.h"
#include "store/files.h"

namespace muster::store {

inline constexpr std::string_view kImageFileName = "image.wim";
inline constexpr std::string_view kManifestFileName = "manifest";

// A folder for files on their way in. Removed with all in it when the object goes, unless it was
// committed.
class PendingContent {
public:
    ~PendingContent();
    PendingContent(PendingContent&& other) noexcept;
    PendingContent& operator=(PendingContent&& other) noexcept;
    const std::filesystem::path& folder() const { return folder_; }

private:
    friend class ContentStore;
    explicit PendingContent(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path folder_;  // empty: nothing to remove
};

struct StoredContent {
    std::string id;  // 64 lower-case hexadecimal digits
    std::filesystem::path image_path;
    std::filesystem::path manifest_path;
    std::uint64_t image_bytes = 0;
};

// Functions may be called from any thread; the caller sees to it that nobody removes what another
// is reading.
class ContentStore {
public:
    // Makes the folder when it is not there (its parent must be). Errc::busy: another process has
    // it open (its id is named).
    static Result<ContentStore> open(const std::filesystem::path& folder);

    Result<PendingContent> begin_add();
    // Takes "manifest" and the image file over under `content_id`. Content that is there already
    // is kept and returned. Errc::corrupt: the manifest does not fit the id or the image's size.
    // Errc::invalid_argument: files missing, or others in the folder. Errc::no_space, io: the disk
    // did not take it; nothing was added.
    Result<StoredContent> commit(PendingContent pending, std::string_view content_id,
                                 std::string_view image_file_name = kImageFileName);

    // Errc::not_found; corrupt: a file of it is missing.
    Result<StoredContent> find(std::string_view content_id) const;
    Result<std::vector<StoredContent>> list() const;  // by id
    // Errc::not_found. Gone for good when it returns; readers with open files go on reading.
    Status remove(std::string_view content_id);

    const std::filesystem::path& folder() const { return folder_; }

private:
    ContentStore(std::filesystem::path folder, FileDescriptor lock)
        : folder_(std::move(folder)), lock_(std::move(lock)) {}
    std::filesystem::path content_folder() const { return folder_ / "content"; }
    std::filesystem::path staging_folder() const { return folder_ / "staging"; }

    std::filesystem::path folder_;
    FileDescriptor lock_;
};

// Reads and checks the manifest against id and image size. Errc::corrupt, version_mismatch, io.
Result<content::Manifest> read_manifest(const StoredContent& stored);

}  // namespace muster::store
