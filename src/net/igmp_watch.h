// SPDX-License-Identifier: GPL-3.0-or-later
//
// Watches, for a server that sends through an interface, whether anybody asks who listens
// (Querier), tells people, and asks in their stead when it is to.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/interface.h"
#include "net/loop.h"
#include "net/querier.h"

namespace muster::net {

struct IgmpWatchOptions {
    Interface interface;
    bool v6 = false;
    QuerierOptions querier;
};

// Loop's thread.
class IgmpWatch {
public:
    // ON_NOTICE gets one sentence at every change: "eth0: 10.0.0.1 is the IGMP querier", "eth0: no
    // IGMP querier heard for 130 s: ...". Errors as IgmpSocket::open().
    static Result<std::unique_ptr<IgmpWatch>> start(
        Loop& loop, const IgmpWatchOptions& options,
        std::function<void(const std::string&)> on_notice);
    ~IgmpWatch();

private:
    struct Impl;
    explicit IgmpWatch(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::net
