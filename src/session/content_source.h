// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where a sender's bytes come from: the manifest from memory, the image from its file, both by the
// session's block numbers. Reads are plain pread(2)s; the page cache is the cache, and groups that
// come next are announced to it.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "content/manifest.h"
#include "mcast/layout.h"
#include "net/fd.h"

namespace muster::session {

class ContentSource {
public:
    // Errc::corrupt when the file's size is not the manifest's.
    static Result<std::shared_ptr<ContentSource>> open(const std::string& image_path,
                                                       const content::Manifest& manifest,
                                                       const mcast::LayoutOptions& layout);

    const mcast::Layout& layout() const { return layout_; }
    const content::Descriptor& descriptor() const { return descriptor_; }
    // `out` holds whole symbols; what lies behind the object's end is zeros. Any thread.
    Status read(mcast::BlockIndex block, MutableByteSpan out) const;
    // Bytes of one object. The range lies within it. Any thread.
    Status read_bytes(bool of_manifest, std::uint64_t offset, MutableByteSpan out) const;
    void announce(mcast::GroupId group) const;

private:
    ContentSource(net::UniqueFd file, std::string path, Bytes manifest,
                  const content::Descriptor& descriptor, const mcast::Layout& layout);
    net::UniqueFd file_;
    std::string path_;
    Bytes manifest_;
    content::Descriptor descriptor_;
    mcast::Layout layout_;
};

// The layout for an image: its sizes, its manifest's, and the transport's defaults.
mcast::LayoutOptions layout_for(const content::Descriptor& image);

}  // namespace muster::session
