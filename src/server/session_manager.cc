// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session_manager.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "net/monotonic.h"
#include "net/random.h"
#include "server/clock.h"
#include "server/group_range.h"
#include "site/calendar.h"

namespace muster::server {

namespace {

constexpr Duration kTick = std::chrono::milliseconds(200);

// Rules that the sender's core does not know are kept by check_starts().
bool is_simple(const site::StartRule& rule) {
    return !rule.by_hand && !rule.when_all && !site::is_set(rule.at);
}

std::uint64_t weight_of(site::Priority priority) {
    return priority == site::Priority::high ? 4 : priority == site::Priority::medium ? 2 : 1;
}

std::uint64_t least_of(std::uint64_t a, std::uint64_t b) {
    return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

std::string words_for(mcast::Delivery delivery) {
    return delivery == mcast::Delivery::multicast ? "is reached by multicast"
           : delivery == mcast::Delivery::unicast ? "takes blocks by HTTPS"
                                                  : "waits for multicast";
}

}  // namespace

SessionManager::SessionManager(net::Loop& loop, session::NetworkOptions network,
                               const PointSettings& settings, store::ContentStore& content,
                               crypto::SigningKey key, Callbacks callbacks)
    : loop_(loop),
      network_(std::move(network)),
      settings_(settings),
      content_(content),
      key_(std::move(key)),
      callbacks_(std::move(callbacks)) {
    tick_ = loop_.after(kTick, [this] { tick(); });
}

SessionManager::~SessionManager() = default;

Status SessionManager::check(const PointSettings& settings) const {
    session::NetworkOptions network = network_;
    network.interfaces = settings.interfaces;
    const auto interfaces = session::resolve_interfaces(network);
    if (!interfaces.ok()) {
        const Error& error = interfaces.error();
        const bool wrong = error.code() == Errc::not_found;
        return Error(wrong ? Errc::invalid_argument : error.code(),
                     "interfaces: " + error.message());
    }
    return check_group_range(settings.groups).context("groups");
}

void SessionManager::apply(const PointSettings& settings) {
    settings_ = settings;
    share_rate();
}

// ---- making one ----

Result<std::string> SessionManager::free_group(std::uint32_t session) const {
    std::set<std::string> taken;
    std::string holders;
    for (const auto& [key, entry] : entries_) {
        if (!is_live(entry)) continue;
        taken.insert(entry.groups.begin(), entry.groups.end());
        holders += (holders.empty() ? "" : ", ") + std::to_string(entry.session) + " (" +
                   entry.image + ", " + entry.groups.front() + ")";
    }
    session::NetworkOptions network = network_;
    network.interfaces = settings_.interfaces;
    const auto interfaces = TRY(session::resolve_interfaces(network));
    auto chosen = choose_group(settings_.groups, static_cast<std::uint16_t>(settings_.first_port),
                               static_cast<std::uint16_t>(settings_.last_port), session,
                               interfaces.front(), taken);
    if (chosen.ok()) return chosen;
    return Error(chosen.error().code(), chosen.error().message() + "; sessions hold them: " +
                                            holders + "; end one, or widen the point's groups");
}

session::SessionHostOptions SessionManager::options_for(const site::Deployment& deployment,
                                                        const site::ImagePackage& image) const {
    session::SessionHostOptions options;
    options.name = image.name;
    options.key = key_;
    auto& engine = options.engine;
    net::fill_random(std::as_writable_bytes(std::span(&engine.session, 1)));
    engine.ttl = settings_.ttl;
    engine.dscp = settings_.dscp;
    engine.core.rate_bits_per_second = settings_.rate_bits_per_second;
    engine.core.rate_mode = settings_.rate_mode;
    const auto& rule = deployment.start_rule;
    engine.core.start.wait_from_first_member = true;
    engine.core.start.min_members = std::numeric_limits<std::uint32_t>::max();
    engine.core.start.max_wait = std::chrono::hours(24 * 365);
    if (is_simple(rule)) {
        if (rule.min_clients > 0) {
            engine.core.start.min_members = static_cast<std::uint32_t>(rule.min_clients);
        }
        if (rule.max_wait_seconds > 0) {
            engine.core.start.max_wait = std::chrono::seconds(rule.max_wait_seconds);
        }
    }
    options.unicast.path = "/api/v1/deployments/" + std::to_string(deployment.id.value) +
                           "/images/" + std::to_string(image.id.value) + "/content";
    options.unicast.share_percent = settings_.unicast_share_percent;
    options.unicast.multicast_only = image.multicast_only;
    engine.core.policy = settings_.slow_clients;
    return options;
}

session::SessionHost::Callbacks SessionManager::callbacks_for(std::uint32_t number,
                                                              const std::string& label) {
    session::SessionHost::Callbacks callbacks;
    callbacks.on_member = [this, number, label](const mcast::MemberChanged& change) {
        spdlog::info("{}: {} {}{}{}", label, change.name, mcast::to_string(change.state),
                     change.why.empty() ? "" : ": ", change.why);
        changed(number);
    };
    callbacks.on_forgery = [label](const std::string& name, const std::string& words) {
        spdlog::warn("{}: {}: {}", label, name, words);
    };
    callbacks.on_delivery = [label](const mcast::DeliveryChanged& change) {
        spdlog::info("{}: {} {}{}{}", label, change.name, words_for(change.delivery),
                     change.why.empty() ? "" : ": ", change.why);
    };
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
        for (auto& [key, entry] : entries_) {
            if (entry.session == number) entry.state = state;
        }
        share_rate();
        changed(number);
    };
    return callbacks;
}

Result<SessionManager::Entry*> SessionManager::open(const site::Deployment& deployment,
                                                    const site::ImagePackage& image) {
    const Key key{deployment.id.value, image.id.value};
    if (const auto it = entries_.find(key); it != entries_.end() && is_live(it->second)) {
        return &it->second;
    }
    const auto stored = TRY(content_.find(image.content_id).context("image " + image.name));
    const auto manifest = TRY(store::read_manifest(stored));
    auto source = TRY(session::ContentSource::open(stored.image_path, manifest,
                                                   session::layout_for(manifest.descriptor())));
    const auto options = options_for(deployment, image);
    const std::uint32_t number = options.engine.session;
    const std::string label = "session " + std::to_string(number) + " (" + image.name + ")";
    const std::string group = TRY(free_group(number));
    session::NetworkOptions network = network_;
    network.interfaces = settings_.interfaces;
    const auto interfaces = TRY(session::resolve_interfaces(network));
    auto host = TRY(session::SessionStreams::create(
        loop_, options, interfaces, group, std::move(source), callbacks_for(number, label)));
    Entry& entry = entries_[key];
    entry = Entry();
    entry.host = std::move(host);
    entry.session = number;
    entry.deployment = deployment;
    entry.image = image.name;
    entry.image_bytes = stored.image_bytes;
    entry.priority = image.priority;
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
        entry.groups.push_back(entry.host->groups()[i].to_string());
        spdlog::info("{}: made for deployment {}, group {} on {}", label, deployment.id.value,
                     entry.groups.back(), interfaces[i].name);
    }
    share_rate();
    return &entry;
}

