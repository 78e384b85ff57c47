// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/content_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "base/bytes.h"
#include "site/image.h"

namespace muster::store {

namespace fs = std::filesystem;

namespace {

Error from_error_code(const std::error_code& problem, const fs::path& path) {
    return error_from_errno(problem.value(), path.string());
}

Status make_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return error_from_errno(errno, path.string());
}

Status remove_tree(const fs::path& path) {
    std::error_code problem;
    fs::remove_all(path, problem);
    if (problem) return from_error_code(problem, path);
    return {};
}

Result<std::vector<std::string>> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code problem;
    for (auto entry = fs::directory_iterator(folder, problem);
         !problem && entry != fs::directory_iterator(); entry.increment(problem)) {
        names.push_back(entry->path().filename().string());
    }
    if (problem) return from_error_code(problem, folder);
    std::sort(names.begin(), names.end());
    return names;
}

Result<fs::path> fresh_folder(const fs::path& parent) {
    std::string path = (parent / "add-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return error_from_errno(errno, parent.string());
    return fs::path(path);
}

// One flock for the whole folder: the kernel lets go of it however the process ends.
Result<FileDescriptor> lock_folder(const fs::path& folder) {
    auto lock = TRY(open_file(folder / "lock", O_RDWR | O_CREAT, 0600));
    char text[32] = {};
    if (::flock(lock.value(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return error_from_errno(errno, folder.string());
        std::string owner;
        if (::pread(lock.value(), text, sizeof text - 1, 0) > 0) {
            owner = " (process " + std::to_string(std::atoll(text)) + ")";
        }
        return Error(Errc::busy, "content store " + folder.string() + ": another muster uses it" +
                                     owner + "; stop it or name another folder");
    }
    // For that message only; a failure to write it does no harm.
    const std::string id = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock.value(), 0) == 0) {
        static_cast<void>(::pwrite(lock.value(), id.data(), id.size(), 0) < 0);
    }
    return lock;
}

// What a content folder holds. Errc::invalid_argument unless it is a manifest and one more file.
Result<StoredContent> describe(const fs::path& folder, std::string_view id) {
    StoredContent stored;
    stored.id = id;
    for (const auto& name : TRY(names_in(folder))) {
        if (name == kManifestFileName) {
            stored.manifest_path = folder / name;
        } else if (stored.image_path.empty()) {
            stored.image_path = folder / name;
        } else {
            return Error(Errc::invalid_argument, folder.string() + ": unexpected file " + name);
        }
    }
    for (const auto& [path, what] : {std::pair(&stored.manifest_path, "manifest"),
                                     std::pair(&stored.image_path, "image file")}) {
        if (path->empty()) {
            return Error(Errc::invalid_argument, folder.string() + ": the " + what + " is missing");
        }
    }
    std::error_code problem;
    stored.image_bytes = fs::file_size(stored.image_path, problem);
    if (problem) return from_error_code(problem, stored.image_path);
    return stored;
}

}  // namespace

PendingContent::~PendingContent() {
    // What cannot be removed now is removed at the next start.
    if (!folder_.empty()) static_cast<void>(remove_tree(folder_).ok());
}

PendingContent::PendingContent(PendingContent&& other) noexcept
    : folder_(std::exchange(other.folder_, {})) {}

PendingContent& PendingContent::operator=(PendingContent&& other) noexcept {
    std::swap(folder_, other.folder_);
    return *this;
}

Result<ContentStore> ContentStore::open(const fs::path& folder) {
    TRY(make_folder(folder));
    auto lock = TRY(lock_folder(folder));
    ContentStore store(folder, std::move(lock));
    TRY(make_folder(store.content_folder()));
    TRY(make_folder(store.staging_folder()));
    for (const auto& name : TRY(names_in(store.staging_folder()))) {
        TRY(remove_tree(store.staging_folder() / name));
    }
    TRY(sync_path(folder));
    return store;
}

Result<PendingContent> ContentStore::begin_add() {
    return PendingContent(TRY(fresh_folder(staging_folder())));
}

