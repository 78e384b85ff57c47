// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/site_server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "net/https_server.h"
#include "net/igmp_watch.h"
#include "net/monotonic.h"
#include "net/wake_on_lan.h"
#include "server/api.h"
#include "server/built_in.h"
#include "server/clock.h"
#include "server/documents.h"
#include "server/enrolment.h"
#include "server/events.h"
#include "server/formats.h"
#include "server/identity.h"
#include "server/problem.h"
#include "session/group_address.h"
#include "text/json.h"

namespace muster::server {

namespace {

constexpr Duration kHousekeeping = std::chrono::minutes(10);
constexpr Duration kZoneInterval = std::chrono::seconds(5);

// The default distribution point as the options of the command line have it: made when there is
// none, else brought up to date.
Result<PointSettings> default_point(store::SiteDatabase& database,
                                    const ApiDescription& description, const Value& options) {
    const auto points = TRY(database.points().list());
    store::PointRecord point;
    point.name = "default";
    point.settings = "{}";
    point.created_at = wall_now();
    if (!points.empty()) point = points.front();
    const auto before = TRY(point_settings_document(point.settings, description));
    const Value document = overlaid(before, options);
    const auto settings = TRY(point_settings(document).context("distribution point " + point.name));
    point.settings = text::to_json(document);
    if (points.empty()) {
        TRY(database.points().add(point));
    } else if (point.settings != points.front().settings) {
        TRY(database.points().change(point));
    }
    return settings;
}

}  // namespace

// What create() has found out before the parts are put together.
struct Opened {
    ServeOptions options;
    PointSettings settings;
    std::vector<net::Interface> interfaces;
    store::SiteDatabase database;
    store::ContentStore content;
    net::TlsIdentity identity;
    crypto::SigningKey signing_key;
    net::Address listen;
};

struct SiteServer::Parts {
    Parts(net::Loop& loop, Opened opened)
        : main_loop(loop),
          options(std::move(opened.options)),
          interfaces(std::move(opened.interfaces)),
          reachable(net::any_own_address(interfaces.front())),
          database(std::move(opened.database)),
          content(std::move(opened.content)),
          identity(std::move(opened.identity)),
          router(database),
          directory(database),
          events(loop),
          agents(loop, database, directory,
                 {[this] { return zone(); },
                  [this](auto& device, const auto& hardware) {
                      return take_identity(device, hardware);
                  },
                  [this](const auto& record, const auto& device) { on_progress(record, device); },
                  [this](const auto& event, const auto& device) { on_step(event, device); }}),
          sessions(
              loop, options.network, opened.settings, content, std::move(opened.signing_key),
              {[this](const auto& deployment) { return size_of(deployment); },
               [this](const auto& deployment) { return still_to_come(deployment); },
               [this] { return zone(); }, [this](const SessionInfo& info) { on_session(info); }}),
          jobs(loop, content,
               {[this](const auto& package) { return record(package); },
                [this](const Validated& result) { return on_validated(result); },
                [this](site::ImageId image) { on_validating(image); }}),
          wake_up(loop, database, [this](const auto& deployment) { api.wake(deployment); }),
          api{database,
              content,
              jobs,
              sessions,
              agents,
              directory,
              router.description(),
              identity.fingerprint(),
              interfaces.front().name,
              wake_up},
          https(loop, {.listen = opened.listen, .identity = identity}) {
        add_operations();
        router.on_failure([this] { directory.invalidate(); });
        https.on_request([this](net::HttpRequest request, net::Responder responder) {
            handle(request, responder);
        });
        https.on_websocket([this](const net::HttpRequest& request, net::WebSocketAcceptor socket) {
            auto status = accept(request, socket);
            if (!status.ok()) socket.reject(problem(status.error()));
        });
        housekeeping = loop.after(std::chrono::seconds(30), [this] { keep_house(); });
    }

