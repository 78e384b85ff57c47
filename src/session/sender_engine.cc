// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/sender_engine.h"

#include <algorithm>

#include "net/monotonic.h"
#include "net/random.h"

namespace muster::session {

namespace {
constexpr std::size_t kBatch = 64;
constexpr std::size_t kDatagramBytes = 9216;  // a jumbo frame
constexpr std::size_t kMaxNakBytes = 1024;
constexpr Duration kPublishInterval = std::chrono::milliseconds(200);
constexpr Duration kRateWindow = std::chrono::seconds(1);
constexpr Duration kCarrierInterval = std::chrono::milliseconds(20);
}  // namespace

// Answers the core's wish for rows: the worker makes them, the inbox brings them, and they wait
// here until they are sent.
class SenderEngine::Rows : public mcast::Sender::Mediator {
public:
    explicit Rows(SenderEngine& engine)
        : engine_(engine), encoder_(engine.source_), again_(engine.source_) {}

    void prepare_rows(mcast::GroupId group, std::uint32_t first, std::uint32_t count) override {
        engine_.worker_.post([this, group, first, count, layout = engine_.core_->layout()] {
            auto made = std::make_shared<Result<std::vector<Bytes>>>(
                encoder_.rows(layout, group, first, count));
            engine_.inbox_.post([this, group, first, made] {
                if (!made->ok()) return engine_.fail(made->error());
                auto& rows = **made;
                for (std::uint32_t i = 0; i < rows.size(); ++i) {
                    ready_[group][first + i] = std::move(rows[i]);
                }
                engine_.core_->on_rows_ready(group,
                                             first + static_cast<std::uint32_t>(rows.size()));
            });
        });
    }
    void prepare_sources(mcast::GroupId group) override { engine_.source_->announce(group); }

