// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which multicast groups and ports a distribution point may use: "auto", "ssm", "asm", "ssm6",
// "asm6" (drawn by session/group_address.h), or a range of its own as the administrator and the
// routers of his network know it, "239.1.0.0-239.1.0.255".
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/result.h"
#include "net/interface.h"

namespace muster::server {

// Errc::invalid_argument: neither a word nor a range within 239.0.0.0/8 or 232.0.0.0/8.
Status check_group_range(const std::string& text);

// A group and port for a session, as session::group_address takes it, that is not among `taken`
// ("239.1.2.3:5000"). Words draw by `session`; ranges give the first free. Errc::no_space: all are
// taken.
Result<std::string> choose_group(const std::string& range, std::uint16_t first_port,
                                 std::uint16_t last_port, std::uint32_t session,
                                 const net::Interface& interface,
                                 const std::set<std::string>& taken);

}  // namespace muster::server