    void add_operations();
    Status record(const site::ImagePackage& package);
    Status on_validated(const Validated& result);
    void on_validating(site::ImageId image);
    void on_progress(const site::DeviceProgress& record, const std::string& device);
    void on_step(const site::StepEvent& event, const std::string& device);
    void on_session(const SessionInfo& info);
    std::int64_t size_of(const site::Deployment& deployment);
    std::int64_t still_to_come(const site::Deployment& deployment);
    site::TimeZone zone();
    void keep_house();
    Status forget_old(const SiteSettings& settings);
    Status validate_due(const SiteSettings& settings);
    Status watch_queriers();
    void handle(const net::HttpRequest& request, const net::Responder& responder);
    Status accept(const net::HttpRequest& request, const net::WebSocketAcceptor& acceptor);
    Status accept_member(const site::Device& device, const net::HttpRequest& request,
                         const net::WebSocketAcceptor& acceptor);
    using PathValues = std::map<std::string, std::string>;
    struct Part {
        site::Deployment deployment;
        site::ImagePackage image;
    };
    Result<Part> part_of(const site::Device& device, const PathValues& path);
    Result<net::HttpResponse> answer_range(const net::HttpRequest& request, const PathValues& path);
    Result<Value> open_enrol(const net::HttpRequest& request);
    Status take_identity(site::Device& device, const Value& hardware);

