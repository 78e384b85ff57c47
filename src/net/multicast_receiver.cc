// SPDX-License-Identifier: GPL-3.0-or-later
#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

#include "net/datagram_reader.h"
#include "net/poll.h"
#include "net/sockaddr.h"
#include "net/udp_socket.h"

namespace muster::net {

namespace {
constexpr std::size_t kPlainMessages = 64;
constexpr std::size_t kPlainBufferBytes = 9216;  // a jumbo frame
constexpr std::size_t kMergedMessages = 24;
constexpr std::size_t kMergedBufferBytes = 65536;  // the most that UDP_GRO merges

std::string in_kib(std::size_t bytes) { return std::to_string(bytes / 1024) + " KiB"; }
}  // namespace

struct MulticastReceiver::Impl {
    MulticastReceiverOptions options;
    UniqueFd fd;
    UniqueFd uplink;
    Address local;
    std::size_t granted_bytes = 0;
    std::unique_ptr<DatagramReader> reader;

    Status configure();
    Status open_uplink();
    Status bind_group();
    // name is MCAST_JOIN_GROUP or MCAST_LEAVE_GROUP, or their kin with a source.
    Status change_membership(bool join);
};

MulticastReceiver::MulticastReceiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MulticastReceiver::MulticastReceiver(MulticastReceiver&&) noexcept = default;
MulticastReceiver& MulticastReceiver::operator=(MulticastReceiver&&) noexcept = default;
MulticastReceiver::~MulticastReceiver() = default;

Status MulticastReceiver::Impl::configure() {
    const int raw = fd.value();
    const std::string on = " on " + options.interface.name;
    TRY(set_option(raw, SOL_SOCKET, SO_REUSEADDR, 1, "share the multicast port" + on));
    // Only the group joined on this socket and interface, not everything the machine has joined.
    TRY(set_option(raw, IPPROTO_IP, IP_MULTICAST_ALL, 0, "filter multicast" + on));
    TRY(set_option(raw, SOL_SOCKET, SO_RXQ_OVFL, 1, "count dropped datagrams" + on));
    granted_bytes = size_buffer(raw, SO_RCVBUF, options.receive_buffer_bytes);
    const bool merged = options.gro && set_option(raw, SOL_UDP, UDP_GRO, 1, "").ok();
    reader = merged ? std::make_unique<DatagramReader>(kMergedMessages, kMergedBufferBytes)
                    : std::make_unique<DatagramReader>(kPlainMessages, kPlainBufferBytes);
    return {};
}

Status MulticastReceiver::Impl::bind_group() {
    const auto address = to_sockaddr(options.group);
    if (::bind(fd.value(), address.raw(), address.length) != 0) {
        const int failure = errno;
        auto error = error_from_errno(failure, "bind UDP " + options.group.to_string());
        if (failure != EADDRINUSE) return error;
        return Error(Errc::busy, error.message() + "; another program uses UDP port " +
                                     std::to_string(options.group.port()) +
                                     " alone (ss -lunp shows it)");
    }
    return {};
}

Status MulticastReceiver::Impl::change_membership(bool join) {
    const auto group = to_sockaddr(options.group.with_port(0));
    int failed = 0;
    if (options.source) {
        group_source_req request{};
        request.gsr_interface = options.interface.index;
        request.gsr_group = group.storage;
        request.gsr_source = to_sockaddr(options.source->with_port(0)).storage;
        failed = ::setsockopt(fd.value(), IPPROTO_IP,
                              join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP, &request,
                              sizeof request);
    } else {
        group_req request{};
        request.gr_interface = options.interface.index;
        request.gr_group = group.storage;
        failed = ::setsockopt(fd.value(), IPPROTO_IP, join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP,
                              &request, sizeof request);
    }
    if (failed == 0) return {};
    const int failure = errno;
    const std::string what = std::string(join ? "join " : "leave ") + options.group.ip() + " on " +
                             options.interface.name;
    if (failure == ENOBUFS) {
        return Error(Errc::no_space, what +
                                         ": this machine has joined too many groups: sysctl -w "
                                         "net.ipv4.igmp_max_memberships=100");
    }
    return error_from_errno(failure, what);
}

Status MulticastReceiver::Impl::open_uplink() {
    uplink = TRY(open_udp_socket());
    TRY(set_option(uplink.value(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE,
                   "forbid IP fragments on " + options.interface.name));
    const auto address = to_sockaddr(options.interface.ipv4.front());
    if (::bind(uplink.value(), address.raw(), address.length) != 0) {
        return error_from_errno(errno, "bind UDP " + options.interface.ipv4.front().ip());
    }
    local = TRY(local_address_of(uplink.value()));
    return {};
}

Result<MulticastReceiver> MulticastReceiver::open(const MulticastReceiverOptions& options) {
    if (!options.group.is_v4() || !options.group.is_multicast() || options.group.port() == 0) {
        return Error(Errc::invalid_argument,
                     options.group.to_string() + " is no IPv4 multicast group with a port");
    }
    if (options.source && !options.source->is_v4()) {
        return Error(Errc::invalid_argument,
                     options.source->ip() + " cannot be the source of an IPv4 group");
    }
    if (options.group.is_source_specific() && !options.source) {
        return Error(Errc::invalid_argument,
                     options.group.ip() +
                         " is a source-specific group and needs the sender's address; without "
                         "one take a group of 239.192.0.0/14");
    }
    if (options.interface.ipv4.empty()) {
        return Error(Errc::unavailable, options.interface.name + " has no IPv4 address");
    }
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->fd = TRY(open_udp_socket());
    TRY(impl->configure());
    TRY(impl->bind_group());
    TRY(impl->change_membership(true));
    TRY(impl->open_uplink());
    return MulticastReceiver(std::move(impl));
}

Result<std::span<const Datagram>> MulticastReceiver::receive(Duration timeout) {
    auto batch = TRY(impl_->reader->read(impl_->fd.value()));
    if (!batch.empty() || timeout == Duration::zero()) return batch;
    const int fds[] = {impl_->fd.value()};
    if (TRY(wait_readable(fds, timeout)) == 0) return std::span<const Datagram>();
    return impl_->reader->read(impl_->fd.value());
}

Status MulticastReceiver::send_to(const Address& to, ByteSpan datagram) {
    const auto address = to_sockaddr(to);
    if (::sendto(impl_->uplink.value(), datagram.data(), datagram.size(), MSG_DONTWAIT,
                 address.raw(), address.length) < 0) {
        return error_from_errno(errno, "send to " + to.to_string());
    }
    return {};
}

Status MulticastReceiver::rejoin() {
    // Leaving fails when the interface went away and took the membership with it; joining says so.
    (void)impl_->change_membership(false);
    return impl_->change_membership(true);
}

Status MulticastReceiver::leave() { return impl_->change_membership(false); }

int MulticastReceiver::fd() const { return impl_->fd.value(); }
Address MulticastReceiver::local_address() const { return impl_->local; }
std::size_t MulticastReceiver::receive_buffer_bytes() const { return impl_->granted_bytes; }

std::optional<std::string> MulticastReceiver::warning() const {
    const auto wanted = impl_->options.receive_buffer_bytes;
    if (impl_->granted_bytes >= wanted) return {};
    return "the kernel grants " + in_kib(impl_->granted_bytes) + " of the " + in_kib(wanted) +
           " receive buffer on " + impl_->options.interface.name +
           "; bursts will be lost: sysctl -w net.core.rmem_max=" + std::to_string(wanted);
}

std::uint64_t MulticastReceiver::kernel_drops() const { return impl_->reader->kernel_drops(); }
std::uint64_t MulticastReceiver::truncated() const { return impl_->reader->truncated(); }

}  // namespace muster::net