Result<StoredContent> ContentStore::commit(PendingContent pending, std::string_view content_id,
                                           std::string_view image_file_name) {
    TRY(site::check_content_id(content_id));
    auto staged = TRY(describe(pending.folder(), content_id));
    if (staged.image_path.filename() != fs::path(image_file_name)) {
        return Error(Errc::invalid_argument, pending.folder().string() + ": expected a file " +
                                                 std::string(image_file_name) + ", found " +
                                                 staged.image_path.filename().string());
    }
    TRY(read_manifest(staged));
    TRY(sync_path(staged.image_path));
    TRY(sync_path(staged.manifest_path));
    TRY(sync_path(pending.folder()));
    const fs::path target = content_folder() / content_id;
    if (::rename(pending.folder().c_str(), target.c_str()) == 0) {
        pending.folder_.clear();
        TRY(sync_path(content_folder()));
        return find(content_id);
    }
    if (errno != EEXIST && errno != ENOTEMPTY) return error_from_errno(errno, target.string());
    auto present = TRY(find(content_id));
    if (present.image_bytes == staged.image_bytes) return present;
    return Error(Errc::corrupt, target.string() + ": the image that is there has " +
                                    std::to_string(present.image_bytes) + " bytes instead of " +
                                    std::to_string(staged.image_bytes) +
                                    "; remove it and add it again");
}

Result<StoredContent> ContentStore::find(std::string_view content_id) const {
    TRY(site::check_content_id(content_id));
    const fs::path target = content_folder() / content_id;
    std::error_code problem;
    if (!fs::is_directory(target, problem)) {
        return Error(Errc::not_found, "content store " + folder_.string() + ": no content " +
                                          std::string(content_id));
    }
    auto stored = describe(target, content_id);
    if (!stored.ok() && stored.error().code() == Errc::invalid_argument) {
        return Error(Errc::corrupt, stored.error().message());
    }
    return stored;
}

Result<std::vector<StoredContent>> ContentStore::list() const {
    std::vector<StoredContent> all;
    for (const auto& name : TRY(names_in(content_folder()))) all.push_back(TRY(find(name)));
    return all;
}

Status ContentStore::remove(std::string_view content_id) {
    TRY(site::check_content_id(content_id));
    const fs::path target = content_folder() / content_id;
    PendingContent doomed(TRY(fresh_folder(staging_folder())));
    if (::rename(target.c_str(), (doomed.folder() / content_id).c_str()) != 0) {
        if (errno != ENOENT) return error_from_errno(errno, target.string());
        return Error(Errc::not_found, "content store " + folder_.string() + ": no content " +
                                          std::string(content_id));
    }
    return sync_path(content_folder());
}

Result<content::Manifest> read_manifest(const StoredContent& stored) {
    std::ifstream file(stored.manifest_path, std::ios::binary);
    const std::string encoded((std::istreambuf_iterator<char>(file)),
                              std::istreambuf_iterator<char>());
    if (file.bad() || !file.is_open()) {
        return Error(Errc::io, stored.manifest_path.string() + ": cannot be read");
    }
    // The block size is the manifest's own choice; that it is the right one, the root shows.
    ByteReader header(as_bytes(encoded));
    header.bytes(16);
    content::Descriptor descriptor;
    descriptor.image_bytes = stored.image_bytes;
    descriptor.block_bytes = header.u32();
    descriptor.root = TRY(content::parse_image_id(stored.id));
    if (header.failed()) {
        return Error(Errc::corrupt, stored.manifest_path.string() + ": it is cut off");
    }
    auto manifest = content::Manifest::decode(as_bytes(encoded), descriptor);
    if (manifest.ok()) return manifest;
    const auto& fault = manifest.error();
    const auto code = fault.code() == Errc::invalid_argument ? Errc::corrupt : fault.code();
    return Error(code, stored.manifest_path.string() + ": " + fault.message());
}

}  // namespace muster::store
