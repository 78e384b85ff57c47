// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/datagram_reader.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace muster::net {

DatagramReader::DatagramReader(std::size_t messages, std::size_t buffer_bytes)
    : buffer_bytes_(buffer_bytes),
      buffers_(messages * buffer_bytes),
      messages_(messages),
      vectors_(messages),
      sources_(messages),
      controls_(messages) {}

void DatagramReader::prepare(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        vectors_[i] = {.iov_base = buffers_.data() + i * buffer_bytes_, .iov_len = buffer_bytes_};
        auto& header = messages_[i].msg_hdr;
        header = {};
        header.msg_name = &sources_[i].storage;
        header.msg_namelen = sizeof sources_[i].storage;
        header.msg_iov = &vectors_[i];
        header.msg_iovlen = 1;
        header.msg_control = controls_[i].bytes.data();
        header.msg_controllen = controls_[i].bytes.size();
    }
}

std::size_t DatagramReader::read_control(msghdr& header) {
    std::size_t segment_bytes = 0;
    for (auto* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
        if (item->cmsg_level == SOL_UDP && item->cmsg_type == UDP_GRO) {
            int size = 0;
            std::memcpy(&size, CMSG_DATA(item), sizeof size);
            segment_bytes = static_cast<std::size_t>(std::max(size, 0));
        } else if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SO_RXQ_OVFL) {
            // The kernel's count since the socket was opened, in 32 bits: take the difference.
            std::uint32_t total = 0;
            std::memcpy(&total, CMSG_DATA(item), sizeof total);
            kernel_drops_ += static_cast<std::uint32_t>(total - last_overflow_);
            last_overflow_ = total;
        }
    }
    return segment_bytes;
}

void DatagramReader::split(std::size_t index) {
    auto& header = messages_[index].msg_hdr;
    const auto segment_bytes = read_control(header);
    if (header.msg_flags & MSG_TRUNC) {
        ++truncated_;
        return;
    }
    const auto from = from_sockaddr(sources_[index].raw(), header.msg_namelen);
    if (!from) return;
    ByteSpan rest(buffers_.data() + index * buffer_bytes_, messages_[index].msg_len);
    const auto piece_bytes = segment_bytes == 0 ? rest.size() : segment_bytes;
    do {
        const auto size = std::min(piece_bytes, rest.size());
        datagrams_.push_back({*from, rest.first(size)});
        rest = rest.subspan(size);
    } while (!rest.empty());
}

Result<std::span<const Datagram>> DatagramReader::read(int fd, std::size_t max_messages) {
    datagrams_.clear();
    const auto count = std::min(max_messages, messages_.size());
    prepare(count);
    const int got =
        ::recvmmsg(fd, messages_.data(), static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
    if (got < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            return std::span<const Datagram>();
        }
        return error_from_errno(errno, "receive datagrams");
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) split(i);
    return std::span<const Datagram>(datagrams_);
}

}  // namespace muster::net