// Sessions that wait only for those who may still come give their place to one that is needed.
void SessionManager::make_room() {
    for (auto& [key, entry] : entries_) {
        if (!is_live(entry) || entry.state != mcast::SenderState::lingering) continue;
        if (entry.host->connected().empty()) entry.host->end("its address is needed");
    }
}

Status SessionManager::admit(const site::Deployment& deployment, const site::ImagePackage& image,
                             const std::string& device_name) {
    if (!settings_.multicast) {
        return Error(Errc::busy,
                     "multicast is switched off on this distribution point (muster "
                     "settings set --point multicast=true)");
    }
    std::int64_t sessions = 0;
    std::set<std::string> clients;
    bool joins_one = false;
    bool has_group = false;
    for (const auto& [key, entry] : entries_) {
        if (!is_live(entry)) continue;
        // As they are now: what a session publishes for people is a moment old.
        for (const auto& name : entry.host->connected()) clients.insert(name);
        const bool is_it = key == Key{deployment.id.value, image.id.value};
        has_group = has_group || is_it;
        if (entry.state == mcast::SenderState::lingering) continue;
        ++sessions;
        joins_one = joins_one || is_it;
    }
    clients.erase(device_name);
    if (!joins_one && settings_.maximum_sessions > 0 && sessions >= settings_.maximum_sessions) {
        return Error(Errc::busy, "the distribution point has its maximum of " +
                                     std::to_string(settings_.maximum_sessions) + " sessions");
    }
    if (settings_.maximum_clients > 0 &&
        static_cast<std::int64_t>(clients.size()) >= settings_.maximum_clients) {
        return Error(Errc::busy, "the distribution point has its maximum of " +
                                     std::to_string(settings_.maximum_clients) + " clients");
    }
    const auto group = has_group ? Result<std::string>("") : free_group(0);
    if (group.ok()) return {};
    make_room();
    return Error(Errc::busy, group.error().message());
}

