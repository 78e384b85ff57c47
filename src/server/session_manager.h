// SPDX-License-Identifier: GPL-3.0-or-later
//
// The multicast sessions of this distribution point: one per deployment and image, made when the
// first computer asks for it and made anew when one comes after it has ended.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/interface.h"
#include "net/loop.h"
#include "session/network_options.h"
#include "session/session_streams.h"
#include "site/deployment.h"
#include "site/image.h"
#include "store/content_store.h"

namespace muster::server {

struct DistributionPoint {
    std::vector<net::Interface> interfaces;
    std::uint64_t rate_bits_per_second = 0;
    mcast::RateMode rate_mode = mcast::RateMode::adaptive;
    session::NetworkOptions network;
    std::uint32_t unicast_share_percent = 20;
    mcast::SlowPolicy slow_clients = mcast::SlowPolicy::defer;
};

struct SessionInfo {
    std::uint32_t session = 0;
    site::DeploymentId deployment;
    std::string image;
    std::uint64_t image_bytes = 0;
    session::SenderSnapshot snapshot;
};

class SessionManager {
public:
    SessionManager(net::Loop& loop, const DistributionPoint& point, store::ContentStore& content,
                   crypto::SigningKey key);
    ~SessionManager();

    // Errors: the content is missing or damaged, the socket cannot be opened.
    Status accept(std::shared_ptr<net::WebSocket> socket, const net::Address& arrived_at,
                  const site::Deployment& deployment, const site::ImagePackage& image,
                  const std::string& device_name);
    // A new token for this computer: whoever has the old one is put out of every session.
    void revoke(const std::string& device_name);
    // A computer takes blocks by HTTPS. Errc::unavailable: the session is over.
    Result<net::HttpResponse> answer_range(site::DeploymentId deployment, site::ImageId image,
                                           std::string_view object,
                                           const net::HttpRequest& request);
    std::vector<SessionInfo> list() const;
    // Errc::not_found.
    Status start_now(std::uint32_t session);

private:
    struct Entry {
        std::uint32_t session = 0;
        site::DeploymentId deployment;
        std::string image;
        std::uint64_t image_bytes = 0;
        std::unique_ptr<session::SessionStreams> host;  // none once it has ended
        session::SenderSnapshot last;                   // how it ended
    };
    void release(std::uint32_t session);
    Result<Entry*> open(const site::Deployment& deployment, const site::ImagePackage& image);

    net::Loop& loop_;
    DistributionPoint point_;
    store::ContentStore& content_;
    crypto::SigningKey key_;
    std::map<std::pair<std::int64_t, std::int64_t>, Entry> entries_;
    std::vector<net::Timer> release_;
};

}  // namespace muster::server