    // A row that was forgotten because nobody wanted its group any more, and is wanted after all
    // by one who joined since, is made again here.
    Result<Bytes> take(mcast::GroupId group, std::uint32_t row) {
        auto it = ready_.find(group);
        if (it != ready_.end()) {
            auto& rows = it->second;
            rows.erase(rows.begin(), rows.lower_bound(row));
            auto node = rows.extract(row);
            if (rows.empty()) ready_.erase(it);
            if (!node.empty()) return std::move(node.mapped());
        }
        auto made = TRY(again_.rows(engine_.core_->layout(), group, row, 1));
        return std::move(made.front());
    }
    // Rows of groups that nobody repairs any more.
    void forget_satisfied() {
        std::erase_if(
            ready_, [&](const auto& entry) { return !engine_.core_->wants().wanted(entry.first); });
    }

private:
    SenderEngine& engine_;
    RowEncoder encoder_;  // the worker's
    RowEncoder again_;    // the engine's thread's
    std::unordered_map<mcast::GroupId, std::map<std::uint32_t, Bytes>> ready_;
};

Result<std::unique_ptr<SenderEngine>> SenderEngine::start(const SenderEngineOptions& options,
                                                          std::shared_ptr<ContentSource> source,
                                                          Callbacks callbacks) {
    net::MulticastSenderOptions socket;
    socket.interface = options.interface;
    socket.group = options.group;
    socket.ttl = options.ttl;
    socket.dscp = options.dscp;
    auto opened = TRY(net::MulticastSender::open(socket));
    auto inbox = TRY(Inbox::create());
    return std::unique_ptr<SenderEngine>(new SenderEngine(
        options, std::move(source), std::move(callbacks), std::move(opened), std::move(inbox)));
}

SenderEngine::SenderEngine(const SenderEngineOptions& options,
                           std::shared_ptr<ContentSource> source, Callbacks callbacks,
                           net::MulticastSender socket, Inbox inbox)
    : options_(options),
      source_(std::move(source)),
      callbacks_(std::move(callbacks)),
      socket_(std::move(socket)),
      carrier_(options.interface.name),
      inbox_(std::move(inbox)),
      rows_(std::make_unique<Rows>(*this)),
      blocks_(source_),
      buffers_(kBatch, Bytes(kDatagramBytes)),
      created_at_(net::monotonic_now()) {
    net::fill_random(uplink_root_);
    mcast::GroupSecret first;
    net::fill_random(first.secret);
    sealer_ = std::make_unique<mcast::GroupSealer>(options_.session, options_.stream,
                                                   options_.epoch_packets, first);
    auto core = options_.core;
    if (options_.group.is_v6()) core.link_overhead_bytes = mcast::kLinkOverheadBytesV6;
    core.largest_symbol_bytes = mcast::largest_symbol(
        static_cast<std::size_t>(options_.interface.mtu_bytes), options_.group.is_v6());
    core_ = std::make_unique<mcast::Sender>(created_at_, source_->layout(), core, *rows_);
    thread_ = std::thread([this] { run(); });
}

SenderEngine::~SenderEngine() {
    stopping_ = true;
    inbox_.post([] {});
    inbox_.close();
    if (thread_.joinable()) thread_.join();
    worker_.stop();
}

void SenderEngine::run() {
    net::name_this_thread("send");
    net::use_fine_timers();
    net::prefer_this_thread();
    while (!stopping_) {
        inbox_.drain();
        receive_uplink();
        watch_carrier(net::monotonic_now());
        const bool sent = !failed_ && send_batch();
        const TimePoint now = net::monotonic_now();
        const auto events = core_->take_events();
        if (!events.empty() || now >= last_publish_ + kPublishInterval) publish(now);
        for (const auto& event : events) {
            const auto* member = std::get_if<mcast::MemberChanged>(&event);
            const bool gone = member != nullptr && !mcast::is_live(member->state);
            if (gone) uplinks_.erase(member->number.value);
            if (member != nullptr) rekeying_.on_member_changed(*member);
            callbacks_.on_event(event);
        }
        rekey_when_due(now);
        if (sent) continue;
        const TimePoint deadline =
            failed_ ? now + kPublishInterval
                    : std::min({core_->next_deadline(now), last_publish_ + kPublishInterval,
                                next_carrier_check_});
        const int fds[] = {socket_.fd(), inbox_.fd()};
        (void)net::wait_readable(fds, std::max(deadline - now, Duration::zero()));
    }
}

// What is sent while the cable is out would be lost to everybody.
void SenderEngine::watch_carrier(TimePoint now) {
    if (now < next_carrier_check_) return;
    next_carrier_check_ = now + kCarrierInterval;
    core_->on_carrier(now, carrier_.is_there());
}

// ---- datagrams ----

Result<ByteSpan> SenderEngine::payload(const mcast::Packet& packet) {
    if (const auto* data = std::get_if<mcast::DataPacket>(&packet)) {
        return blocks_.symbol(core_->layout(), data->symbol);
    }
    if (const auto* repair = std::get_if<mcast::RepairPacket>(&packet)) {
        repair_payload_ = TRY(rows_->take(repair->group(), repair->row));
        return ByteSpan(repair_payload_);
    }
    return ByteSpan();
}

bool SenderEngine::send_batch() {
    std::array<ByteSpan, kBatch> datagrams;
    std::size_t count = 0;
    const TimePoint now = net::monotonic_now();
    while (count < kBatch) {
        const auto outgoing = core_->poll_packet(now);
        if (!outgoing) break;
        auto bytes = payload(outgoing->packet);
        if (!bytes.ok()) return fail(bytes.error()), false;
        const std::size_t length =
            sealer_->seal(outgoing->packet_number, outgoing->packet, *bytes, buffers_[count]);
        datagrams[count] = ByteSpan(buffers_[count]).first(length);
        ++count;
    }
    if (count == 0) return false;
    if (!first_sent_) first_sent_ = now;
    std::size_t done = 0;
    while (done < count) {
        auto sent = socket_.send_batch(std::span(datagrams).subspan(done, count - done));
        if (!sent.ok() && sent.error().code() == Errc::unavailable) break;  // lost, like a cable
        if (!sent.ok()) return fail(sent.error()), false;
        done += *sent;
    }
    core_->on_left(net::monotonic_now(), count);
    return true;
}

void SenderEngine::receive_uplink() {
    std::array<net::Datagram, 64> datagrams;
    std::array<std::byte, kMaxNakBytes> scratch;
    auto got = socket_.receive_batch(datagrams);
    if (!got.ok()) return;
    const TimePoint now = net::monotonic_now();
    for (std::size_t i = 0; i < *got; ++i) {
        const ByteSpan bytes = datagrams[i].bytes;
        if (bytes.size() > scratch.size()) continue;
        // Which key opens it says the upper half of the packet number: the member's own number.
        const auto header = mcast::decode_header(bytes);
        if (!header.ok()) continue;
        auto uplink = uplinks_.find(static_cast<std::uint32_t>(header->packet_number >> 32));
        if (uplink == uplinks_.end()) continue;
        const auto opened = uplink->second.open(bytes, scratch);
        if (!opened.ok()) continue;
        if (const auto* nak = std::get_if<mcast::NakPacket>(&opened->packet)) {
            if (nak->member == uplink->first) core_->on_nak(now, *nak);
        } else if (const auto* said = std::get_if<mcast::FeedbackPacket>(&opened->packet)) {
            if (said->member == uplink->first) core_->on_feedback(now, *said);
        }
    }
}

// ---- control ----

void SenderEngine::join(mcast::JoinRequest request, std::function<void(Result<Welcome>)> answer) {
    inbox_.post([this, request = std::move(request), answer = std::move(answer)] {
        auto joined = core_->on_join(net::monotonic_now(), request);
        if (!joined.ok()) return answer(joined.error());
        Welcome welcome;
        welcome.member = *joined;
        welcome.stream = options_.stream;
        welcome.group = options_.group.to_string();
        welcome.source = socket_.local_address().ip();
        welcome.uplink = socket_.local_address().to_string();
        welcome.group_secret = sealer_->current();
        welcome.epoch_packets = options_.epoch_packets;
        welcome.uplink_secret = mcast::derive_uplink_secret(uplink_root_, joined->value);
        welcome.rate_bits_per_second = core_->rate_bits_per_second();
        uplinks_.emplace(joined->value,
                         mcast::PacketOpener(mcast::derive_uplink_key(welcome.uplink_secret),
                                             options_.session, 0));
        rekeying_.on_joined(welcome.member);
        answer(std::move(welcome));
    });
}

void SenderEngine::report(mcast::MemberNumber member, mcast::MemberReport report) {
    inbox_.post([this, member, report = std::move(report)] {
        core_->on_report(net::monotonic_now(), member, report);
    });
}

void SenderEngine::probed(mcast::MemberNumber member, mcast::MemberProbed answer) {
    inbox_.post([this, member, answer] { core_->on_probed(member, answer); });
}

void SenderEngine::finished(mcast::MemberNumber member, mcast::MemberFinished finished) {
    inbox_.post([this, member, finished = std::move(finished)] {
        core_->on_finished(net::monotonic_now(), member, finished);
        rows_->forget_satisfied();
    });
}

void SenderEngine::left_group(mcast::MemberNumber member, mcast::MemberLeft left) {
    inbox_.post([this, member, left = std::move(left)] {
        core_->on_left_group(net::monotonic_now(), member, left);
    });
}

void SenderEngine::disconnected(mcast::MemberNumber member) {
    inbox_.post([this, member] {
        core_->on_disconnected(net::monotonic_now(), member);
        rekeying_.on_disconnected(member);
    });
}

void SenderEngine::rekeyed(mcast::MemberNumber member, std::uint32_t rekeys) {
    inbox_.post([this, member, rekeys] { rekeying_.on_acknowledged(member, rekeys); });
}

void SenderEngine::rekey() {
    inbox_.post([this] { rekeying_.on_someone_is_out(); });
}

void SenderEngine::rekey_when_due(TimePoint now) {
    if (rekeying_.begin_due(now)) {
        mcast::Secret fresh;
        net::fill_random(fresh);
        callbacks_.on_rekey(rekeying_.begin(now, sealer_->current(), fresh, core_->membership()));
    }
    if (const auto secret = rekeying_.poll_switch(now)) sealer_->rekey(*secret);
}

void SenderEngine::others(std::uint32_t live_members) {
    inbox_.post([this, live_members] { core_->on_others(net::monotonic_now(), live_members); });
}

void SenderEngine::hold(bool held) {
    inbox_.post([this, held] { core_->hold(net::monotonic_now(), held); });
}

void SenderEngine::limit_rate(std::uint64_t bits_per_second) {
    inbox_.post(
        [this, bits_per_second] { core_->limit_rate(net::monotonic_now(), bits_per_second); });
}

void SenderEngine::start_now() {
    inbox_.post([this] { core_->start(net::monotonic_now()); });
}

void SenderEngine::end(std::string why) {
    inbox_.post([this, why = std::move(why)] { core_->end(net::monotonic_now(), why); });
}

void SenderEngine::fail(const Error& error) {
    if (failed_) return;
    failed_ = true;
    core_->end(net::monotonic_now(), error.message());
    callbacks_.on_failed(error);
}

// ---- what people see ----

void SenderEngine::publish(TimePoint now) {
    last_publish_ = now;
    SenderSnapshot next;
    next.state = core_->state();
    next.paused = core_->paused();
    next.counters = core_->counters();
    next.symbol_bytes = core_->layout().symbol_bytes();
    next.live_members = core_->membership().live_count();
    next.rate_limit_bits_per_second = core_->rate_bits_per_second();
    next.limited_by = core_->rate_limit();
    next.waiting_seconds = to_seconds(now - created_at_);
    if (first_sent_) next.seconds = to_seconds(now - *first_sent_);
    next.progress = static_cast<double>(core_->cursor().value) / source_->layout().block_count();
    std::map<std::string, MemberSnapshot> latest;
    for (const auto& [number, member] : core_->membership().all()) {
        const TimePoint end = member.is_live() ? now : member.finished_at;
        latest[member.name] = {
            member.name,          member.state,          member.failure,
            member.blocks_wanted, member.blocks_missing, to_seconds(end - member.joined_at),
            member.counters,      member.delivery,       member.delivery_why};
    }
    for (auto& [name, member] : latest) next.members.push_back(std::move(member));
    rate_samples_.emplace_back(now, next.counters.wire_bytes());
    while (rate_samples_.front().first < now - kRateWindow) rate_samples_.pop_front();
    const double span = to_seconds(now - rate_samples_.front().first);
    if (span > 0) {
        next.rate_bits_per_second =
            8.0 * static_cast<double>(next.counters.wire_bytes() - rate_samples_.front().second) /
            span;
    }
    std::lock_guard lock(snapshot_mutex_);
    snapshot_ = std::move(next);
}

std::uint64_t SenderEngine::known_rate() const {
    std::lock_guard lock(snapshot_mutex_);
    if (snapshot_.limited_by == mcast::RateLimit::searching) {
        return options_.core.rate_bits_per_second;
    }
    return snapshot_.rate_limit_bits_per_second;
}

SenderSnapshot SenderEngine::snapshot() const {
    std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
}

}  // namespace muster::session
