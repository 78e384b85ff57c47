// SPDX-License-Identifier: GPL-3.0-or-later
#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

#include "net/datagram_reader.h"
#include "net/igmp_socket.h"
#include "net/multicast_options.h"
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
    bool wide = false;
    std::optional<IgmpSocket> old_reports;

    ~Impl() { say_old_leave(); }
    void say_old_leave() {
        if (!old_reports) return;
        (void)old_reports->send(leave_destination(options.group.is_v6()), old_leave(options.group));
    }
    Status configure();
    Status open_uplink();
    Status bind_group();
    Status change_membership(Membership change);
};

MulticastReceiver::MulticastReceiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MulticastReceiver::MulticastReceiver(MulticastReceiver&&) noexcept = default;
MulticastReceiver& MulticastReceiver::operator=(MulticastReceiver&&) noexcept = default;
MulticastReceiver::~MulticastReceiver() = default;

Status MulticastReceiver::Impl::configure() {
    const int raw = fd.value();
    const std::string on = " on " + options.interface.name;
    TRY(set_option(raw, SOL_SOCKET, SO_REUSEADDR, 1, "share the multicast port" + on));
    TRY(hear_own_groups_only(raw, options.interface, options.group.is_v6()));
    TRY(set_option(raw, SOL_SOCKET, SO_RXQ_OVFL, 1, "count dropped datagrams" + on));
    granted_bytes = size_buffer(raw, SO_RCVBUF, options.receive_buffer_bytes);
    const bool merged = options.gro && set_option(raw, SOL_UDP, UDP_GRO, 1, "").ok();
    reader = merged ? std::make_unique<DatagramReader>(kMergedMessages, kMergedBufferBytes)
                    : std::make_unique<DatagramReader>(kPlainMessages, kPlainBufferBytes);
    return {};
}

Status MulticastReceiver::Impl::bind_group() {
    const auto address = to_sockaddr(options.group, options.interface.index);
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

Status MulticastReceiver::Impl::change_membership(Membership change) {
    if (!wide) {
        return net::change_membership(fd.value(), options.interface, options.group, options.source,
                                      change);
    }
    TRY(net::change_membership(fd.value(), options.interface, options.group, {}, change));
    if (old_reports && change == Membership::join) {
        // A courtesy: whether a switch wants it, we do not know.
        (void)old_reports->send(options.group, old_report(options.group));
    }
    return {};
}

Status MulticastReceiver::Impl::open_uplink() {
    const bool v6 = options.group.is_v6();
    const auto own = TRY(own_address(options.interface, v6));
    uplink = TRY(open_udp_socket(v6));
    TRY(forbid_fragments(uplink.value(), options.interface, v6));
    const auto address = to_sockaddr(own, options.interface.index);
    if (::bind(uplink.value(), address.raw(), address.length) != 0) {
        return error_from_errno(errno, "bind UDP " + own.ip());
    }
    local = TRY(local_address_of(uplink.value()));
    return {};
}

Result<MulticastReceiver> MulticastReceiver::open(const MulticastReceiverOptions& options) {
    TRY(check_group(options.group));
    if (options.source && options.source->is_v4() != options.group.is_v4()) {
        return Error(
            Errc::invalid_argument,
            options.source->ip() + " cannot be the source of the group " + options.group.ip());
    }
    if (options.group.is_source_specific() && !options.source) {
        return Error(Errc::invalid_argument,
                     options.group.ip() +
                         " is a source-specific group and needs the sender's address; without "
                         "one take a group of 239.192.0.0/14 or ff15::/16");
    }
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->fd = TRY(open_udp_socket(options.group.is_v6()));
    TRY(impl->configure());
    TRY(impl->bind_group());
    TRY(impl->change_membership(Membership::join));
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
    const auto address = to_sockaddr(to, impl_->options.interface.index);
    if (::sendto(impl_->uplink.value(), datagram.data(), datagram.size(), MSG_DONTWAIT,
                 address.raw(), address.length) < 0) {
        return error_from_errno(errno, "send to " + to.to_string());
    }
    return {};
}

Status MulticastReceiver::rejoin() {
    // Leaving fails when the interface went away and took the membership with it; joining says so.
    (void)impl_->change_membership(Membership::leave);
    return impl_->change_membership(Membership::join);
}

Result<bool> MulticastReceiver::widen() {
    if (impl_->wide) return false;
    (void)impl_->change_membership(Membership::leave);
    impl_->wide = true;
    auto reports = IgmpSocket::open(impl_->options.interface, impl_->options.group.is_v6());
    if (reports.ok()) impl_->old_reports = std::move(*reports);
    TRY(impl_->change_membership(Membership::join));
    return true;
}

Status MulticastReceiver::leave() {
    impl_->say_old_leave();
    return impl_->change_membership(Membership::leave);
}

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
