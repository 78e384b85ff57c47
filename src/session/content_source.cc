// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/content_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace muster::session {

mcast::LayoutOptions layout_for(const content::Descriptor& image) {
    mcast::LayoutOptions options;
    options.image_bytes = image.image_bytes;
    options.manifest_bytes = content::Manifest::encoded_bytes(image.image_bytes, image.block_bytes);
    options.block_bytes = image.block_bytes;
    return options;
}

Result<std::shared_ptr<ContentSource>> ContentSource::open(const std::string& image_path,
                                                           const content::Manifest& manifest,
                                                           const mcast::LayoutOptions& layout) {
    net::UniqueFd file(::open(image_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return error_from_errno(errno, image_path);
    struct stat info {};
    if (::fstat(file.value(), &info) != 0) return error_from_errno(errno, image_path);
    if (static_cast<std::uint64_t>(info.st_size) != manifest.descriptor().image_bytes) {
        return Error(Errc::corrupt, image_path + ": has " + std::to_string(info.st_size) +
                                        " bytes, its manifest says " +
                                        std::to_string(manifest.descriptor().image_bytes));
    }
    const auto cut = TRY(mcast::Layout::create(layout).context(image_path));
    return std::shared_ptr<ContentSource>(new ContentSource(
        std::move(file), image_path, manifest.encode(), manifest.descriptor(), cut));
}

ContentSource::ContentSource(net::UniqueFd file, std::string path, Bytes manifest,
                             const content::Descriptor& descriptor, const mcast::Layout& layout)
    : file_(std::move(file)),
      path_(std::move(path)),
      manifest_(std::move(manifest)),
      descriptor_(descriptor),
      layout_(layout) {}

Status ContentSource::read(mcast::BlockIndex block, MutableByteSpan out) const {
    const std::size_t length = layout_.block_length_bytes(block);
    const std::uint64_t offset =
        std::uint64_t{layout_.index_in_object(block)} * layout_.options().block_bytes;
    TRY(read_bytes(layout_.is_manifest(block), offset, out.first(length)));
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(length), out.end(), std::byte{0});
    return {};
}

Status ContentSource::read_bytes(bool of_manifest, std::uint64_t offset,
                                 MutableByteSpan out) const {
    if (of_manifest) {
        std::copy_n(manifest_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(),
                    out.begin());
        return {};
    }
    std::size_t done = 0;
    while (done < out.size()) {
        const auto got = ::pread(file_.value(), out.data() + done, out.size() - done,
                                 static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_from_errno(errno, "reading " + path_);
        if (got == 0) return Error(Errc::corrupt, path_ + ": became shorter while it was sent");
        done += static_cast<std::size_t>(got);
    }
    return {};
}

void ContentSource::announce(mcast::GroupId group) const {
    if (layout_.is_manifest(group)) return;
    const auto first = layout_.index_in_object(layout_.first_block(group));
    const std::uint64_t bytes =
        std::uint64_t{layout_.blocks_in_group(group)} * layout_.options().block_bytes;
    ::posix_fadvise(file_.value(),
                    static_cast<off_t>(std::uint64_t{first} * layout_.options().block_bytes),
                    static_cast<off_t>(2 * bytes), POSIX_FADV_WILLNEED);
}

}  // namespace muster::session
