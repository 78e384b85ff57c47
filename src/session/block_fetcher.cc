// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/block_fetcher.h"

#include <algorithm>

namespace muster::session {

BlockFetcher::BlockFetcher(const net::HttpsClientOptions& server, std::string path,
                           const mcast::Layout& layout, std::function<void(FetchResult)> answer)
    : path_(std::move(path)), layout_(layout), answer_(std::move(answer)), client_(server) {}

BlockFetcher::~BlockFetcher() {
    client_.cancel();
    worker_.stop();
}

void BlockFetcher::fetch(mcast::BlockRun run) {
    worker_.post([this, run] { answer_(take(run)); });
}

FetchResult BlockFetcher::take(mcast::BlockRun run) {
    const bool manifest = layout_.is_manifest(run.first);
    std::uint64_t length = 0;
    for (std::uint32_t i = 0; i < run.count; ++i) {
        length += layout_.block_length_bytes(mcast::BlockIndex(run.first.value + i));
    }
    Bytes bytes = manifest ? std::exchange(manifest_, {}) : Bytes();
    const std::uint64_t offset =
        std::uint64_t{layout_.index_in_object(run.first)} * layout_.options().block_bytes;
    FetchResult result;
    result.run = run;
    bytes.reserve(length);
    if (bytes.size() < length) {
        result.status =
            client_.download_range(path_ + (manifest ? "/manifest" : "/image"),
                                   offset + bytes.size(), offset + length - 1, [&](ByteSpan piece) {
                                       bytes.insert(bytes.end(), piece.begin(), piece.end());
                                       return Status();
                                   });
    }
    result.retry_after = client_.retry_after();
    if (manifest && !result.status.ok()) {
        manifest_ = std::move(bytes);
        return result;
    }
    auto begin = bytes.cbegin();
    for (std::uint32_t i = 0; i < run.count; ++i) {
        const std::size_t size = layout_.block_length_bytes(mcast::BlockIndex(run.first.value + i));
        if (static_cast<std::size_t>(bytes.cend() - begin) < size) break;
        result.blocks.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
        begin += static_cast<std::ptrdiff_t>(size);
    }
    return result;
}

}  // namespace muster::session
