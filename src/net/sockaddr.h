// SPDX-License-Identifier: GPL-3.0-or-later
//
// Addresses as the kernel wants them, and the few socket calls that every socket of this folder
// makes. Used inside net only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "base/result.h"
#include "net/address.h"
#include "net/fd.h"

namespace muster::net {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

// An IPv6 address that means something on one link only needs the interface's index; others
// ignore it.
SocketAddress to_sockaddr(const Address& address, unsigned interface_index = 0);
// Empty for a family that is neither IPv4 nor IPv6.
std::optional<Address> from_sockaddr(const sockaddr* address, socklen_t length);
in_addr to_in_addr(const Address& address);

Result<UniqueFd> open_udp_socket(bool v6 = false);
// WHAT is what failed, for the message: "join 239.192.0.1 on eth0".
Status set_option(int fd, int level, int name, int value, std::string_view what);
Result<Address> local_address_of(int fd);

// Asks for WANTED bytes, past the kernel's limit where the process may, and returns the bytes
// of payload memory that the kernel granted. DIRECTION is SO_RCVBUF or SO_SNDBUF.
std::size_t size_buffer(int fd, int direction, std::size_t wanted_bytes);

}  // namespace muster::net
