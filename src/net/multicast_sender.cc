// SPDX-License-Identifier: GPL-3.0-or-later
//
// A run of equal datagrams (the last may be shorter) is one message with UDP_SEGMENT, cut by the
// kernel at the last moment or by the card: 7.5 instead of 0.8 Gbit/s in one measurement. A run
// ends at 45 segments or 64,000 bytes, which keeps the whole under IP's 65,535. A path that
// cannot do it says EIO, EINVAL or EOPNOTSUPP; from then on every datagram is its own message.
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "net/datagram_reader.h"
#include "net/multicast_options.h"
#include "net/sockaddr.h"
#include "net/udp_socket.h"

namespace muster::net {

namespace {
constexpr std::size_t kMaxSegments = 45;
constexpr std::size_t kMaxRunBytes = 64'000;
constexpr std::size_t kMaxMessages = 64;
constexpr std::size_t kUplinkMessages = 64;
constexpr std::size_t kUplinkBufferBytes = 2048;

// How many datagrams from the front form one message.
std::size_t run_length(std::span<const ByteSpan> datagrams) {
    const auto segment_bytes = datagrams[0].size();
    std::size_t count = 1;
    std::size_t bytes = segment_bytes;
    while (count < datagrams.size() && count < kMaxSegments) {
        const auto next_bytes = datagrams[count].size();
        if (next_bytes == 0 || next_bytes > segment_bytes) break;
        if (bytes + next_bytes > kMaxRunBytes) break;
        bytes += next_bytes;
        ++count;
        if (next_bytes < segment_bytes) break;
    }
    return count;
}

bool refuses_segmentation(int errno_value) {
    return errno_value == EIO || errno_value == EINVAL || errno_value == EOPNOTSUPP;
}
}  // namespace

struct MulticastSender::Impl {
    UniqueFd fd;
    SocketAddress group;
    unsigned interface_index = 0;
    std::string name;  // "239.192.0.1:5000 on eth0", for messages
    Address local;
    bool gso = false;
    DatagramReader reader{kUplinkMessages, kUplinkBufferBytes};

    struct alignas(cmsghdr) SegmentControl {
        std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
    };
    std::vector<iovec> vectors;
    std::vector<std::size_t> run_counts;
    std::array<mmsghdr, kMaxMessages> messages{};
    std::array<SegmentControl, kMaxMessages> controls{};

