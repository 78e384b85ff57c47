// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/member_session.h"

#include <algorithm>

#include "net/monotonic.h"
#include "session/signed_offer.h"
#include "text/json.h"

namespace muster::session {

namespace {
constexpr Duration kAwayPatience = std::chrono::minutes(10);

void add_counters(mcast::MemberCounters& sum, const mcast::MemberCounters& more) {
    sum.datagrams_received += more.datagrams_received;
    sum.datagrams_lost += more.datagrams_lost;
    sum.datagrams_rejected += more.datagrams_rejected;
    sum.local_drops += more.local_drops;
    sum.duplicates += more.duplicates;
    sum.blocks_repaired += more.blocks_repaired;
    sum.blocks_forged += more.blocks_forged;
    sum.naks_sent += more.naks_sent;
    sum.unicast_blocks += more.unicast_blocks;
    sum.unicast_bytes += more.unicast_bytes;
}

}  // namespace

MemberSession::MemberSession(net::Loop& loop, MemberOptions options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      prng_(options_.seed) {}

MemberSession::~MemberSession() { stop(); }

void MemberSession::start() { connect(); }

void MemberSession::stop() {
    *alive_ = false;
    finished_ = true;
    attempt_.cancel();
    engine_.reset();
    socket_.reset();
    retry_.cancel();
}

void MemberSession::abandon(const std::string& why) {
    if (!finished_) say_failed(why);
    stop();
}

void MemberSession::pause(const std::string& why) {
    if (finished_ || paused_) return;
    say_failed(why);
    paused_ = true;
    attempt_.cancel();
    retry_.cancel();
    leave();
}

void MemberSession::resume() {
    if (!paused_) return;
    paused_ = false;
    lost_at_.reset();
    connect();
}

namespace {

// In the server's words where it gave some, else in ours.
std::string reason_of(const net::WebSocketFailure& failure) {
    const auto problem = text::parse_json(failure.body);
    const Value* detail = problem.ok() ? problem->find("detail") : nullptr;
    const auto* words = detail == nullptr ? nullptr : detail->as_string();
    return words == nullptr ? failure.error.message() : *words;
}

}  // namespace

// A first connection that fails is a mistake to be told, unless we are to try for ever.
bool MemberSession::may_retry() const { return joined_ || options_.retry_for < Duration::zero(); }

void MemberSession::connect() {
    if (finished_) return;
    net::WebSocketClient::Callbacks callbacks;
    callbacks.on_open = [this](std::shared_ptr<net::WebSocket> socket) {
        on_open(std::move(socket));
    };
    callbacks.on_failed = [this](const net::WebSocketFailure& failure) {
        const bool refused = failure.http_status >= 400 && failure.http_status < 500;
        const bool not_yet = failure.http_status == 503;
        const bool wrong = refused || failure.error.code() == Errc::unauthenticated ||
                           failure.error.code() == Errc::invalid_argument;
        if (wrong || !(may_retry() || not_yet)) return finish(failure.error);
        if (!not_yet) return on_lost(failure.error.message(), true);
        ++waits_;
        const std::string why = reason_of(failure);
        if (std::exchange(waits_for_, why) != why) callbacks_.on_notice("waits: " + why);
        if (!lost_at_) lost_at_ = net::monotonic_now();
        on_lost(failure.error.message(), true);
    };
    attempt_ = net::WebSocketClient::connect(loop_, options_.server, options_.target, callbacks);
}

void MemberSession::on_open(std::shared_ptr<net::WebSocket> socket) {
    socket_ = std::move(socket);
    waits_ = 0;
    waits_for_.clear();
    socket_->on_closed([this](const std::string& why) { on_lost(why, may_retry()); });
    socket_->on_text([this](const std::string& text) { on_text(text); });
    send(Hello{mcast::kProtocolVersion, options_.name});
}

void MemberSession::send(const ToServer& message) {
    if (socket_) socket_->send_text(to_text(message));
}

void MemberSession::on_text(const std::string& text) {
    if (finished_) return;
    auto message = parse_to_member(text);
    if (!message.ok()) return finish(message.error());
    Status status;
    if (const auto* offer = std::get_if<Offer>(&*message)) {
        status = on_offer(*offer);
    } else if (const auto* welcome = std::get_if<Welcome>(&*message)) {
        status = on_welcome(*welcome);
    } else if (const auto* rekey = std::get_if<Rekey>(&*message)) {
        status = on_rekey(*rekey);
    } else if (const auto* ended = std::get_if<mcast::SessionEnded>(&*message)) {
        status = Error(Errc::unavailable, "the server ended the session: " + ended->reason);
    } else if (const auto* order = std::get_if<mcast::MemberOrder>(&*message)) {
        away_ = order->mode == mcast::OrderMode::away;
        if (engine_) engine_->on_order(*order);
    } else if (const auto* started = std::get_if<mcast::SessionStarted>(&*message)) {
        started_ = true;
        if (engine_) engine_->on_session_started(started->symbol_bytes);
    }
    if (!status.ok()) finish(status);
}

Status MemberSession::on_offer(const Offer& offer) {
    TRY(check_offer(offer, options_.server.fingerprint));
    TRY(offer.image.check().context("the server's offer"));
    if (offer_ && !(offer_->image == offer.image)) {
        return Error(Errc::corrupt, "the server now offers another image than before");
    }
    offer_ = offer;
    if (!store_) store_ = TRY(callbacks_.open_store(offer));
    ReceiverEngineOptions options;
    options.name = options_.name;
    options.interface = TRY(net::multicast_interface(options_.interface, options_.wifi));
    options.memory_bytes = options_.memory_bytes;
    options.seed = prng_.next();
    options.server = options_.server;
    ReceiverEngine::Callbacks callbacks;
    auto post = [this, alive = alive_](auto function) {
        loop_.post([alive, function = std::move(function)] {
            if (*alive) function();
        });
    };
    callbacks.send = [this, post](ToServer message) {
        post([this, message = std::move(message)] { send(message); });
    };
    callbacks.on_finished = [this, post](Status status) {
        post([this, status = std::move(status)] { finish(status); });
    };
    callbacks.on_store_shrunk = [this, post](std::string why) {
        post([this, why = std::move(why)] {
            if (finished_) return;
            callbacks_.on_notice(why);
            if (paused_) return;
            leave();
            come_back();
        });
    };
    callbacks.on_warning = [this, post](std::string words) {
        post([this, words = std::move(words)] { callbacks_.on_notice(words); });
    };
    engine_ = TRY(ReceiverEngine::create(options, offer, *store_, std::move(callbacks)));
    send(engine_->join_request());
    return {};
}

Status MemberSession::on_welcome(const Welcome& welcome) {
    if (!engine_) return Error(Errc::corrupt, "the server welcomed us before it offered anything");
    if (welcomed_) return Error(Errc::corrupt, "the server welcomed us twice");
    joined_ = welcomed_ = true;
    away_ = false;
    lost_at_.reset();
    return engine_->start(welcome);
}

Status MemberSession::on_rekey(const Rekey& rekey) {
    if (!welcomed_) return Error(Errc::corrupt, "the server told us a new secret before a first");
    engine_->on_rekey(rekey.secret);
    return {};
}

void MemberSession::on_lost(const std::string& why, bool may_retry) {
    if (finished_) return;
    leave();
    if (store_ && store_->is_complete()) return finish({});
    const TimePoint now = net::monotonic_now();
    if (!lost_at_) {
        lost_at_ = now;
        if (may_retry)
            callbacks_.on_notice("connection to the server lost (" + why + "), trying again");
    }
    // Away, its port is flooded for the others: they may take long.
    const Duration patience =
        away_ ? std::max(options_.retry_for, kAwayPatience) : options_.retry_for;
    const bool too_long = options_.retry_for >= Duration::zero() && now - *lost_at_ > patience;
    if (!may_retry || too_long) return finish(Error(Errc::unavailable, why));
    come_back();
}

// Ends the connection and what hangs on it; the store stays.
void MemberSession::leave() {
    socket_.reset();
    welcomed_ = false;
    if (engine_) add_counters(earlier_, engine_->snapshot().counters);
    engine_.reset();
}

// Spread, so that a room does not come back in one moment. A server that is there and asks to wait
// is asked again soon, then less and less often.
void MemberSession::come_back() {
    const double longest =
        waits_ == 0 ? 2.0 : std::min(2.0, 0.1 * static_cast<double>(1u << std::min(waits_, 5u)));
    retry_ =
        loop_.after(from_seconds(longest * (0.15 + 0.85 * prng_.uniform())), [this] { connect(); });
}

void MemberSession::finish(Status status) {
    if (finished_) return;
    finished_ = true;
    retry_.cancel();
    if (!status.ok()) say_failed(status.error().message());
    callbacks_.on_finished(std::move(status));
}

void MemberSession::say_failed(const std::string& why) {
    if (!socket_) return;
    mcast::MemberFinished finished;
    finished.failure = why;
    finished.counters = snapshot().counters;
    send(finished);
}

std::unique_ptr<BlockStore> MemberSession::take_store() {
    if (engine_) add_counters(earlier_, engine_->snapshot().counters);
    engine_.reset();
    return std::move(store_);
}

ReceiverSnapshot MemberSession::snapshot() const {
    ReceiverSnapshot snapshot;
    if (engine_) snapshot = engine_->snapshot();
    add_counters(snapshot.counters, earlier_);
    return snapshot;
}

}  // namespace muster::session
