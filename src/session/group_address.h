// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/address.h"

namespace muster::session {

// The session's group: the one written ("239.1.2.3:5000"), or, when the text is empty, one of
// 239.192/14 (organisation-local scope, RFC 2365) and a port of 49152 to 65535, drawn from the
// session's number. Groups x.0.0.y and x.128.0.y, which many switches flood because their MAC
// addresses equal those of 224.0.0.y, are not drawn.
Result<net::Address> group_address(const std::string& text, std::uint32_t session);

}  // namespace muster::session