Status SessionManager::accept(std::shared_ptr<net::WebSocket> socket,
                              const net::Address& arrived_at, const site::Deployment& deployment,
                              const site::ImagePackage& image, const std::string& device_name) {
    Entry* entry = TRY(open(deployment, image));
    entry->host->accept(std::move(socket), device_name, arrived_at);
    return {};
}

// ---- while they run ----

void SessionManager::tick() {
    check_starts();
    share_rate();
    tick_ = loop_.after(kTick, [this] { tick(); });
}

void SessionManager::check_starts() {
    for (auto& [key, entry] : entries_) {
        if (!is_live(entry) || is_simple(entry.deployment.start_rule)) continue;
        const auto snapshot = entry.host->snapshot();
        if (snapshot.state != mcast::SenderState::gathering) continue;
        const TimePoint now = net::monotonic_now();
        if (snapshot.live_members == 0) entry.first_member_at.reset();
        if (snapshot.live_members > 0 && !entry.first_member_at) entry.first_member_at = now;
        const Duration waited = entry.first_member_at ? now - *entry.first_member_at : Duration{};
        if (site::session_may_start(entry.deployment.start_rule, snapshot.live_members, waited,
                                    callbacks_.still_to_come(entry.deployment), wall_now())) {
            entry.host->start_now();
        }
    }
}

std::uint64_t SessionManager::limit_now() const {
    const auto local = site::to_local(wall_now(), callbacks_.zone());
    const auto scheduled = settings_.limits.limit_at(site::week_minute(local));
    return least_of(settings_.cap_bits_per_second,
                    scheduled ? static_cast<std::uint64_t>(*scheduled) : 0);
}

bool SessionManager::sends(const Entry& entry) {
    return entry.state == mcast::SenderState::running && !entry.held;
}

// What the point may send now is shared by the sessions that send, by their images' priority. One
// that does not yet may begin with no more than it will have then.
void SessionManager::share_rate() {
    const std::uint64_t limit = limit_now();
    std::uint64_t sending = 0;
    for (const auto& [key, entry] : entries_) {
        if (is_live(entry) && sends(entry)) sending += weight_of(entry.priority);
    }
    for (auto& [key, entry] : entries_) {
        if (!is_live(entry)) continue;
        const std::uint64_t own = weight_of(entry.priority);
        const std::uint64_t weights = sending + (sends(entry) ? 0 : own);
        const std::uint64_t share =
            limit == 0 ? 0 : std::max<std::uint64_t>(limit * own / weights, 1);
        if (share == entry.limit_bits_per_second) continue;
        entry.limit_bits_per_second = share;
        entry.host->limit_rate(share);
    }
}

void SessionManager::changed(std::uint32_t session) {
    if (!callbacks_.on_changed) return;
    const auto info = find(session);
    if (info.ok()) callbacks_.on_changed(*info);
}

void SessionManager::release(std::uint32_t session) {
    for (auto& [key, entry] : entries_) {
        if (!entry.host || entry.session != session) continue;
        entry.last = entry.host->snapshot();
        entry.host.reset();
    }
    std::erase_if(release_, [](const net::Timer& timer) { return !timer.pending(); });
}

