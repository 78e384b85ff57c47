// SPDX-License-Identifier: GPL-3.0-or-later
//
// The multicast sessions of this distribution point: one per deployment and image, made when the
// first computer asks for it and made anew when one comes after it has ended. Keeps the point's
// promises: a group and port for each, the start rules, and all of them together never faster than
// the point may send now.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/interface.h"
#include "net/loop.h"
#include "server/site_settings.h"
#include "session/network_options.h"
#include "session/session_streams.h"
#include "site/deployment.h"
#include "site/image.h"
#include "site/time_zone.h"
#include "store/content_store.h"

namespace muster::server {

struct SessionInfo {
    std::uint32_t session = 0;
    site::DeploymentId deployment;
    std::string image;
    std::uint64_t image_bytes = 0;
    std::vector<std::string> groups;
    site::StartRule rule;
    std::int64_t collection_size = 0;
    session::SenderSnapshot snapshot;
    std::uint64_t limit_bits_per_second = 0;  // by the point's cap and schedule; 0: none
};

class SessionManager {
public:
    struct Callbacks {
        // So many computers has the collection of the deployment now.
        std::function<std::int64_t(const site::Deployment&)> collection_size;
        // So many of them have not ended the deployment yet; 0: not known.
        std::function<std::int64_t(const site::Deployment&)> still_to_come;
        // The zone in which limits by weekday and hour are meant.
        std::function<site::TimeZone()> zone;
        // A session changed its state, or a member did: for the stream of events.
        std::function<void(const SessionInfo&)> on_changed;
    };
    SessionManager(net::Loop& loop, session::NetworkOptions network, const PointSettings& settings,
                   store::ContentStore& content, crypto::SigningKey key, Callbacks callbacks);
    ~SessionManager();

    // Errc::invalid_argument: an interface is not there or not fit for multicast, no group range.
    Status check(const PointSettings& settings) const;
    // New sessions are made by these; limits and maximum numbers hold at once.
    void apply(const PointSettings& settings);

    // May this computer take this image now? Errc::busy: the point is full (says of what).
    Status admit(const site::Deployment& deployment, const site::ImagePackage& image,
                 const std::string& device_name);
    // Errors: the content is missing or damaged, no address is free, the socket cannot be opened.
    Status accept(std::shared_ptr<net::WebSocket> socket, const net::Address& arrived_at,
                  const site::Deployment& deployment, const site::ImagePackage& image,
                  const std::string& device_name);
    // Whoever has been let in as this computer is put out of every session.
    void revoke(const std::string& device_name, const std::string& why);
    // A computer takes blocks by HTTPS. Errc::unavailable: the session is over.
    Result<net::HttpResponse> answer_range(site::DeploymentId deployment, site::ImageId image,
                                           std::string_view object,
                                           const net::HttpRequest& request);
    std::vector<SessionInfo> list() const;
    // These: Errc::not_found, naming the sessions there are; busy: it has ended.
    Result<SessionInfo> find(std::uint32_t session) const;
    Status start_now(std::uint32_t session);
    Status hold(std::uint32_t session, bool held);
    Status end(std::uint32_t session, const std::string& why);
    Status disconnect(std::uint32_t session, const std::string& device_name,
                      const std::string& why);
    void end_of(site::DeploymentId deployment, const std::string& why);
    // What it waits for, or what slows it; one sentence.
    std::string explain(const SessionInfo& info) const;

private:
    struct Entry {
        std::uint32_t session = 0;
        site::Deployment deployment;
        std::string image;
        std::uint64_t image_bytes = 0;
        site::Priority priority = site::Priority::medium;
        std::vector<std::string> groups;
        std::optional<TimePoint> first_member_at;
        std::uint64_t limit_bits_per_second = 0;
        mcast::SenderState state = mcast::SenderState::gathering;
        bool held = false;
        std::unique_ptr<session::SessionStreams> host;  // none once it has ended
        session::SenderSnapshot last;                   // how it ended
    };
    using Key = std::pair<std::int64_t, std::int64_t>;
    Result<Entry*> open(const site::Deployment& deployment, const site::ImagePackage& image);
    session::SessionHostOptions options_for(const site::Deployment& deployment,
                                            const site::ImagePackage& image) const;
    session::SessionHost::Callbacks callbacks_for(std::uint32_t number, const std::string& label);
    Result<std::string> free_group(std::uint32_t session) const;
    Result<Entry*> live(std::uint32_t session);
    SessionInfo info_of(const Entry& entry) const;
    std::uint64_t limit_now() const;
    bool is_live(const Entry& entry) const { return entry.host && !entry.host->ended(); }
    static bool sends(const Entry& entry);
    void share_rate();
    void make_room();
    void check_starts();
    void changed(std::uint32_t session);
    void release(std::uint32_t session);
    void tick();

    net::Loop& loop_;
    session::NetworkOptions network_;
    PointSettings settings_;
    store::ContentStore& content_;
    crypto::SigningKey key_;
    Callbacks callbacks_;
    std::map<Key, Entry> entries_;
    std::vector<net::Timer> release_;
    net::Timer tick_;
};

}  // namespace muster::server
