// SPDX-License-Identifier: GPL-3.0-or-later
//
// UDP for the transport: one system call for many datagrams, never an IP fragment, and a receive
// buffer whose real size is known. The sender's socket also receives the uplink (unicast NAKs);
// the receiver owns a second, unicast socket for them, because its first is bound to the group.
//
// Each object belongs to one thread. fd() is for wait_readable().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/interface.h"

namespace muster::net {

// A received datagram; the bytes live in the socket's buffers until its next receive.
struct Datagram {
    Address from;
    ByteSpan bytes;
};

struct MulticastSenderOptions {
    Interface interface;  // from resolve_interface()
    Address group;        // with its port; IPv4 or IPv6
    std::uint16_t local_port = 0;
    int ttl = 1;        // IPv6: the hop limit
    bool loop = false;  // receivers on this very machine get it too
    int dscp = 0;       // 0 to 63; 1 is Lower Effort (RFC 8622), 8 is CS1
    bool gso = true;    // let the kernel or the card cut runs of equal datagrams (UDP_SEGMENT)
    std::size_t send_buffer_bytes = 4u << 20;
    std::size_t receive_buffer_bytes = 4u << 20;
};

class MulticastSender {
public:
    // Errc::invalid_argument: no multicast group; Errc::busy: the local port is taken; others name
    // the step and the interface.
    static Result<MulticastSender> open(const MulticastSenderOptions& options);
    MulticastSender(MulticastSender&&) noexcept;
    MulticastSender& operator=(MulticastSender&&) noexcept;
    ~MulticastSender();

    // How many of the datagrams, in their order, the kernel has taken; blocks while its buffer is
    // full. An Error only when it took none: Errc::invalid_argument for one larger than the
    // interface's MTU (they are never fragmented), Errc::unavailable when the interface went down.
    Result<std::size_t> send_batch(std::span<const ByteSpan> datagrams);
    // One datagram to one receiver.
    Status send_to(const Address& to, ByteSpan datagram);
    // What came by unicast to local_port(), at most out.size() datagrams; 0 when nothing is there.
    Result<std::size_t> receive_batch(std::span<Datagram> out);

    std::uint16_t local_port() const;
    // The interface's address with local_port(): where receivers send their NAKs.
    Address local_address() const;
    int fd() const;
    // False when the option was off or the kernel refused it once.
    bool gso_active() const;
    // Uplink datagrams the kernel dropped because its buffer was full.
    std::uint64_t kernel_drops() const;

private:
    struct Impl;
    explicit MulticastSender(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct MulticastReceiverOptions {
    Interface interface;            // from resolve_interface()
    Address group;                  // with its port; IPv4 or IPv6
    std::optional<Address> source;  // with it the join is source specific (IGMPv3, MLDv2)
    std::size_t receive_buffer_bytes = 32u << 20;
    bool gro = true;  // take merged datagrams in one message (UDP_GRO)
};

class MulticastReceiver {
public:
    // Errc::invalid_argument: no group, or a source-specific one without a source; Errc::busy:
    // the port is taken by a program that does not share it; others name the step.
    static Result<MulticastReceiver> open(const MulticastReceiverOptions& options);
    MulticastReceiver(MulticastReceiver&&) noexcept;
    MulticastReceiver& operator=(MulticastReceiver&&) noexcept;
    ~MulticastReceiver();

    // Waits up to TIMEOUT (zero: not at all, negative: for ever) for datagrams and returns the
    // batch that is there, empty when the time is over. Valid until the next receive().
    Result<std::span<const Datagram>> receive(Duration timeout = Duration::zero());
    // A datagram by unicast (a NAK), from the interface's address and a port of its own.
    Status send_to(const Address& to, ByteSpan datagram);
    // Leaves the group and joins it again, so that a switch that has forgotten us hears a report.
    Status rejoin();
    // Leaves the group; rejoin() comes back.
    Status leave();
    // From now on the group is joined from any source, and every join is also reported as IGMPv2
    // and MLDv1 do it, where we may (CAP_NET_RAW): for switches that do not understand the newer
    // reports. False when it was already so.
    Result<bool> widen();

    int fd() const;
    // Source of what send_to() sends.
    Address local_address() const;
    // Bytes the kernel granted of the receive buffer wanted.
    std::size_t receive_buffer_bytes() const;
    // What to set when the kernel capped the receive buffer: one line for people.
    std::optional<std::string> warning() const;
    // Datagrams the kernel dropped because the buffer was full (SO_RXQ_OVFL): local loss, not the
    // network's.
    std::uint64_t kernel_drops() const;
    // Datagrams that were larger than any we send and therefore thrown away.
    std::uint64_t truncated() const;

private:
    struct Impl;
    explicit MulticastReceiver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::net
