// SPDX-License-Identifier: GPL-3.0-or-later
//
// The agent: the program on the computer that is being imaged. It keeps one connection to the
// server, asks what to do, runs the task sequence it is given and reports every step. It needs no
// writable disk of its own: the image lies in memory or at the end of the disk it will live on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "net/interface.h"
#include "net/loop.h"

namespace muster::agent {

struct AgentOptions {
    std::string server;       // ADDR:PORT
    std::string token;        // of this device
    std::string fingerprint;  // of the server's key
    std::string interface;
    net::Wifi wifi = net::Wifi::refused;
    std::vector<std::string> disks;  // in the order the task sequence counts them; empty: look
    std::string work_folder = "/run/muster";   // small and in memory
    std::uint64_t memory_bytes = 512u << 20;   // for everything the agent does
    Value hardware;                            // what the computer says of itself (hardware.h)
    std::string environment = "network boot";  // or "media", "running systems"
    bool once = false;  // end after one task sequence instead of waiting for the next
};

class Agent {
public:
    Agent(net::Loop& loop, AgentOptions options);
    ~Agent();
    // Ends by stopping the loop; result() then says how the last sequence ended.
    void start();
    Status result() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::agent