void SessionManager::revoke(const std::string& device_name, const std::string& why) {
    for (auto& [key, entry] : entries_) {
        if (entry.host) entry.host->revoke(device_name, why);
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

// ---- for administrators ----

SessionInfo SessionManager::info_of(const Entry& entry) const {
    SessionInfo info;
    info.session = entry.session;
    info.deployment = entry.deployment.id;
    info.image = entry.image;
    info.image_bytes = entry.image_bytes;
    info.groups = entry.groups;
    info.rule = entry.deployment.start_rule;
    info.collection_size = callbacks_.collection_size(entry.deployment);
    info.snapshot = entry.host ? entry.host->snapshot() : entry.last;
    info.limit_bits_per_second = entry.limit_bits_per_second;
    return info;
}

std::vector<SessionInfo> SessionManager::list() const {
    std::vector<SessionInfo> list;
    for (const auto& [key, entry] : entries_) list.push_back(info_of(entry));
    return list;
}

Result<SessionInfo> SessionManager::find(std::uint32_t session) const {
    std::string known;
    for (const auto& [key, entry] : entries_) {
        if (entry.session == session) return info_of(entry);
        known += (known.empty() ? "" : ", ") + std::to_string(entry.session);
    }
    return Error(Errc::not_found, "no session " + std::to_string(session) +
                                      " (known: " + (known.empty() ? "none" : known) + ")");
}

Result<SessionManager::Entry*> SessionManager::live(std::uint32_t session) {
    TRY(find(session));
    for (auto& [key, entry] : entries_) {
        if (entry.session == session && is_live(entry)) return &entry;
    }
    return Error(Errc::busy, "session " + std::to_string(session) + " has ended");
}

Status SessionManager::start_now(std::uint32_t session) {
    TRY(live(session))->host->start_now();
    return {};
}

Status SessionManager::hold(std::uint32_t session, bool held) {
    Entry* entry = TRY(live(session));
    entry->host->hold(held);
    entry->held = held;
    share_rate();
    return {};
}

Status SessionManager::end(std::uint32_t session, const std::string& why) {
    TRY(live(session))->host->end(why);
    return {};
}

Status SessionManager::disconnect(std::uint32_t session, const std::string& device_name,
                                  const std::string& why) {
    Entry* entry = TRY(live(session));
    std::string known;
    for (const auto& member : entry->host->snapshot().members) {
        if (member.name == device_name) {
            entry->host->revoke(device_name, why);
            return {};
        }
        known += (known.empty() ? "" : ", ") + member.name;
    }
    return Error(Errc::not_found, device_name + " is not in session " + std::to_string(session) +
                                      " (there are: " + (known.empty() ? "none" : known) + ")");
}

void SessionManager::end_of(site::DeploymentId deployment, const std::string& why) {
    for (auto& [key, entry] : entries_) {
        if (entry.deployment.id == deployment && is_live(entry)) entry.host->end(why);
    }
}

std::string SessionManager::explain(const SessionInfo& info) const {
    const auto& now = info.snapshot;
    const std::string what = "session " + std::to_string(info.session) + " of " + info.image;
    const std::string members = std::to_string(now.live_members) + " of " +
                                std::to_string(info.collection_size) + " computers are there";
    const auto verified = std::count_if(
        now.members.begin(), now.members.end(),
        [](const auto& member) { return member.state == mcast::MemberState::verified; });
    switch (now.state) {
        case mcast::SenderState::gathering:
            return what + " waits to start " + to_string(info.rule) + ": " + members + ".";
        case mcast::SenderState::lingering:
            return what + " is idle: nobody wants anything, " + std::to_string(verified) +
                   (verified == 1 ? " computer has" : " computers have") +
                   " the image; it ends when nobody else comes.";
        case mcast::SenderState::ended: return what + " has ended.";
        case mcast::SenderState::running: break;
    }
    if (now.paused != mcast::PauseReason::none) {
        return what + " sends nothing: " + std::string(mcast::to_string(now.paused)) + ".";
    }
    return what + " is sending, limited by " + std::string(mcast::to_string(now.limited_by)) +
           ": " + members + ".";
}

}  // namespace muster::server
