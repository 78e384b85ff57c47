// SPDX-License-Identifier: GPL-3.0-or-later
//
// The transport alone, for anybody who would use udpcast or uftp: one sender, some receivers, one
// file, no site around it. Both functions run until the transfer is over and return the exit code
// of command line tools (output.h).
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "mcast/group_seal.h"
#include "mcast/rate_controller.h"
#include "mcast/slow_computers.h"
#include "session/network_options.h"

namespace muster::cli {

struct SendOptions {
    std::string file;
    std::string listen;
    std::string token_file;
    std::uint64_t rate_bits_per_second = 0;
    mcast::RateMode rate_mode = mcast::RateMode::adaptive;
    std::uint32_t receivers = 1;
    std::int64_t max_wait_seconds = 60;
    std::uint64_t epoch_packets = mcast::kEpochPackets;
    session::NetworkOptions network;
    std::uint32_t unicast_share_percent = 20;
    bool multicast_only = false;
    mcast::SlowPolicy slow_clients = mcast::SlowPolicy::defer;
    bool json = false;
};
int run_send(const SendOptions& options);

struct ReceiveOptions {
    std::string server;
    std::string token_file;
    std::string interface;
    std::string out;
    std::string name;  // empty: host name and address
    std::uint64_t memory_bytes = 128u << 20;
    std::int64_t retry_seconds = 60;
    net::Wifi wifi = net::Wifi::refused;
    bool json = false;
};
int run_receive(const ReceiveOptions& options);

// Where a member asks to be let in.
inline constexpr const char* kTransferTarget = "/member";
// Where it takes what multicast does not bring: .../manifest and .../image.
inline constexpr const char* kContentTarget = "/content";

}  // namespace muster::cli
