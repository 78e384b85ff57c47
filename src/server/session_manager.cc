// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session_manager.h"

#include <spdlog/spdlog.h>

#include "net/random.h"

namespace muster::server {

SessionManager::SessionManager(net::Loop& loop, const DistributionPoint& point,
                               store::ContentStore& content, crypto::SigningKey key)
    : loop_(loop), point_(point), content_(content), key_(std::move(key)) {}

SessionManager::~SessionManager() = default;

Result<SessionManager::Entry*> SessionManager::open(const site::Deployment& deployment,
                                                    const site::ImagePackage& image) {
    Entry& entry = entries_[{deployment.id.value, image.id.value}];
    if (entry.host && !entry.host->ended()) return &entry;
    const auto stored = TRY(content_.find(image.content_id).context("image " + image.name));
    const auto manifest = TRY(store::read_manifest(stored));
    auto source = TRY(session::ContentSource::open(stored.image_path, manifest,
                                                   session::layout_for(manifest.descriptor())));
    session::SessionHostOptions options;
    options.name = image.name;
    options.key = key_;
    auto& engine = options.engine;
    net::fill_random(std::as_writable_bytes(std::span(&engine.session, 1)));
    engine.ttl = point_.network.ttl;
    engine.dscp = point_.network.dscp;
    engine.core.rate_bits_per_second = point_.rate_bits_per_second;
    engine.core.rate_mode = point_.rate_mode;
    engine.core.start.min_members = static_cast<std::uint32_t>(deployment.start_rule.min_clients);
    engine.core.start.max_wait = std::chrono::seconds(deployment.start_rule.max_wait_seconds);
    engine.core.start.wait_from_first_member = true;
    options.unicast.path = "/api/v1/deployments/" + std::to_string(deployment.id.value) +
                           "/images/" + std::to_string(image.id.value) + "/content";
    options.unicast.share_percent = point_.unicast_share_percent;
    options.unicast.multicast_only = image.multicast_only;
    engine.core.policy = point_.slow_clients;
    const std::string label = "session " + std::to_string(engine.session) + " (" + image.name + ")";
    session::SessionHost::Callbacks callbacks;
    callbacks.on_member = [label](const mcast::MemberChanged& change) {
        spdlog::info("{}: {} {}{}{}", label, change.name, mcast::to_string(change.state),
                     change.why.empty() ? "" : ": ", change.why);
    };
    callbacks.on_forgery = [label](const std::string& name, const std::string& words) {
        spdlog::warn("{}: {}: {}", label, name, words);
    };
    callbacks.on_delivery = [label](const mcast::DeliveryChanged& change) {
        spdlog::info("{}: {} {}{}{}", label, change.name,
                     change.delivery == mcast::Delivery::multicast ? "is reached by multicast"
                     : change.delivery == mcast::Delivery::unicast ? "takes blocks by HTTPS"
                                                                   : "waits for multicast",
                     change.why.empty() ? "" : ": ", change.why);
    };
    const std::uint32_t number = engine.session;
    callbacks.on_state = [this, number, label](mcast::SenderState state, const std::string& why) {
        // Time for the last words to reach the members; then its threads and memory go.
        if (state == mcast::SenderState::ended) {
            release_.push_back(
                loop_.after(std::chrono::seconds(2), [this, number] { release(number); }));
        }
        spdlog::info("{}: {}: {}", label,
                     state == mcast::SenderState::running ? "running"
                     : state == mcast::SenderState::ended ? "ended"
                                                          : "idle",
                     why);
    };
    entry.host = TRY(session::SessionStreams::create(
        loop_, options, point_.interfaces, point_.network.group, std::move(source), callbacks));
    entry.session = engine.session;
    entry.deployment = deployment.id;
    entry.image = image.name;
    entry.image_bytes = stored.image_bytes;
    for (std::size_t i = 0; i < point_.interfaces.size(); ++i) {
        spdlog::info("{}: made for deployment {}, group {} on {}", label, deployment.id.value,
                     entry.host->groups()[i].to_string(), point_.interfaces[i].name);
    }
    return &entry;
}

void SessionManager::release(std::uint32_t session) {
    for (auto& [key, entry] : entries_) {
        if (!entry.host || entry.session != session) continue;
        entry.last = entry.host->snapshot();
        entry.host.reset();
    }
}

Status SessionManager::accept(std::shared_ptr<net::WebSocket> socket,
                              const net::Address& arrived_at, const site::Deployment& deployment,
                              const site::ImagePackage& image, const std::string& device_name) {
    Entry* entry = TRY(open(deployment, image));
    entry->host->accept(std::move(socket), device_name, arrived_at);
    return {};
}

void SessionManager::revoke(const std::string& device_name) {
    for (auto& [key, entry] : entries_) {
        if (entry.host) entry.host->revoke(device_name);
    }
}

Result<net::HttpResponse> SessionManager::answer_range(site::DeploymentId deployment,
                                                       site::ImageId image, std::string_view object,
                                                       const net::HttpRequest& request) {
    const auto it = entries_.find({deployment.value, image.value});
    if (it == entries_.end() || !it->second.host) {
        return Error(Errc::unavailable, "there is no session of this deployment and image");
    }
    return it->second.host->answer_range(object, request);
}

std::vector<SessionInfo> SessionManager::list() const {
    std::vector<SessionInfo> list;
    for (const auto& [key, entry] : entries_) {
        if (entry.session == 0) continue;
        list.push_back({entry.session, entry.deployment, entry.image, entry.image_bytes,
                        entry.host ? entry.host->snapshot() : entry.last});
    }
    return list;
}

Status SessionManager::start_now(std::uint32_t session) {
    for (auto& [key, entry] : entries_) {
        if (!entry.host || entry.session != session) continue;
        entry.host->start_now();
        return {};
    }
    return Error(Errc::not_found, "no session " + std::to_string(session));
}

}  // namespace muster::server
