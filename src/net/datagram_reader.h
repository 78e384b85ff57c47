// SPDX-License-Identifier: GPL-3.0-or-later
//
// Many datagrams for one system call: recvmmsg into buffers allocated once, and merged messages
// (UDP_GRO) cut back into the datagrams they were by the segment size the kernel hands along.
// Used inside net only.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "net/sockaddr.h"
#include "net/udp_socket.h"

namespace muster::net {

class DatagramReader {
public:
    // MESSAGES buffers of BUFFER_BYTES each.
    DatagramReader(std::size_t messages, std::size_t buffer_bytes);

    // Never blocks; empty when nothing is there. At most MAX_MESSAGES messages are taken.
    Result<std::span<const Datagram>> read(int fd, std::size_t max_messages = SIZE_MAX);
    std::uint64_t kernel_drops() const { return kernel_drops_; }
    std::uint64_t truncated() const { return truncated_; }

private:
    struct alignas(cmsghdr) Control {
        std::array<std::byte, 64> bytes;
    };
    void prepare(std::size_t count);
    // The segment size of a merged message; 0 when it is one datagram.
    std::size_t read_control(msghdr& header);
    void split(std::size_t index);

    std::size_t buffer_bytes_;
    std::vector<std::byte> buffers_;
    std::vector<mmsghdr> messages_;
    std::vector<iovec> vectors_;
    std::vector<SocketAddress> sources_;
    std::vector<Control> controls_;
    std::vector<Datagram> datagrams_;
    std::uint64_t kernel_drops_ = 0;
    std::uint32_t last_overflow_ = 0;
    std::uint64_t truncated_ = 0;
};

}  // namespace muster::net
