// SPDX-License-Identifier: GPL-3.0-or-later
//
// The control messages as JSON text (docs/protocol.md, "Control"). A member's connection:
//
//   member -> hello {protocol, name}
//   server -> offer {session, layout, image}      what there is; the member looks what it has
//   member -> join  {want}
//   server -> welcome {member, keys, group ...}   or the connection is closed with the reason
//   server -> started, order ..., ended           member -> report ..., left, finished
//   server -> rekey {secret}                      member -> rekeyed
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "content/manifest.h"
#include "mcast/control.h"
#include "mcast/group_seal.h"
#include "mcast/layout.h"

namespace muster::session {

struct Hello {
    std::uint32_t protocol_version = mcast::kProtocolVersion;
    std::string name;
};

// Where a member that multicast does not reach takes its blocks: PATH/manifest and PATH/image, by
// ranges. The limits are of all members together and kept by the server.
struct UnicastOffer {
    std::string path;  // empty: nowhere
    std::uint64_t rate_bits_per_second = 0;
    std::uint32_t max_connections = 0;
};

struct Offer {
    std::uint32_t session = 0;
    std::string name;  // of the image or file, for people
    mcast::LayoutOptions layout;
    content::Descriptor image;
    Bytes public_key;  // of the server, and its signature (signed_offer.h)
    Bytes signature;
    UnicastOffer unicast;
    bool multicast_only = false;  // why there is no path
};

struct Welcome {
    mcast::MemberNumber member;
    std::uint8_t stream = 0;
    std::string group;   // "239.192.0.1:5000"
    std::string source;  // the sender's address
    std::string uplink;  // where NAKs go, "10.0.0.1:40000"
    mcast::GroupSecret group_secret;
    std::uint64_t epoch_packets = mcast::kEpochPackets;
    mcast::Secret uplink_secret{};
    std::uint64_t rate_bits_per_second = 0;
};

// Somebody who had the group's secret is out; here is a fresh one, to be used from when a datagram
// names it. The answer is that it is there.
struct Rekey {
    mcast::GroupSecret secret;
};
struct Rekeyed {
    std::uint32_t rekeys = 0;
};

using ToServer = std::variant<Hello, mcast::JoinRequest, mcast::MemberReport, mcast::MemberFinished,
                              mcast::MemberLeft, Rekeyed, mcast::MemberProbed>;
using ToMember = std::variant<Offer, Welcome, Rekey, mcast::SessionStarted, mcast::SessionEnded,
                              mcast::MemberOrder>;

std::string to_text(const ToServer& message);
std::string to_text(const ToMember& message);
// Errc::invalid_argument or Errc::corrupt: what is wrong and where.
Result<ToServer> parse_to_server(std::string_view text);
Result<ToMember> parse_to_member(std::string_view text);

}  // namespace muster::session
