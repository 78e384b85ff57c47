// SPDX-License-Identifier: GPL-3.0-or-later
//
// `muster serve`: the site database, the content store, the sessions and the API over HTTPS, wired
// together in one process on one loop. The data folder holds everything:
//
//   site.db  content/  tls.pem (the server's key)  admin.json (the first administrator's login)
//
// except the database where the options name another one.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "mcast/rate_controller.h"
#include "mcast/slow_computers.h"
#include "net/loop.h"
#include "session/network_options.h"

namespace muster::server {

struct ServeOptions {
    std::string data_folder;
    std::string database;  // as store::SiteDatabase::open() takes it; empty: site.db
    std::string listen;    // ADDR:PORT of the API
    session::NetworkOptions network;
    std::uint64_t rate_bits_per_second = 0;
    mcast::RateMode rate_mode = mcast::RateMode::adaptive;
    std::uint32_t unicast_share_percent = 20;
    mcast::SlowPolicy slow_clients = mcast::SlowPolicy::defer;
    bool open_enrolment = false;
};

class SiteServer {
public:
    // Errors name the folder, the address or the interface that is wrong.
    static Result<std::unique_ptr<SiteServer>> create(net::Loop& loop, const ServeOptions& options);
    ~SiteServer();

    Status start();
    std::string address() const;
    std::string admin_file() const;

private:
    struct Parts;
    explicit SiteServer(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace muster::server