    Status configure(const MulticastSenderOptions& options);
    std::size_t build(std::span<const ByteSpan> datagrams);
    void add_segment_control(std::size_t message, std::size_t segment_bytes);
    Error send_error(int errno_value, std::size_t bytes) const;
};

MulticastSender::MulticastSender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MulticastSender::MulticastSender(MulticastSender&&) noexcept = default;
MulticastSender& MulticastSender::operator=(MulticastSender&&) noexcept = default;
MulticastSender::~MulticastSender() = default;

Status MulticastSender::Impl::configure(const MulticastSenderOptions& options) {
    const int raw = fd.value();
    TRY(set_outgoing(raw, options.interface, options.group.is_v6(),
                     {.hops = options.ttl, .loop = options.loop, .dscp = options.dscp}));
    TRY(set_option(raw, SOL_SOCKET, SO_RXQ_OVFL, 1,
                   "count dropped datagrams on " + options.interface.name));
    size_buffer(raw, SO_SNDBUF, options.send_buffer_bytes);
    size_buffer(raw, SO_RCVBUF, options.receive_buffer_bytes);
    return {};
}

Result<MulticastSender> MulticastSender::open(const MulticastSenderOptions& options) {
    TRY(check_group(options.group));
    const bool v6 = options.group.is_v6();
    const auto own = TRY(own_address(options.interface, v6));
    auto impl = std::make_unique<Impl>();
    impl->fd = TRY(open_udp_socket(v6));
    impl->interface_index = options.interface.index;
    impl->group = to_sockaddr(options.group, options.interface.index);
    impl->name = options.group.to_string() + " on " + options.interface.name;
    impl->gso = options.gso;
    TRY(impl->configure(options));
    const auto wanted = own.with_port(options.local_port);
    const auto local = to_sockaddr(wanted, options.interface.index);
    if (::bind(impl->fd.value(), local.raw(), local.length) != 0) {
        return error_from_errno(errno, "bind UDP " + wanted.to_string());
    }
    impl->local = TRY(local_address_of(impl->fd.value()));
    return MulticastSender(std::move(impl));
}

void MulticastSender::Impl::add_segment_control(std::size_t message, std::size_t segment_bytes) {
    auto& header = messages[message].msg_hdr;
    header.msg_control = controls[message].bytes.data();
    header.msg_controllen = controls[message].bytes.size();
    auto* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_UDP;
    item->cmsg_type = UDP_SEGMENT;
    item->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto size = static_cast<std::uint16_t>(segment_bytes);
    std::memcpy(CMSG_DATA(item), &size, sizeof size);
}

// Fills messages and run_counts from the front of the datagrams; returns the messages built.
std::size_t MulticastSender::Impl::build(std::span<const ByteSpan> datagrams) {
    vectors.clear();
    vectors.reserve(std::min(datagrams.size(), kMaxMessages * kMaxSegments));
    run_counts.clear();
    std::size_t done = 0;
    while (done < datagrams.size() && run_counts.size() < kMaxMessages) {
        const auto rest = datagrams.subspan(done);
        const auto count = gso ? run_length(rest) : 1;
        auto& header = messages[run_counts.size()].msg_hdr;
        header = {};
        header.msg_name = &group.storage;
        header.msg_namelen = group.length;
        header.msg_iov = vectors.data() + vectors.size();
        header.msg_iovlen = count;
        for (std::size_t i = 0; i < count; ++i) {
            vectors.push_back(
                {.iov_base = const_cast<std::byte*>(rest[i].data()), .iov_len = rest[i].size()});
        }
        if (count > 1) add_segment_control(run_counts.size(), rest[0].size());
        run_counts.push_back(count);
        done += count;
    }
    return run_counts.size();
}

Error MulticastSender::Impl::send_error(int errno_value, std::size_t bytes) const {
    if (errno_value == EMSGSIZE) {
        return {Errc::invalid_argument, "send to " + name + ": a datagram of " +
                                            std::to_string(bytes) +
                                            " bytes does not fit the interface's MTU"};
    }
    return error_from_errno(errno_value, "send to " + name);
}

Result<std::size_t> MulticastSender::send_batch(std::span<const ByteSpan> datagrams) {
    auto& self = *impl_;
    std::size_t done = 0;
    while (done < datagrams.size()) {
        const auto count = self.build(datagrams.subspan(done));
        const int sent =
            ::sendmmsg(self.fd.value(), self.messages.data(), static_cast<unsigned>(count), 0);
        if (sent > 0) {
            for (int i = 0; i < sent; ++i) done += self.run_counts[static_cast<std::size_t>(i)];
            continue;
        }
        const int failure = errno;
        if (failure == EINTR) continue;
        if (self.run_counts[0] > 1 && refuses_segmentation(failure)) {
            self.gso = false;
            continue;
        }
        if (done > 0) break;
        return self.send_error(failure, datagrams[done].size());
    }
    return done;
}

Status MulticastSender::send_to(const Address& to, ByteSpan datagram) {
    const auto address = to_sockaddr(to, impl_->interface_index);
    if (::sendto(impl_->fd.value(), datagram.data(), datagram.size(), 0, address.raw(),
                 address.length) < 0) {
        return error_from_errno(errno, "send to " + to.to_string());
    }
    return {};
}

Result<std::size_t> MulticastSender::receive_batch(std::span<Datagram> out) {
    const auto batch = TRY(impl_->reader.read(impl_->fd.value(), out.size()));
    std::copy(batch.begin(), batch.end(), out.begin());
    return batch.size();
}

std::uint16_t MulticastSender::local_port() const { return impl_->local.port(); }
Address MulticastSender::local_address() const { return impl_->local; }
int MulticastSender::fd() const { return impl_->fd.value(); }
bool MulticastSender::gso_active() const { return impl_->gso; }
std::uint64_t MulticastSender::kernel_drops() const { return impl_->reader.kernel_drops(); }

}  // namespace muster::net
