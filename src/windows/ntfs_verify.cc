// SPDX-License-Identifier: GPL-3.0-or-later
//
// libwim walks the image depth first; beside it a stack of the volume's directories is kept, each
// with the names nobody has asked for yet. What is left when a directory is done is extra. Memory
// is one listing per level, a bit per file record, and a number per hard-linked file.
#include "windows/ntfs_verify.h"

#include <wimlib.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "crypto/hash.h"
#include "windows/ntfs_reader.h"
#include "windows/wim_file.h"
#include "windows/wimlib_adapter.h"

namespace muster::windows {
namespace {

constexpr std::size_t kKeptDifferences = 100;
constexpr std::uint64_t kReportEveryBytes = 16 * 1024 * 1024;
constexpr std::uint64_t kReportEveryEntries = 1000;
constexpr std::size_t kReparseHeaderBytes = 8;  // tag, length, reserved

constexpr std::uint32_t kKeptAttributes =
    WIMLIB_FILE_ATTRIBUTE_READONLY | WIMLIB_FILE_ATTRIBUTE_HIDDEN | WIMLIB_FILE_ATTRIBUTE_SYSTEM |
    WIMLIB_FILE_ATTRIBUTE_ARCHIVE | WIMLIB_FILE_ATTRIBUTE_TEMPORARY |
    WIMLIB_FILE_ATTRIBUTE_OFFLINE | WIMLIB_FILE_ATTRIBUTE_NOT_CONTENT_INDEXED |
    WIMLIB_FILE_ATTRIBUTE_REPARSE_POINT;

// 100 ns units since 1601; 11644473600 s lie between 1601 and 1970.
std::uint64_t to_100ns(const timespec& time) {
    return (static_cast<std::uint64_t>(time.tv_sec) + 11644473600ull) * 10000000ull +
           static_cast<std::uint64_t>(time.tv_nsec) / 100;
}

bool same_digest(const crypto::Sha1Digest& digest, const std::uint8_t* expected) {
    return std::memcmp(digest.data(), expected, digest.size()) == 0;
}

bool is_zero(const std::uint8_t* digest) {
    return std::all_of(digest, digest + 20, [](std::uint8_t byte) { return byte == 0; });
}

std::u16string upper_ascii(std::u16string text) {
    for (char16_t& c : text) {
        if (c >= u'a' && c <= u'z') c = static_cast<char16_t>(c - u'a' + u'A');
    }
    return text;
}

struct Child {
    MftNumber file;
    NtfsName::Kind kind;
};

struct Directory {
    std::string path;      // without the last backslash; empty for the root
    bool missing = false;  // not on the volume: what is in it was not looked for
    std::unordered_map<std::u16string, Child> unseen;
    std::unordered_map<MftNumber, std::u16string> short_names;
};

class Verifier {
public:
    Verifier(const NtfsVolume& volume, const WimImage& image,
             const VerifyProgressCallback& callback)
        : volume_(volume), callback_(callback), seen_(volume.record_count(), false) {
        progress_.entries_total = image.file_count + image.dir_count;
        progress_.bytes_total =
            image.total_bytes - std::min(image.hard_link_bytes, image.total_bytes);
    }

