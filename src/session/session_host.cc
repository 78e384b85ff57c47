// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/session_host.h"

#include <algorithm>

#include "net/monotonic.h"
#include "session/signed_offer.h"

namespace muster::session {

Result<std::unique_ptr<SessionHost>> SessionHost::create(net::Loop& loop,
                                                         const SessionHostOptions& options,
                                                         std::shared_ptr<ContentSource> source,
                                                         Callbacks callbacks) {
    std::unique_ptr<SessionHost> host(new SessionHost(loop, options, source, std::move(callbacks)));
    auto* self = host.get();
    auto post = [&loop, alive = host->alive_](auto function) {
        loop.post([alive, function = std::move(function)] {
            if (*alive) function();
        });
    };
    SenderEngine::Callbacks engine;
    engine.on_event = [self, post](const mcast::SenderEvent& event) {
        post([self, event] { self->on_event(event); });
    };
    engine.on_rekey = [self, post](const mcast::GroupSecret& secret) {
        post([self, secret] { self->on_rekey(secret); });
    };
    engine.on_failed = [](const Error&) {};  // the core's end carries the words
    host->engine_ = TRY(SenderEngine::start(options.engine, std::move(source), std::move(engine)));
    return host;
}

SessionHost::SessionHost(net::Loop& loop, const SessionHostOptions& options,
                         std::shared_ptr<ContentSource> source, Callbacks callbacks)
    : loop_(loop),
      options_(options),
      source_(std::move(source)),
      ranges_(source_, options.unicast, options.engine.core.rate_bits_per_second),
      callbacks_(std::move(callbacks)) {}

SessionHost::~SessionHost() {
    *alive_ = false;
    engine_.reset();
    for (auto& [id, connection] : connections_) connection.socket->close("the session is over");
}

void SessionHost::accept(std::shared_ptr<net::WebSocket> socket, const std::string& name) {
    const std::uint64_t id = next_id_++;
    auto& connection = connections_[id];
    connection.socket = std::move(socket);
    connection.name = name;
    auto guarded = [alive = alive_](auto function) {
        return [alive, function](const std::string& text) {
            if (*alive) function(text);
        };
    };
    connection.socket->on_closed(guarded([this, id](const std::string&) { on_closed(id); }));
    connection.socket->on_text(guarded([this, id](const std::string& text) { on_text(id, text); }));
}

void SessionHost::refuse(Connection& connection, const std::string& why) {
    connection.socket->send_text(to_text(ToMember(mcast::SessionEnded{why})));
    connection.socket->close(why);
}

void SessionHost::on_text(std::uint64_t id, const std::string& text) {
    auto it = connections_.find(id);
    if (it == connections_.end()) return;
    Connection& connection = it->second;
    auto message = parse_to_server(text);
    if (!message.ok()) return refuse(connection, message.error().message());
    if (const auto* hello = std::get_if<Hello>(&*message)) return on_hello(connection, *hello);
    if (auto* join = std::get_if<mcast::JoinRequest>(&*message)) {
        return on_join(id, connection, std::move(*join));
    }
    if (!connection.member) {
        const auto* finished = std::get_if<mcast::MemberFinished>(&*message);
        if (finished != nullptr && connection.greeted && !finished->verified) {
            return on_early_failure(connection, *finished);
        }
        return refuse(connection, "a report before the join");
    }
    if (auto* report = std::get_if<mcast::MemberReport>(&*message)) {
        watch_for_forgery(connection, report->counters);
        return engine_->report(*connection.member, std::move(*report));
    }
    if (auto* left = std::get_if<mcast::MemberLeft>(&*message)) {
        return engine_->left_group(*connection.member, std::move(*left));
    }
    if (const auto* rekeyed = std::get_if<Rekeyed>(&*message)) {
        return engine_->rekeyed(*connection.member, rekeyed->rekeys);
    }
    if (const auto* probed = std::get_if<mcast::MemberProbed>(&*message)) {
        return engine_->probed(*connection.member, *probed);
    }
    const auto& finished = std::get<mcast::MemberFinished>(*message);
    watch_for_forgery(connection, finished.counters);
    engine_->finished(*connection.member, finished);
}

void SessionHost::watch_for_forgery(Connection& connection, const mcast::MemberCounters& counters) {
    if (counters.blocks_forged <= connection.blocks_forged) return;
    const std::uint64_t found = counters.blocks_forged - connection.blocks_forged;
    connection.blocks_forged = counters.blocks_forged;
    callbacks_.on_forgery(
        connection.name,
        std::to_string(found) +
            " forged blocks dropped: a computer that was let into this session, and so has its "
            "key, sends false data. Nothing of it was stored; look who was let in");
}

void SessionHost::revoke(const std::string& name, const std::string& why) {
    for (auto it = connections_.begin(); it != connections_.end();) {
        auto& connection = it->second;
        if (connection.name != name) {
            ++it;
            continue;
        }
        if (connection.member) engine_->disconnected(*connection.member);
        refuse(connection, why);
        it = connections_.erase(it);
    }
    engine_->rekey();
}

std::vector<std::string> SessionHost::connected() const {
    std::vector<std::string> names;
    for (const auto& [id, connection] : connections_) names.push_back(connection.name);
    return names;
}

// It looked at the offer and cannot take it: no room, no interface. The room should know.
void SessionHost::on_early_failure(Connection& connection, const mcast::MemberFinished& finished) {
    failed_before_joining_[connection.name] = finished.failure;
    callbacks_.on_member({{}, connection.name, mcast::MemberState::failed, finished.failure});
}

std::uint64_t SessionHost::unicast_limit() const {
    return unicast_rate(options_.unicast, engine_->known_rate());
}

net::HttpResponse SessionHost::answer_range(std::string_view object,
                                            const net::HttpRequest& request) {
    ranges_.set_session_rate(engine_->known_rate());
    return ranges_.answer(net::monotonic_now(), object, request);
}

SenderSnapshot SessionHost::snapshot() const {
    SenderSnapshot snapshot = engine_->snapshot();
    snapshot.unicast_bytes = ranges_.bytes_sent();
    if (options_.unicast.is_on()) snapshot.unicast_limit_bits_per_second = unicast_limit();
    for (const auto& [name, why] : failed_before_joining_) {
        const bool joined_later = std::any_of(snapshot.members.begin(), snapshot.members.end(),
                                              [&](const auto& m) { return m.name == name; });
        if (joined_later) continue;
        MemberSnapshot member;
        member.name = name;
        member.state = mcast::MemberState::failed;
        member.why = why;
        snapshot.members.push_back(std::move(member));
    }
    return snapshot;
}

void SessionHost::on_hello(Connection& connection, const Hello& hello) {
    if (hello.protocol_version != mcast::kProtocolVersion) {
        return refuse(connection, "protocol version " + std::to_string(hello.protocol_version) +
                                      " of " + hello.name + " is not version " +
                                      std::to_string(mcast::kProtocolVersion) +
                                      " of this server: install the same muster on both");
    }
    if (connection.name.empty()) connection.name = hello.name;
    if (connection.name.empty()) return refuse(connection, "a hello without a name");
    connection.greeted = true;
    Offer offer;
    offer.session = engine_->session();
    offer.name = options_.name;
    offer.layout = source_->layout().options();
    offer.image = source_->descriptor();
    sign_offer(offer, options_.key);
    offer.multicast_only = options_.unicast.multicast_only;
    if (options_.unicast.is_on()) {
        offer.unicast = {options_.unicast.path, unicast_limit(), options_.unicast.max_connections};
    }
    connection.socket->send_text(to_text(ToMember(offer)));
}

void SessionHost::on_join(std::uint64_t id, Connection& connection, mcast::JoinRequest request) {
    if (!connection.greeted || connection.asked) {
        return refuse(connection, "a join at the wrong moment");
    }
    connection.asked = true;
    request.name = connection.name;
    engine_->join(std::move(request), [this, id, alive = alive_](Result<Welcome> welcome) {
        loop_.post([this, id, alive, welcome = std::move(welcome)]() mutable {
            if (*alive) on_joined(id, std::move(welcome));
        });
    });
}

void SessionHost::on_joined(std::uint64_t id, Result<Welcome> welcome) {
    auto it = connections_.find(id);
    if (it == connections_.end()) {
        if (welcome.ok()) engine_->disconnected(welcome->member);
        return;
    }
    if (!welcome.ok()) return refuse(it->second, welcome.error().message());
    it->second.member = welcome->member;
    it->second.socket->send_text(to_text(ToMember(*welcome)));
    // It was welcomed while the others were being told a new secret.
    if (last_rekey_.rekeys > welcome->group_secret.rekeys) {
        it->second.socket->send_text(to_text(ToMember(Rekey{last_rekey_})));
    }
    if (started_) it->second.socket->send_text(to_text(ToMember(*started_)));
}

void SessionHost::on_closed(std::uint64_t id) {
    auto it = connections_.find(id);
    if (it == connections_.end()) return;
    if (it->second.member) engine_->disconnected(*it->second.member);
    connections_.erase(it);
}

void SessionHost::tell_all(const ToMember& message) {
    const std::string text = to_text(message);
    for (auto& [id, connection] : connections_) {
        if (connection.member) connection.socket->send_text(text);
    }
}

void SessionHost::tell(mcast::MemberNumber number, const ToMember& message) {
    for (auto& [id, connection] : connections_) {
        if (connection.member == number) connection.socket->send_text(to_text(message));
    }
}

void SessionHost::on_rekey(const mcast::GroupSecret& secret) {
    last_rekey_ = secret;
    tell_all(Rekey{secret});
}

// Whom the sender has given up is told why, and whose place was taken by another of its name.
// Whoever was only silent finds its connection closed, and may come back.
void SessionHost::give_up(const mcast::MemberChanged& member) {
    const bool lost = member.state == mcast::MemberState::lost;
    if (!lost && member.state != mcast::MemberState::failed) return;
    for (auto& [id, connection] : connections_) {
        if (connection.member != member.number) continue;
        const bool replaced =
            std::any_of(connections_.begin(), connections_.end(), [&, own = id](const auto& other) {
                return other.first > own && other.second.asked && other.second.name == member.name;
            });
        if (lost && !replaced) {
            connection.socket->close(member.why);
        } else {
            refuse(connection, member.why);
        }
    }
}

void SessionHost::on_event(const mcast::SenderEvent& event) {
    if (const auto* ordered = std::get_if<mcast::MemberOrdered>(&event)) {
        return tell(ordered->number, ordered->order);
    }
    if (const auto* member = std::get_if<mcast::MemberChanged>(&event)) {
        give_up(*member);
        return callbacks_.on_member(*member);
    }
    if (const auto* pause = std::get_if<mcast::PauseChanged>(&event)) {
        if (callbacks_.on_pause) callbacks_.on_pause(pause->reason);
        return;
    }
    if (const auto* chosen = std::get_if<mcast::LayoutChosen>(&event)) {
        started_ = mcast::SessionStarted{chosen->symbol_bytes};
        return tell_all(*started_);
    }
    if (const auto* delivery = std::get_if<mcast::DeliveryChanged>(&event)) {
        if (callbacks_.on_delivery) callbacks_.on_delivery(*delivery);
        return;
    }
    const auto& change = std::get<mcast::StateChanged>(event);
    if (change.state == mcast::SenderState::ended) {
        ended_ = true;
        tell_all(mcast::SessionEnded{change.why});
    }
    callbacks_.on_state(change.state, change.why);
}

}  // namespace muster::session
