// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/ntfs_reader.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

// libntfs-3g's headers expect its own configure script to have run.
#define HAVE_TIME_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_STDARG_H 1
extern "C" {
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/index.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/volume.h>
}

namespace muster::windows {
namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

std::u16string from_ntfs(const ntfschar* name, std::size_t length) {
    std::u16string out;
    for (std::size_t i = 0; i < length; ++i) out += static_cast<char16_t>(le16_to_cpu(name[i]));
    return out;
}

std::vector<ntfschar> to_ntfs(const std::u16string& name) {
    std::vector<ntfschar> out;
    for (char16_t c : name) out.push_back(cpu_to_le16(static_cast<u16>(c)));
    return out;
}

int collect_name(void* context, const ntfschar* name, const int length, const int type, const s64,
                 const MFT_REF reference, const unsigned) {
    auto& names = *static_cast<std::vector<NtfsName>*>(context);
    NtfsName out;
    out.file = MREF(reference);
    if (out.file < kFirstUserFile) return 0;
    out.name = from_ntfs(name, static_cast<std::size_t>(length));
    if (out.name == u"." || out.name == u"..") return 0;
    switch (type & 3) {
        case FILE_NAME_WIN32: out.kind = NtfsName::Kind::windows; break;
        case FILE_NAME_DOS: out.kind = NtfsName::Kind::dos; break;
        case FILE_NAME_WIN32_AND_DOS: out.kind = NtfsName::Kind::windows_and_dos; break;
        default: out.kind = NtfsName::Kind::posix; break;
    }
    names.push_back(std::move(out));
    return 0;
}

struct CloseAttribute {
    void operator()(ntfs_attr* attribute) const { ntfs_attr_close(attribute); }
};

}  // namespace

void NtfsVolume::Unmount::operator()(_ntfs_volume* volume) const {
    if (volume->secure_ni != nullptr) {
        ntfs_index_ctx_put(volume->secure_xsii);
        ntfs_index_ctx_put(volume->secure_xsdh);
        ntfs_inode_close(volume->secure_ni);
        volume->secure_ni = nullptr;
    }
    ntfs_umount(volume, FALSE);
}

Result<NtfsVolume> NtfsVolume::open_read_only(const std::string& device) {
    ntfs_volume* raw = ntfs_mount(device.c_str(), NTFS_MNT_RDONLY);
    if (raw == nullptr) {
        if (errno == EINVAL) return Error(Errc::corrupt, device + " holds no NTFS file system");
        return error_from_errno(errno, "open the NTFS volume " + device);
    }
    NtfsVolume volume(raw);
    if (ntfs_open_secure(raw) != 0) {
        return error_from_errno(errno, device + ": open its security descriptors");
    }
    ntfs_set_shown_files(raw, TRUE, TRUE, FALSE);
    return volume;
}

Result<NtfsInode> NtfsVolume::open(MftNumber file) const {
    ntfs_inode* raw = ntfs_inode_open(raw_.get(), file);
    if (raw == nullptr) {
        return error_from_errno(errno, "open file record " + std::to_string(file));
    }
    return NtfsInode(raw);
}

std::uint64_t NtfsVolume::record_count() const {
    return static_cast<std::uint64_t>(raw_->mft_na->initialized_size) >> raw_->mft_record_size_bits;
}

bool NtfsVolume::is_dirty() const { return (raw_->flags & VOLUME_IS_DIRTY) != 0; }

void NtfsInode::Close::operator()(_ntfs_inode* inode) const { ntfs_inode_close(inode); }

bool NtfsInode::is_directory() const { return (raw_->mrec->flags & MFT_RECORD_IS_DIRECTORY) != 0; }

std::uint32_t NtfsInode::attributes() const { return le32_to_cpu(raw_->flags); }

std::uint64_t NtfsInode::creation_time_100ns() const {
    return static_cast<std::uint64_t>(sle64_to_cpu(raw_->creation_time));
}

std::uint64_t NtfsInode::write_time_100ns() const {
    return static_cast<std::uint64_t>(sle64_to_cpu(raw_->last_data_change_time));
}

Result<std::vector<NtfsName>> NtfsInode::list() const {
    std::vector<NtfsName> names;
    s64 position = 0;
    if (ntfs_readdir(raw_.get(), &position, &names, collect_name) != 0) {
        return error_from_errno(errno, "list the directory");
    }
    return names;
}