    // False: cancelled.
    bool compare(const wimlib_dir_entry& entry);
    // Everything left over, and the last report.
    bool finish() {
        while (!stack_.empty()) leave_directory();
        return report_progress();
    }
    VerifyReport take_report() { return std::move(report_); }

private:
    void differ(const std::string& path, const std::string& what) {
        if (++report_.difference_count <= kKeptDifferences) {
            report_.differences.push_back((path.empty() ? "\\" : path) + ": " + what);
        }
    }
    void enter_directory(const std::string& path, const NtfsInode& inode);
    void enter_missing(const std::string& path) { stack_.push_back({path, true, {}, {}}); }
    void leave_directory();
    void compare_found(const wimlib_dir_entry& entry, const std::string& path, MftNumber number);
    bool first_name_of(const wimlib_dir_entry& entry, const std::string& path, MftNumber number);
    void compare_short_name(const wimlib_dir_entry& entry, const std::string& path,
                            const Child& child);
    void compare_properties(const wimlib_dir_entry& entry, const std::string& path,
                            const NtfsInode& inode);
    void compare_security(const wimlib_dir_entry& entry, const std::string& path,
                          const NtfsInode& inode);
    void compare_streams(const wimlib_dir_entry& entry, const std::string& path,
                         const NtfsInode& inode);
    void compare_stream(const std::string& path, const std::string& what, const NtfsInode& inode,
                        const NtfsInode::Stream& stream, const wimlib_resource_entry& expected);
    void compare_reparse_point(const wimlib_dir_entry& entry, const std::string& path,
                               const NtfsInode& inode);
    bool report_progress() {
        if (cancelled_ || !callback_) return !cancelled_;
        progress_.bytes_done = report_.bytes;
        cancelled_ = !callback_(progress_);
        return !cancelled_;
    }

