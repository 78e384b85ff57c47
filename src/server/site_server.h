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
#include "base/value.h"
#include "net/loop.h"
#include "session/network_options.h"

namespace muster::server {

struct ServeOptions {
    std::string data_folder;
    std::string database;  // as SiteDatabase::open takes it; empty: site.db of the data folder
    std::string listen;    // ADDR:PORT of the API
    // What is not a setting of the distribution point: Wi-Fi and the querier.
    session::NetworkOptions network;
    // Put over the settings of the default distribution point: PointSettings of docs/api.yaml.
    Value point_settings = Value::map();
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
