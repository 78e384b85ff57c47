// SPDX-License-Identifier: GPL-3.0-or-later
//
// Wakes computers when a deployment that asks for it begins: at once, or at its time.
#pragma once

#include <functional>

#include "net/loop.h"
#include "store/database.h"

namespace muster::server {

class WakeUp {
public:
    using Wake = std::function<void(const site::Deployment&)>;
    WakeUp(net::Loop& loop, store::SiteDatabase& database, Wake wake);

    // A deployment was made or changed.
    void reconsider();

private:
    void run();
    Status check();

    net::Loop& loop_;
    store::SiteDatabase& database_;
    Wake wake_;
    site::WallTime checked_;  // what began before has been woken
    net::Timer timer_;
};

// When its computers are to run it: the deadline, or when it becomes available; 1970: at once.
site::WallTime beginning(const site::Deployment& deployment);

}  // namespace muster::server