    const NtfsVolume& volume_;
    const VerifyProgressCallback& callback_;
    VerifyReport report_;
    VerifyProgress progress_;
    std::uint64_t next_report_bytes_ = kReportEveryBytes;
    bool cancelled_ = false;
    std::vector<Directory> stack_;
    std::vector<bool> seen_;  // by file record: a name of it was met
    std::unordered_map<std::uint64_t, MftNumber> file_of_group_;
    std::unordered_map<MftNumber, std::uint64_t> group_of_file_;
};

void Verifier::enter_directory(const std::string& path, const NtfsInode& inode) {
    Directory directory;
    directory.path = path;
    auto names = inode.list();
    if (!names.ok()) {
        differ(path, names.error().message());
        directory.missing = true;
    } else {
        for (auto& name : names.value()) {
            if (name.kind == NtfsName::Kind::dos) {
                directory.short_names[name.file] = std::move(name.name);
            } else {
                directory.unseen[std::move(name.name)] = {name.file, name.kind};
            }
        }
    }
    stack_.push_back(std::move(directory));
}

void Verifier::leave_directory() {
    Directory directory = std::move(stack_.back());
    stack_.pop_back();
    for (const auto& [name, child] : directory.unseen) {
        differ(directory.path + "\\" + to_utf8(name), "is on the volume but not in the image");
    }
    for (const auto& [file, name] : directory.short_names) {
        differ(directory.path, "has a short name " + to_utf8(name) + " that is not in the image");
    }
}

bool Verifier::compare(const wimlib_dir_entry& entry) {
    while (stack_.size() > entry.depth) leave_directory();
    // The first report comes at once: a caller that wants to stop need not wait for much data.
    if (progress_.entries_done++ % kReportEveryEntries == 0 && !report_progress()) return false;
    bool is_directory = (entry.attributes & WIMLIB_FILE_ATTRIBUTE_DIRECTORY) != 0;
    if (entry.depth == 0) {
        compare_found(entry, "", kNtfsRoot);
        return !cancelled_;
    }
    Directory& parent = stack_.back();
    std::string path = parent.path + "\\" + entry.filename;
    if (parent.missing) {
        if (is_directory) enter_missing(path);
        return true;
    }
    auto found = parent.unseen.find(to_utf16(entry.filename));
    if (found == parent.unseen.end()) {
        differ(path, is_directory ? "is missing, with everything in it" : "is missing");
        if (is_directory) enter_missing(path);
        return true;
    }
    Child child = found->second;
    parent.unseen.erase(found);
    compare_short_name(entry, path, child);
    compare_found(entry, path, child.file);
    return !cancelled_;
}

void Verifier::compare_short_name(const wimlib_dir_entry& entry, const std::string& path,
                                  const Child& child) {
    auto& names = stack_.back().short_names;
    std::u16string wanted = upper_ascii(to_utf16(entry.dos_name ? entry.dos_name : ""));
    if (child.kind == NtfsName::Kind::windows_and_dos) {
        if (wanted != upper_ascii(to_utf16(entry.filename))) {
            differ(path, "short name differs");
        }
        return;
    }
    // Another name of a hard-linked file in this directory may be the one with the short name.
    auto found = names.find(child.file);
    if (wanted.empty() && child.kind != NtfsName::Kind::windows) return;
    if (found == names.end()) {
        if (!wanted.empty()) differ(path, "short name is missing");
        return;
    }
    if (upper_ascii(found->second) != wanted) differ(path, "short name differs");
    names.erase(found);
}

// True when the file's contents were not compared yet.
bool Verifier::first_name_of(const wimlib_dir_entry& entry, const std::string& path,
                             MftNumber number) {
    bool first = number >= seen_.size() || !seen_[number];
    if (number < seen_.size()) seen_[number] = true;
    if (entry.num_links > 1) {
        auto [group, new_group] = file_of_group_.emplace(entry.hard_link_group_id, number);
        auto [file, new_file] = group_of_file_.emplace(number, entry.hard_link_group_id);
        if (group->second != number || file->second != entry.hard_link_group_id ||
            new_file != first) {
            differ(path, "is not a hard link to the same file as in the image");
            return true;
        }
        if (!new_group) ++report_.links;
        return new_group;
    }
    if (!first) {
        differ(path, "is a hard link to another file, in the image it is not");
        return true;
    }
    return true;
}

void Verifier::compare_found(const wimlib_dir_entry& entry, const std::string& path,
                             MftNumber number) {
    bool is_directory = (entry.attributes & WIMLIB_FILE_ATTRIBUTE_DIRECTORY) != 0;
    auto opened = volume_.open(number);
    if (!opened.ok() || opened->is_directory() != is_directory) {
        if (!opened.ok()) {
            differ(path, opened.error().message());
        } else {
            differ(path, is_directory ? "is a file, not a directory" : "is a directory");
        }
        if (is_directory) enter_missing(path);
        return;
    }
    const NtfsInode& inode = opened.value();
    if (is_directory) {
        ++report_.directories;
    } else {
        if (!first_name_of(entry, path, number)) return;
        ++report_.files;
    }
    compare_properties(entry, path, inode);
    compare_security(entry, path, inode);
    compare_streams(entry, path, inode);
    if (is_directory) enter_directory(path, inode);
}

void Verifier::compare_properties(const wimlib_dir_entry& entry, const std::string& path,
                                  const NtfsInode& inode) {
    std::uint32_t kept = kKeptAttributes;
    if (inode.is_directory()) kept |= WIMLIB_FILE_ATTRIBUTE_COMPRESSED;
    if ((inode.attributes() & kept) != (entry.attributes & kept)) differ(path, "attributes differ");
    if (inode.creation_time_100ns() != to_100ns(entry.creation_time)) {
        differ(path, "creation time differs");
    }
    if (inode.write_time_100ns() != to_100ns(entry.last_write_time)) {
        differ(path, "write time differs");
    }
}

void Verifier::compare_security(const wimlib_dir_entry& entry, const std::string& path,
                                const NtfsInode& inode) {
    if (entry.security_descriptor == nullptr) return;
    auto found = inode.security_descriptor();
    if (!found.ok()) return differ(path, found.error().message());
    if (found->size() != entry.security_descriptor_size ||
        std::memcmp(found->data(), entry.security_descriptor, found->size()) != 0) {
        differ(path, "security descriptor differs");
    }
}

void Verifier::compare_streams(const wimlib_dir_entry& entry, const std::string& path,
                               const NtfsInode& inode) {
    auto streams = inode.streams();
    if (!streams.ok()) return differ(path, streams.error().message());
    bool is_reparse_point = (entry.attributes & WIMLIB_FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    if (is_reparse_point) compare_reparse_point(entry, path, inode);
    std::unordered_map<std::u16string, const wimlib_resource_entry*> wanted;
    if (!inode.is_directory() && !is_reparse_point) wanted[u""] = &entry.streams[0].resource;
    for (std::uint32_t i = 1; i <= entry.num_named_streams; ++i) {
        wanted[to_utf16(entry.streams[i].stream_name)] = &entry.streams[i].resource;
    }
    for (const auto& stream : streams.value()) {
        std::string what = stream.name.empty() ? "" : "stream " + to_utf8(stream.name) + " ";
        auto found = wanted.find(stream.name);
        if (found == wanted.end()) {
            // libwim's interface does not show the ordinary data of a reparse point.
            if (!stream.name.empty()) differ(path, what + "is not in the image");
            continue;
        }
        if (!stream.name.empty()) ++report_.streams;
        compare_stream(path, what, inode, stream, *found->second);
        wanted.erase(found);
    }
    for (const auto& [name, resource] : wanted) {
        if (!name.empty()) differ(path, "stream " + to_utf8(name) + " is missing");
        if (name.empty() && !is_zero(resource->sha1_hash)) differ(path, "has no data");
    }
}

void Verifier::compare_stream(const std::string& path, const std::string& what,
                              const NtfsInode& inode, const NtfsInode::Stream& stream,
                              const wimlib_resource_entry& expected) {
    bool is_empty = is_zero(expected.sha1_hash);
    if (!expected.is_missing && stream.size_bytes != expected.uncompressed_size) {
        return differ(path, what + "size differs: " + std::to_string(stream.size_bytes) +
                                " bytes, in the image " +
                                std::to_string(expected.uncompressed_size));
    }
    if (is_empty) return;
    crypto::Sha1Hasher sha1;
    auto read = inode.read_stream(stream.name, [&](ByteSpan bytes) {
        sha1.update(bytes);
        report_.bytes += bytes.size();
        if (report_.bytes < next_report_bytes_) return true;
        next_report_bytes_ = report_.bytes + kReportEveryBytes;
        return report_progress();
    });
    if (cancelled_) return;
    if (!read.ok()) return differ(path, what + read.error().message());
    if (!same_digest(sha1.finish(), expected.sha1_hash)) differ(path, what + "SHA-1 differs");
}

void Verifier::compare_reparse_point(const wimlib_dir_entry& entry, const std::string& path,
                                     const NtfsInode& inode) {
    auto found = inode.reparse_point();
    if (!found.ok()) return differ(path, found.error().message());
    if (found->size() < kReparseHeaderBytes) return differ(path, "is no reparse point");
    std::uint32_t tag = 0;
    std::memcpy(&tag, found->data(), sizeof tag);
    if (tag != entry.reparse_tag) return differ(path, "reparse tag differs");
    ByteSpan data = ByteSpan(found.value()).subspan(kReparseHeaderBytes);
    const auto& expected = entry.streams[0].resource;
    crypto::Sha1Hasher sha1;
    sha1.update(data);
    bool same =
        data.empty() ? is_zero(expected.sha1_hash) : same_digest(sha1.finish(), expected.sha1_hash);
    if (!same) differ(path, "reparse point leads elsewhere");
}

}  // namespace

Result<VerifyReport> verify_volume(const std::string& ntfs_device, const std::string& wim_path,
                                   int index, const VerifyProgressCallback& progress) {
    auto info = TRY(inspect_wim(wim_path));
    TRY(check_index(info, index));
    auto wim = TRY(open_wim(wim_path));
    auto volume = TRY(NtfsVolume::open_read_only(ntfs_device));
    Verifier verifier(volume, info.images[static_cast<std::size_t>(index) - 1], progress);
    forget_wimlib_details();
    int code = wimlib_iterate_dir_tree(
        wim.get(), index, WIMLIB_WIM_ROOT_PATH, WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE,
        [](const wimlib_dir_entry* entry, void* context) {
            return static_cast<Verifier*>(context)->compare(*entry)
                       ? 0
                       : static_cast<int>(WIMLIB_ERR_ABORTED_BY_PROGRESS);
        },
        &verifier);
    std::string what = "verify " + ntfs_device;
    bool cancelled = code == WIMLIB_ERR_ABORTED_BY_PROGRESS;
    if (code != 0 && !cancelled) return wimlib_error(code, what + ": " + wim_path);
    if (cancelled || !verifier.finish()) return Error(Errc::cancelled, what + ": cancelled");
    return verifier.take_report();
}

}  // namespace muster::windows