Result<std::vector<NtfsInode::Stream>> NtfsInode::streams() const {
    std::vector<Stream> found;
    ntfs_attr_search_ctx* search = ntfs_attr_get_search_ctx(raw_.get(), nullptr);
    if (search == nullptr) return error_from_errno(errno, "list streams");
    while (ntfs_attr_lookup(AT_DATA, nullptr, 0, CASE_SENSITIVE, 0, nullptr, 0, search) == 0) {
        const ATTR_RECORD* record = search->attr;
        // A long attribute list has several records of one stream; the first has the size.
        if (record->non_resident && record->lowest_vcn != 0) continue;
        auto* name = reinterpret_cast<const ntfschar*>(reinterpret_cast<const u8*>(record) +
                                                       le16_to_cpu(record->name_offset));
        found.push_back({from_ntfs(name, record->name_length),
                         static_cast<std::uint64_t>(ntfs_get_attribute_value_length(record))});
    }
    int failed = errno == ENOENT ? 0 : errno;
    ntfs_attr_put_search_ctx(search);
    if (failed != 0) return error_from_errno(failed, "list streams");
    return found;
}

Status NtfsInode::read_stream(const std::u16string& name,
                              const std::function<bool(ByteSpan)>& visit) const {
    auto wanted = to_ntfs(name);
    std::unique_ptr<ntfs_attr, CloseAttribute> attribute(
        ntfs_attr_open(raw_.get(), AT_DATA, wanted.empty() ? AT_UNNAMED : wanted.data(),
                       static_cast<u32>(wanted.size())));
    if (!attribute) return error_from_errno(errno, "open stream");
    Bytes buffer(static_cast<std::size_t>(
        std::min<s64>(attribute->data_size, static_cast<s64>(kReadBytes))));
    for (s64 offset = 0; offset < attribute->data_size;) {
        s64 count = ntfs_attr_pread(attribute.get(), offset, static_cast<s64>(buffer.size()),
                                    buffer.data());
        if (count < 0) return error_from_errno(errno, "read");
        if (count == 0) return Error(Errc::io, "read: it ends before its size");
        if (!visit(ByteSpan(buffer).first(static_cast<std::size_t>(count)))) break;
        offset += count;
    }
    return {};
}

Result<Bytes> NtfsInode::reparse_point() const {
    if ((raw_->flags & FILE_ATTR_REPARSE_POINT) == 0) return Bytes{};
    int size = ntfs_get_ntfs_reparse_data(raw_.get(), nullptr, 0);
    if (size < 0) return error_from_errno(-size, "read the reparse point");
    Bytes data(static_cast<std::size_t>(size));
    size =
        ntfs_get_ntfs_reparse_data(raw_.get(), reinterpret_cast<char*>(data.data()), data.size());
    if (size < 0) return error_from_errno(-size, "read the reparse point");
    return data;
}

Result<Bytes> NtfsInode::security_descriptor() const {
    SECURITY_CONTEXT context{};
    context.vol = raw_->vol;
    int size = ntfs_get_ntfs_acl(&context, raw_.get(), nullptr, 0);
    if (size <= 0) return Bytes{};
    Bytes data(static_cast<std::size_t>(size));
    size =
        ntfs_get_ntfs_acl(&context, raw_.get(), reinterpret_cast<char*>(data.data()), data.size());
    if (size < 0) return error_from_errno(-size, "read the security descriptor");
    return data;
}

std::u16string to_utf16(std::string_view text) {
    std::u16string out;
    for (std::size_t i = 0; i < text.size();) {
        auto byte = static_cast<unsigned char>(text[i]);
        std::size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        char32_t code = length == 1 ? byte : byte & (0xffu >> (length + 1));
        for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
            code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
        }
        i += length;
        if (code >= 0x10000) {
            code -= 0x10000;
            out += static_cast<char16_t>(0xd800 + (code >> 10));
            out += static_cast<char16_t>(0xdc00 + (code & 0x3ff));
        } else {
            out += static_cast<char16_t>(code);
        }
    }
    return out;
}

std::string to_utf8(std::u16string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char32_t code = text[i];
        if (code >= 0xd800 && code < 0xdc00 && i + 1 < text.size() && text[i + 1] >= 0xdc00 &&
            text[i + 1] < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (text[++i] - 0xdc00u);
        }
        if (code < 0x80) {
            out += static_cast<char>(code);
            continue;
        }
        int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static constexpr unsigned char kFirst[] = {0, 0xc0, 0xe0, 0xf0};
        out += static_cast<char>(kFirst[more] | (code >> (6 * more)));
        for (int k = more - 1; k >= 0; --k) {
            out += static_cast<char>(0x80 | ((code >> (6 * k)) & 0x3f));
        }
    }
    return out;
}

}  // namespace muster::windows
