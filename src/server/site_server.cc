// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/site_server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "net/https_server.h"
#include "net/igmp_watch.h"
#include "server/api.h"
#include "server/identity.h"
#include "server/problem.h"
#include "session/group_address.h"
#include "text/json.h"

namespace muster::server {

struct SiteServer::Parts {
    Parts(net::Loop& loop, const ServeOptions& serve_options, store::SiteDatabase opened,
          store::ContentStore store, net::TlsIdentity key, crypto::SigningKey signing_key,
          const std::vector<net::Interface>& used, const net::Address& listen)
        : main_loop(loop),
          options(serve_options),
          interfaces(used),
          reachable(net::any_own_address(interfaces.front())),
          database(std::move(opened)),
          content(std::move(store)),
          identity(std::move(key)),
          agents(loop, database),
          sessions(loop,
                   {interfaces, options.rate_bits_per_second, options.rate_mode, options.network,
                    options.unicast_share_percent, options.slow_clients},
                   content, std::move(signing_key)),
          imports(loop, content,
                  [this](const site::ImagePackage& package) { return record(package); }),
          api{database, content, imports, sessions, agents, identity.fingerprint()},
          https(loop, {.listen = listen, .identity = identity}) {
        add_image_routes(router, api);
        add_device_routes(router, api);
        add_deployment_routes(router, api);
        https.on_request([this](net::HttpRequest request, net::Responder responder) {
            responder(handle(request));
        });
        https.on_websocket([this](const net::HttpRequest& request, net::WebSocketAcceptor socket) {
            auto status = accept(request, socket);
            if (!status.ok()) socket.reject(problem(status.error()));
        });
    }

    Status record(const site::ImagePackage& package);
    Status watch_queriers();
    net::HttpResponse handle(const net::HttpRequest& request);
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

    net::Loop& main_loop;
    ServeOptions options;
    std::vector<net::Interface> interfaces;
    net::Address reachable;
    store::SiteDatabase database;
    store::ContentStore content;
    net::TlsIdentity identity;
    AgentHub agents;
    SessionManager sessions;
    ImportJobs imports;
    ApiParts api;
    Router router;
    net::HttpsServer https;
    std::vector<std::unique_ptr<net::IgmpWatch>> queriers;
};

// An image that has its content but gets no record leaves no content behind.
Status SiteServer::Parts::record(const site::ImagePackage& package) {
    auto added = database.images().add(package);
    if (added.ok()) return {};
    auto images = database.images().list();
    const bool unused = images.ok() && std::none_of(images->begin(), images->end(), [&](auto& one) {
                            return one.content_id == package.content_id;
                        });
    if (unused) {
        Status removed = content.remove(package.content_id);
        if (!removed.ok()) spdlog::warn("{}", removed.error().message());
    }
    return added.error();
}

net::HttpResponse SiteServer::Parts::handle(const net::HttpRequest& request) {
    if (request.method == "POST" && request.path == "/api/v1/enrol") {
        auto enrolled = open_enrol(request);
        return enrolled.ok() ? json_response(201, *enrolled) : problem(enrolled.error());
    }
    static const auto kContent =
        split_path("/api/v1/deployments/{deployment}/images/{image}/content/{object}");
    if (const auto path = match_path(kContent, split_path(request.path))) {
        auto answer = answer_range(request, *path);
        return answer.ok() ? std::move(*answer) : problem(answer.error());
    }
    auto administrator = require_administrator(database, request.bearer_token);
    if (!administrator.ok()) return problem(administrator.error());
    return router.handle(request);
}

// A computer that has no token yet, where the administrator allowed it: known by its MAC address.
Result<Value> SiteServer::Parts::open_enrol(const net::HttpRequest& request) {
    if (!options.open_enrolment) {
        return Error(Errc::permission_denied,
                     "open enrolment is off: an administrator runs `muster device enrol NAME`, or "
                     "starts the server with --open-enrolment");
    }
    const auto body = TRY(text::parse_json(request.body));
    const auto device = TRY(database.devices().find_by_mac(TRY(body.string_at("mac"))));
    spdlog::info("{}: enrolled by its MAC address from {}", device.name, request.peer.to_string());
    return enrol(api, device);
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
    const auto collection = TRY(database.collections().find(deployment.collection_id));
    const auto image_id = site::ImageId(number("image"));
    auto has = [](const auto& list, auto id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    if (!has(collection.members, device.id) || !has(deployment.image_ids, image_id) ||
        deployment.state != site::DeploymentState::active) {
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
    const auto interfaces = TRY(session::resolve_interfaces(options.network));
    const std::filesystem::path folder(options.data_folder);
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) {
        return Error(Errc::io, "data folder " + folder.string() + ": " + failure.message() +
                                   "; name another with --data");
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failure);
    auto content = TRY(store::ContentStore::open(folder / "content"));
    const std::string own = (folder / "site.db").string();
    auto database =
        TRY(store::SiteDatabase::open(options.database.empty() ? own : options.database));
    auto identity =
        TRY(net::TlsIdentity::load_or_generate((folder / "tls.pem").string(), "muster serve"));
    auto signing_key = TRY(crypto::SigningKey::from_pem(TRY(identity.to_pem())));
    return std::unique_ptr<SiteServer>(new SiteServer(
        std::make_unique<Parts>(loop, options, std::move(database), std::move(content),
                                std::move(identity), std::move(signing_key), interfaces, listen)));
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