    net::Loop& main_loop;
    ServeOptions options;
    std::vector<net::Interface> interfaces;
    net::Address reachable;
    store::SiteDatabase database;
    store::ContentStore content;
    net::TlsIdentity identity;
    Router router;
    Directory directory;
    Events events;
    AgentHub agents;
    SessionManager sessions;
    ContentJobs jobs;
    WakeUp wake_up;
    ApiParts api;
    net::HttpsServer https;
    std::vector<std::unique_ptr<net::IgmpWatch>> queriers;
    net::Timer housekeeping;
    site::TimeZone known_zone;
    std::optional<TimePoint> zone_read_at;
};

void SiteServer::Parts::add_operations() {
    add_site_operations(router, api);
    add_point_operations(router, api);
    add_image_operations(router, api);
    add_device_operations(router, api);
    add_collection_operations(router, api);
    add_sequence_operations(router, api);
    add_deployment_operations(router, api);
    add_session_operations(router, api);
    router.on("streamEvents", [this](const Request& request) -> Result<Answer> {
        Answer answer;
        answer.stream = [this, http = request.http](auto respond) { events.answer(http, respond); };
        return answer;
    });
    CHECK(router.unanswered().empty());
}

// ---- what happens ----

void SiteServer::Parts::on_progress(const site::DeviceProgress& record, const std::string& device) {
    if (!events.anybody_watches()) return;
    Value value = document(record, device);
    value.set("deployment", record.deployment_id.value);
    events.publish("progress", record.deployment_id.value, value);
}

void SiteServer::Parts::on_step(const site::StepEvent& event, const std::string& device) {
    if (!events.anybody_watches()) return;
    Value value = document(event);
    value.set("device", device).set("deployment", event.deployment_id.value);
    events.publish("step", event.deployment_id.value, value);
}

void SiteServer::Parts::on_session(const SessionInfo& info) {
    if (!events.anybody_watches()) return;
    events.publish("session", info.deployment.value, session_document(info));
}

std::int64_t SiteServer::Parts::size_of(const site::Deployment& deployment) {
    const auto members = directory.members(deployment.collection_id);
    return members.ok() ? static_cast<std::int64_t>(members->size()) : 0;
}

std::int64_t SiteServer::Parts::still_to_come(const site::Deployment& deployment) {
    const auto members = directory.members(deployment.collection_id);
    const auto records = agents.progress(deployment.id);
    if (!members.ok() || !records.ok()) return 0;
    const auto ended = std::count_if(records->begin(), records->end(), [&](const auto& record) {
        return site::is_final(record.state) &&
               std::binary_search(members->begin(), members->end(), record.device_id);
    });
    return static_cast<std::int64_t>(members->size()) - ended;
}

// Asked several times a second; the database is asked now and then.
site::TimeZone SiteServer::Parts::zone() {
    const TimePoint now = net::monotonic_now();
    if (zone_read_at && now < *zone_read_at + kZoneInterval) return known_zone;
    zone_read_at = now;
    const auto settings = site_settings(database, router.description());
    if (!settings.ok() || settings->time_zone == known_zone.name) return known_zone;
    auto loaded = find_zone(settings->time_zone);
    if (loaded.ok()) known_zone = std::move(*loaded);
    return known_zone;
}

// An image that has its content but gets no record leaves no content behind.
Status SiteServer::Parts::record(const site::ImagePackage& package) {
    const Status recorded = database.change("add image", [&]() -> Status {
        const auto added = TRY(database.images().add(package));
        const auto points = TRY(database.points().list());
        return database.images().set_location(
            {added.id, points.front().id, site::LocationState::available, "", wall_now()});
    });
    if (recorded.ok()) return {};
    auto images = database.images().list();
    const bool unused = images.ok() && std::none_of(images->begin(), images->end(), [&](auto& one) {
                            return one.content_id == package.content_id;
                        });
    if (unused) {
        Status removed = content.remove(package.content_id);
        if (!removed.ok()) spdlog::warn("{}", removed.error().message());
    }
    return recorded.error();
}

void SiteServer::Parts::on_validating(site::ImageId image) {
    const auto points = database.points().list();
    if (!points.ok() || points->empty()) return;
    (void)database.images()
        .set_location({image, points->front().id, site::LocationState::hashing, "", wall_now()})
        .ok();
}

Status SiteServer::Parts::on_validated(const Validated& result) {
    const auto points = TRY(database.points().list());
    if (!result.detail.empty()) spdlog::warn("image {}: {}", result.image.value, result.detail);
    TRY(database.images().set_state(
        result.image, result.sound ? site::ImageState::available : site::ImageState::damaged));
    return database.images().set_location(
        {result.image, points.front().id,
         result.sound ? site::LocationState::available : site::LocationState::damaged,
         result.detail, wall_now()});
}

// ---- housekeeping ----

Status SiteServer::Parts::forget_old(const SiteSettings& settings) {
    const auto ago = [](std::int64_t days) { return wall_now() - std::chrono::days(days); };
    TRY(database.progress().remove_steps_older_than(ago(settings.keep_status_days)));
    TRY(database.progress().remove_log_older_than(ago(settings.keep_log_days)));
    return database.audit().remove_older_than(ago(settings.keep_audit_days));
}

Status SiteServer::Parts::validate_due(const SiteSettings& settings) {
    if (settings.validate_content_days == 0) return {};
    const auto due = wall_now() - std::chrono::days(settings.validate_content_days);
    const auto points = TRY(database.points().list());
    for (const auto& location : TRY(database.images().locations(points.front().id))) {
        const bool rests = location.state == site::LocationState::available;
        if (!rests || location.checked_at > due) continue;
        const auto image = TRY(database.images().find(location.image_id));
        jobs.validate(jobs.reserve(), image, true);
    }
    return {};
}

void SiteServer::Parts::keep_house() {
    const auto settings = site_settings(database, router.description());
    const Status status = settings.ok() ? forget_old(*settings) : Status(settings.error());
    const Status checked = settings.ok() ? validate_due(*settings) : Status();
    for (const auto& each : {status, checked}) {
        if (!each.ok()) spdlog::warn("housekeeping: {}", each.error().message());
    }
    housekeeping = main_loop.after(kHousekeeping, [this] { keep_house(); });
}

// ---- requests ----

void SiteServer::Parts::handle(const net::HttpRequest& request, const net::Responder& responder) {
    if (request.method == "POST" && request.path == "/api/v1/enrol") {
        auto enrolled = open_enrol(request);
        return responder(enrolled.ok() ? json_response(201, *enrolled) : problem(enrolled.error()));
    }
    static const auto kContent =
        split_path("/api/v1/deployments/{deployment}/images/{image}/content/{object}");
    if (const auto path = match_path(kContent, split_path(request.path))) {
        auto answer = answer_range(request, *path);
        return responder(answer.ok() ? std::move(*answer) : problem(answer.error()));
    }
    auto administrator = require_administrator(database, request.bearer_token);
    if (!administrator.ok()) return responder(problem(administrator.error()));
    router.handle(request, *administrator, responder);
}

// A computer that has no token yet, where the administrator allowed it: known by what it reports.
Result<Value> SiteServer::Parts::open_enrol(const net::HttpRequest& request) {
    if (!options.open_enrolment) {
        return Error(Errc::permission_denied,
                     "open enrolment is off: an administrator runs `muster device enrol NAME`, or "
                     "starts the server with --open-enrolment");
    }
    const auto reported = TRY(reported_identity(TRY(text::parse_json(request.body))));
    if (reported.macs.empty() && reported.smbios_uuid.empty() && reported.serial.empty()) {
        return Error(Errc::invalid_argument,
                     "say who you are: mac, macs, smbios_uuid or serial, one of them at least");
    }
    const auto settings = TRY(site_settings(database, router.description()));
    const auto found = TRY(recognise(database, reported, settings));
    directory.invalidate();
    for (const auto& ended : found.ended) {
        sessions.revoke(ended.name, "it is the computer " + found.device.name);
        agents.disconnect(ended.id, "it is the computer " + found.device.name);
    }
    spdlog::info("{}: enrolled from {}: {}", found.device.name, request.peer.to_string(),
                 found.sentence);
    auto enrolment = TRY(enrol(api, found.device));
    sessions.revoke(found.device.name, "the token of this computer was replaced");
    return enrolment;
}

// Its token says who it is; what it reports fills in what is not known of it.
Status SiteServer::Parts::take_identity(site::Device& device, const Value& hardware) {
    const auto reported = TRY(reported_identity(hardware));
    const auto settings = TRY(site_settings(database, router.description()));
    std::string said;
    const bool changed = TRY(complete_identity(database, device, reported, settings, said));
    if (changed) directory.invalidate();
    if (!said.empty()) spdlog::warn("{}: of what it reports, {}", device.name, said);
    return {};
}

Status SiteServer::Parts::accept(const net::HttpRequest& request,
                                 const net::WebSocketAcceptor& acceptor) {
    const auto device = TRY(require_device(database, request.bearer_token));
    if (request.path == "/api/v1/agent") {
        if (auto socket = acceptor.accept()) agents.accept(std::move(socket), device);
        return {};
    }
    return accept_member(device, request, acceptor);
}

// What the device receives by this path, when it has a part in it.
Result<SiteServer::Parts::Part> SiteServer::Parts::part_of(const site::Device& device,
                                                           const PathValues& path) {
    auto number = [&](const char* key) -> std::int64_t {
        const std::string& text = path.at(key);
        const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
        return digits && !text.empty() && text.size() < 18 ? std::stoll(text) : 0;
    };
    auto deployment = TRY(database.deployments().find(site::DeploymentId(number("deployment"))));
    const bool is_member = TRY(directory.is_member(device.id, deployment.collection_id));
    const auto image_id = site::ImageId(number("image"));
    auto has = [](const auto& list, auto id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    if (!is_member || !has(deployment.image_ids, image_id) ||
        deployment.state == site::DeploymentState::cancelled) {
        return Error(Errc::permission_denied,
                     device.name + " has no part in this deployment, or it was cancelled");
    }
    auto image = TRY(database.images().find(image_id));
    return Part{std::move(deployment), std::move(image)};
}

Result<net::HttpResponse> SiteServer::Parts::answer_range(const net::HttpRequest& request,
                                                          const PathValues& path) {
    const auto device = TRY(require_device(database, request.bearer_token));
    const auto part = TRY(part_of(device, path));
    return sessions.answer_range(part.deployment.id, part.image.id, path.at("object"), request);
}

Status SiteServer::Parts::accept_member(const site::Device& device, const net::HttpRequest& request,
                                        const net::WebSocketAcceptor& acceptor) {
    static const auto kPattern =
        split_path("/api/v1/deployments/{deployment}/images/{image}/member");
    const auto path = match_path(kPattern, split_path(request.path));
    if (!path) return Error(Errc::not_found, "no such thing: " + request.path);
    const auto [deployment, image] = TRY(part_of(device, *path));
    // Refused like this, it tries again.
    const Status admitted = sessions.admit(deployment, image, device.name);
    if (!admitted.ok()) return Error(Errc::unavailable, admitted.error().message());
    auto socket = acceptor.accept();
    if (!socket) return {};
    Status accepted = sessions.accept(socket, request.local, deployment, image, device.name);
    if (accepted.ok()) return {};
    spdlog::error("session for {}: {}", image.name, accepted.error().message());
    socket->send_text(
        session::to_text(session::ToMember(mcast::SessionEnded{accepted.error().message()})));
    socket->close(accepted.error().message());
    return {};
}

Status SiteServer::Parts::watch_queriers() {
    const auto& network = options.network;
    for (const auto& interface : interfaces) {
        const auto group = TRY(session::group_address(network.group, 0, interface));
        auto watch =
            net::IgmpWatch::start(main_loop, {interface, group.is_v6(), network.querier},
                                  [](const std::string& words) { spdlog::info("{}", words); });
        if (!watch.ok() && network.querier.stand_in) return watch.error();
        if (!watch.ok()) {
            spdlog::info("who asks for multicast listeners is not watched: {}",
                         watch.error().message());
            continue;
        }
        queriers.push_back(std::move(*watch));
        spdlog::info("{}: listening for who asks for multicast listeners", interface.name);
    }
    return {};
}

Result<std::unique_ptr<SiteServer>> SiteServer::create(net::Loop& loop,
                                                       const ServeOptions& options) {
    const auto listen = TRY(net::Address::parse(options.listen).context("--listen"));
    const std::filesystem::path folder(options.data_folder);
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) {
        return Error(Errc::io, "data folder " + folder.string() + ": " + failure.message() +
                                   "; name another with --data");
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failure);
    auto content = TRY(store::ContentStore::open(folder / "content"));
    auto database = TRY(store::SiteDatabase::open(
        options.database.empty() ? (folder / "site.db").string() : options.database));
    TRY(make_built_in_collections(database));
    const ApiDescription description;
    const auto settings = TRY(default_point(database, description, options.point_settings));
    auto network = options.network;
    network.interfaces = settings.interfaces;
    const auto interfaces = TRY(session::resolve_interfaces(network));
    auto identity =
        TRY(net::TlsIdentity::load_or_generate((folder / "tls.pem").string(), "muster serve"));
    auto signing_key = TRY(crypto::SigningKey::from_pem(TRY(identity.to_pem())));
    Opened opened{options,
                  settings,
                  interfaces,
                  std::move(database),
                  std::move(content),
                  std::move(identity),
                  std::move(signing_key),
                  listen};
    return std::unique_ptr<SiteServer>(
        new SiteServer(std::make_unique<Parts>(loop, std::move(opened))));
}

void ApiParts::wake(const site::Deployment& deployment) {
    const auto members = directory.members(deployment.collection_id);
    if (!members.ok()) return;
    for (auto id : *members) {
        const auto device = database.devices().find(id);
        if (!device.ok() || agents.is_connected(id)) continue;
        for (const auto& mac : device->macs) {
            const Status woken = net::wake(interface, mac);
            if (!woken.ok()) spdlog::warn("{}: {}", device->name, woken.error().message());
        }
    }
}

SiteServer::SiteServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SiteServer::~SiteServer() = default;

Status SiteServer::start() {
    TRY(parts_->https.start());
    TRY(parts_->watch_queriers());
    auto reachable = parts_->https.local_address();
    // Of all addresses, the one computers in the room can reach.
    if (reachable.is_any()) reachable = parts_->reachable.with_port(reachable.port());
    return ensure_admin_token(parts_->database, admin_file(), reachable.to_string(),
                              parts_->identity.fingerprint());
}

std::string SiteServer::address() const { return parts_->https.local_address().to_string(); }

std::string SiteServer::admin_file() const {
    return (std::filesystem::path(parts_->options.data_folder) / "admin.json").string();
}

}  // namespace muster::server
