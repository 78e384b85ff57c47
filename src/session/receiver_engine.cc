// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/receiver_engine.h"

#include <algorithm>

#include "net/monotonic.h"

namespace muster::session {

namespace {
constexpr Duration kPublishInterval = std::chrono::milliseconds(200);
constexpr Duration kRateWindow = std::chrono::seconds(1);
constexpr Duration kGather = std::chrono::microseconds(500);
constexpr std::size_t kManyDatagrams = 24;
constexpr std::size_t kDatagramBytes = 9216;  // a jumbo frame
constexpr std::uint32_t kLeastGroups = 3;
constexpr std::uint32_t kMostGroups = 64;
}  // namespace

// Carries out the core's orders: memory on the engine's thread, everything longer on the worker,
// whose answers come back through the inbox.
class ReceiverEngine::Work : public mcast::Receiver::Mediator, public MulticastFallback::Mediator {
public:
    explicit Work(ReceiverEngine& engine) : engine_(engine) {}

    void store_symbol(mcast::GroupId group, std::uint32_t symbol, ByteSpan payload) override {
        buffer(group)->store_symbol(symbol, payload);
    }
    void store_row(mcast::GroupId group, std::uint32_t row, ByteSpan payload) override {
        buffer(group)->store_row(row, payload);
    }
    void decode(mcast::GroupId group, std::vector<std::uint32_t> missing) override {
        on_worker([this, group, buffer = buffer(group), missing = std::move(missing)] {
            Status loaded = load_known(*buffer, missing);
            const std::uint32_t rank = loaded.ok() ? buffer->decode(missing) : 0;
            answer([this, group, rank, loaded = std::move(loaded)] {
                if (!loaded.ok()) return engine_.finish(loaded);
                engine_.core_->on_decoded(net::monotonic_now(), group, rank);
            });
        });
    }
    void check_block(mcast::GroupId group, mcast::BlockIndex block) override {
        on_worker([this, block, buffer = buffer(group)] {
            judge_block(block, std::as_const(*buffer).block_bytes(block), [this, block](bool good) {
                engine_.core_->on_block_checked(net::monotonic_now(), block, good);
            });
        });
    }
    void check_manifest() override {
        std::vector<std::shared_ptr<mcast::GroupBuffer>> buffers;
        const auto& layout = engine_.layout_;
        for (mcast::BlockIndex b(0); layout.is_manifest(b); b = layout.end_of_stretch(b)) {
            buffers.push_back(buffer(layout.manifest_group_of(b)));
        }
        on_worker([this, buffers = std::move(buffers)] {
            Bytes encoded;
            for (const auto& held : buffers) {
                const auto& holder = std::as_const(*held);
                const auto end = engine_.layout_.end_block(holder.group());
                for (auto b = engine_.layout_.first_block(holder.group()); b < end; ++b) {
                    const ByteSpan bytes = holder.block_bytes(b);
                    encoded.insert(encoded.end(), bytes.begin(), bytes.end());
                }
            }
            judge_manifest(encoded, [this](bool good) {
                engine_.core_->on_manifest_checked(net::monotonic_now(), good);
            });
        });
    }
    void fetch(mcast::BlockIndex block) override { engine_.fallback_->fetch_block(block); }
    void release(mcast::GroupId group) override { buffers_.erase(group); }

    void rejoin_group(bool silent) override { engine_.join_again(net::monotonic_now(), silent); }
    void judge_fetched_manifest(Bytes bytes) override {
        on_worker([this, bytes = std::move(bytes)] {
            judge_manifest(bytes, [this](bool good) {
                engine_.fallback_->on_manifest_judged(net::monotonic_now(), good);
            });
        });
    }
    void judge_fetched_block(mcast::BlockIndex block, Bytes bytes) override {
        on_worker([this, block, bytes = std::move(bytes)] {
            judge_block(block, bytes, [this, block](bool good) {
                engine_.fallback_->on_block_judged(net::monotonic_now(), block, good);
            });
        });
    }
    void warn(const std::string& words) override { engine_.callbacks_.on_warning(words); }
    void post(std::function<void()> function) override { answer(std::move(function)); }

private:
    // On the worker; the verdict is given on the engine's thread.
    void judge_manifest(ByteSpan encoded, std::function<void(bool)> verdict) {
        auto decoded = content::Manifest::decode(encoded, engine_.offer_.image);
        const bool good = decoded.ok();
        if (good) manifest_ = std::make_unique<content::Manifest>(std::move(*decoded));
        const std::uint32_t wrong = good ? prove_earlier_blocks() : 0;
        answer([this, good, wrong, verdict = std::move(verdict)] {
            if (wrong > 0) return engine_.on_store_shrunk(wrong);
            verdict(good);
        });
    }
    // On the worker: stores what is good; the verdict is given on the engine's thread.
    void judge_block(mcast::BlockIndex block, ByteSpan bytes, std::function<void(bool)> verdict) {
        const std::uint32_t index = engine_.layout_.index_in_object(block);
        const bool good = manifest_->verify_block(index, bytes);
        Status stored = good ? engine_.store_.write(index, bytes) : Status();
        answer([this, good, stored = std::move(stored), verdict = std::move(verdict)] {
            if (!stored.ok()) return engine_.finish(stored);
            verdict(good);
        });
    }
    std::shared_ptr<mcast::GroupBuffer> buffer(mcast::GroupId group) {
        auto& slot = buffers_[group];
        if (!slot) slot = std::make_shared<mcast::GroupBuffer>(engine_.layout_, group);
        return slot;
    }
    // Blocks of the group that were stored in an earlier run come back for the decode.
    Status load_known(mcast::GroupBuffer& buffer, std::span<const std::uint32_t> missing) {
        for (mcast::BlockIndex block : buffer.blocks_to_load(missing)) {
            TRY(engine_.store_.read(engine_.layout_.index_in_object(block),
                                    buffer.block_bytes(block)));
            buffer.mark_loaded(block);
        }
        return {};
    }
    // What a journal vouches for is hashed as well: the power may have failed, the file may have
    // been changed. How many blocks were wrong.
    std::uint32_t prove_earlier_blocks() {
        const content::BlockSet unproven = engine_.store_.unproven();
        content::BlockSet wrong(unproven.size());
        Bytes bytes;
        for (auto b = unproven.first_set(0); b; b = unproven.first_set(*b + 1)) {
            bytes.resize(manifest_->block_length(*b));
            const Status read = engine_.store_.read(*b, bytes);
            if (!read.ok() || !manifest_->verify_block(*b, bytes)) wrong.set(*b);
        }
        engine_.store_.on_proven(wrong);
        return wrong.count();
    }
    void on_worker(std::function<void()> job) { engine_.worker_.post(std::move(job)); }
    void answer(std::function<void()> event) { engine_.inbox_.post(std::move(event)); }

    ReceiverEngine& engine_;
    std::unordered_map<mcast::GroupId, std::shared_ptr<mcast::GroupBuffer>> buffers_;
    std::unique_ptr<content::Manifest> manifest_;  // the worker's, once it is there
};

std::uint32_t ReceiverEngine::open_blocks_for(std::uint64_t memory_bytes,
                                              const mcast::Layout& layout) {
    // A block's symbols, and up to half as much again in repair rows.
    const std::uint64_t block_bytes = std::uint64_t{layout.options().block_bytes} * 3 / 2;
    const std::uint64_t group_blocks = 1u << layout.longest_group_log2();
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
        memory_bytes / block_bytes, kLeastGroups * group_blocks, kMostGroups * group_blocks));
}

Result<std::unique_ptr<ReceiverEngine>> ReceiverEngine::create(const ReceiverEngineOptions& options,
                                                               const Offer& offer,
                                                               BlockStore& store,
                                                               Callbacks callbacks) {
    const auto layout = TRY(mcast::Layout::create(offer.layout).context("the server's offer"));
    auto inbox = TRY(Inbox::create());
    return std::unique_ptr<ReceiverEngine>(
        new ReceiverEngine(options, offer, store, layout, std::move(callbacks), std::move(inbox)));
}

ReceiverEngine::ReceiverEngine(const ReceiverEngineOptions& options, const Offer& offer,
                               BlockStore& store, const mcast::Layout& layout, Callbacks callbacks,
                               Inbox inbox)
    : options_(options),
      offer_(offer),
      layout_(layout),
      store_(store),
      callbacks_(std::move(callbacks)),
      inbox_(std::move(inbox)),
      work_(std::make_unique<Work>(*this)) {
    content::BlockSet have(layout_.block_count());
    const content::BlockSet stored = store_.have();
    for (auto b = stored.first_set(0); b; b = stored.first_set(*b + 1)) {
        have.set(layout_.manifest_blocks() + *b);
    }
    mcast::ReceiverOptions core;
    core.name = options_.name;
    core.max_open_blocks = open_blocks_for(options_.memory_bytes, layout_);
    core.fetches = !offer_.unicast.path.empty();
    core_ = std::make_unique<mcast::Receiver>(layout_, core, std::move(have), *work_,
                                              Prng(options_.seed));
    fallback_ = std::make_unique<MulticastFallback>(
        MulticastFallbackOptions{options_.interface.name, options_.server, offer_.unicast,
                                 offer_.multicast_only, options_.seed + 1},
        layout_, *core_, *work_);
    join_ = core_->make_join();
}

ReceiverEngine::~ReceiverEngine() {
    stopping_ = true;
    inbox_.post([] {});
    inbox_.close();
    if (thread_.joinable()) thread_.join();
    fallback_.reset();
    worker_.stop();
}

Status ReceiverEngine::start(const Welcome& welcome) {
    net::MulticastReceiverOptions socket;
    socket.interface = options_.interface;
    socket.group = TRY(net::Address::parse(welcome.group));
    if (socket.group.is_source_specific()) {
        socket.source = TRY(net::Address::parse_ip(welcome.source));
    }
    uplink_address_ = TRY(net::Address::parse(welcome.uplink));
    socket_ = TRY(net::MulticastReceiver::open(socket));
    if (auto warning = socket_->warning()) callbacks_.on_warning(*warning);
    opener_.emplace(offer_.session, welcome.stream, welcome.epoch_packets, layout_.symbol_bytes(),
                    welcome.group_secret);
    uplink_.emplace(mcast::derive_uplink_key(welcome.uplink_secret), offer_.session);
    next_uplink_number_ = std::uint64_t{welcome.member.value} << 32;
    started_at_ = net::monotonic_now();
    core_->on_joined(started_at_, welcome.member);
    thread_ = std::thread([this] { run(); });
    return {};
}

void ReceiverEngine::run() {
    net::name_this_thread("receive");
    net::prefer_this_thread();
    while (!stopping_) {
        inbox_.drain();
        const std::size_t received = receive();
        const TimePoint now = net::monotonic_now();
        if (core_->all_verified() && !store_ordered_) {
            store_ordered_ = true;
            worker_.post([this] {
                Status stored = store_.complete();
                inbox_.post([this, stored = std::move(stored)] { finish(stored); });
            });
        }
        send_uplink(now);
        send_control(now);
        follow_attendance();
        if (!finished_) fallback_->poll(now);
        publish(now);
        const TimePoint deadline = std::min(core_->next_deadline(now), now + kPublishInterval);
        const Duration wait = std::max(deadline - now, Duration::zero());
        const int fds[] = {inbox_.fd(), socket_->fd()};
        if (received >= kManyDatagrams) continue;
        if (received > 0) {
            // More are on their way: let some gather, waking up for each costs more than it does.
            (void)net::wait_readable(std::span(fds).first(1), std::min(wait, kGather));
        } else {
            (void)net::wait_readable(fds, wait);
        }
    }
}

std::size_t ReceiverEngine::receive() {
    std::array<std::byte, kDatagramBytes> scratch;
    const auto batch = socket_->receive();
    if (!batch.ok() || batch->empty()) return 0;
    const TimePoint now = net::monotonic_now();
    for (const auto& datagram : *batch) {
        if (datagram.bytes.size() > scratch.size()) {
            core_->on_rejected_datagram();
            continue;
        }
        const auto opened = opener_->open(now, datagram.bytes, scratch);
        if (opened.ok()) {
            if (const auto* probe = std::get_if<mcast::ProbePacket>(&opened->packet)) {
                on_probe(*probe);
            }
            core_->on_packet(now, opened->header.packet_number, opened->packet);
        } else if (opened.error().code() != Errc::already_exists) {
            core_->on_rejected_datagram();
        }
    }
    const std::uint64_t drops = socket_->kernel_drops();
    if (drops > drops_reported_) core_->on_local_drops(drops - drops_reported_);
    drops_reported_ = drops;
    return batch->size();
}

void ReceiverEngine::send_uplink(TimePoint now) {
    std::array<std::byte, kDatagramBytes> buffer;
    while (auto nak = core_->poll_nak(now)) {
        const std::size_t length = uplink_->seal(next_uplink_number_++, *nak, {}, buffer);
        // A NAK that cannot be sent now is lost like any other; the timers send it again.
        (void)socket_->send_to(uplink_address_, ByteSpan(buffer).first(length));
    }
    if (const auto feedback = core_->poll_feedback(now)) {
        const std::size_t length = uplink_->seal(next_uplink_number_++, *feedback, {}, buffer);
        (void)socket_->send_to(uplink_address_, ByteSpan(buffer).first(length));
    }
}

void ReceiverEngine::send_control(TimePoint now) {
    while (auto message = core_->poll_control(now)) {
        if (const auto* left = std::get_if<mcast::MemberLeft>(&*message)) {
            callbacks_.on_warning("out of the multicast group for now: " + left->reason);
        }
        std::visit([&](auto& typed) { callbacks_.send(ToServer(std::move(typed))); }, *message);
    }
}

void ReceiverEngine::join_again(TimePoint now, bool silent) {
    if (silent && widening_.on_silence(now, core_->last_heard())) {
        (void)socket_->widen();
    } else {
        (void)socket_->rejoin();
    }
}

void ReceiverEngine::on_session_started(std::uint16_t symbol_bytes) {
    inbox_.post([this, symbol_bytes] { begin(symbol_bytes); });
}

void ReceiverEngine::begin(std::uint16_t symbol_bytes) {
    fallback_->on_session_started(net::monotonic_now());
    if (!core_->set_symbol_bytes(symbol_bytes)) {
        return finish(Error(Errc::corrupt, "the server started the session with symbols of " +
                                               std::to_string(symbol_bytes) + " bytes"));
    }
    if (symbol_bytes == layout_.symbol_bytes()) return;
    layout_ = *layout_.with_symbol_bytes(symbol_bytes);
    opener_->set_payload_bytes(symbol_bytes);
}

void ReceiverEngine::on_probe(const mcast::ProbePacket& probe) {
    if (probe.symbol_bytes <= largest_probe_) return;
    largest_probe_ = probe.symbol_bytes;
    callbacks_.send(ToServer(mcast::MemberProbed{largest_probe_}));
}

void ReceiverEngine::on_order(mcast::MemberOrder order) {
    inbox_.post([this, order = std::move(order)] { obey(order); });
}

void ReceiverEngine::obey(const mcast::MemberOrder& order) {
    if (finished_) return;
    const bool unicast = order.mode == mcast::OrderMode::unicast;
    if (unicast && offer_.unicast.path.empty()) {
        return finish(Error(Errc::unavailable, "sent away by the server (" + order.reason +
                                                   "), which gives nothing by HTTPS"));
    }
    fallback_->insist_on_unicast(unicast ? std::optional(order.reason) : std::nullopt);
    core_->on_order(net::monotonic_now(), order);
    // The order is repeated while it is away.
    if (std::exchange(ordered_, order.mode) == order.mode) return;
    const bool in_group = order.mode == mcast::OrderMode::multicast;
    callbacks_.on_warning(
        (in_group ? "back in the multicast group: " : "out of the multicast group for now: ") +
        order.reason);
}

// The core says whether to be in the group; away, it may look for a moment.
void ReceiverEngine::follow_attendance() {
    if (finished_) return;
    // What does not come while we are away on purpose is no fault of the network.
    fallback_->on_listening(!core_->is_away());
    if (core_->listens() == listens_) return;
    listens_ = core_->listens();
    const Status changed = listens_ ? socket_->rejoin() : socket_->leave();
    if (!changed.ok()) callbacks_.on_warning(changed.error().message());
}

void ReceiverEngine::on_rekey(const mcast::GroupSecret& secret) {
    inbox_.post([this, secret] {
        opener_->on_rekey(net::monotonic_now(), secret);
        callbacks_.send(Rekeyed{secret.rekeys});
    });
}

void ReceiverEngine::finish(Status status) {
    if (finished_) return;
    finished_ = true;
    const TimePoint now = net::monotonic_now();
    if (status.ok()) {
        core_->on_stored(now);
    } else {
        core_->on_failed(now, status.error().message());
    }
    last_publish_ = {};
    publish(now);
    // Before the others are told: the session may end as soon as they know.
    callbacks_.on_finished(std::move(status));
    send_control(now);
}

void ReceiverEngine::on_store_shrunk(std::uint32_t wrong_blocks) {
    if (finished_) return;
    finished_ = true;
    callbacks_.on_store_shrunk(std::to_string(wrong_blocks) +
                               " of the blocks received earlier are not what the journal says: "
                               "they will be received anew");
}

void ReceiverEngine::publish(TimePoint now) {
    if (now < last_publish_ + kPublishInterval) return;
    last_publish_ = now;
    if (widening_.has_helped(core_->last_heard())) {
        callbacks_.on_warning(
            "multicast arrives since the group was joined from any source: a switch does not "
            "understand source-specific reports (IGMPv3, MLDv2)");
    }
    ReceiverSnapshot next;
    const auto& verified = core_->verified();
    next.blocks = layout_.block_count() - layout_.manifest_blocks();
    next.manifest_known = verified.first_clear(0).value_or(~0u) >= layout_.manifest_blocks();
    std::uint32_t manifest_missing = 0;
    for (std::uint32_t b = 0; b < layout_.manifest_blocks(); ++b) {
        manifest_missing += !verified.test(b);
    }
    next.missing = core_->blocks_missing() - manifest_missing;
    next.counters = core_->counters();
    next.seconds = to_seconds(now - started_at_);
    next.delivery = core_->delivery();
    next.delivery_why = core_->delivery_why();
    rate_samples_.emplace_back(now, next.counters.blocks_verified);
    while (rate_samples_.front().first < now - kRateWindow) rate_samples_.pop_front();
    const double span = to_seconds(now - rate_samples_.front().first);
    if (span > 0) {
        const auto blocks = next.counters.blocks_verified - rate_samples_.front().second;
        next.rate_bits_per_second =
            8.0 * static_cast<double>(blocks) * layout_.options().block_bytes / span;
    }
    std::lock_guard lock(snapshot_mutex_);
    snapshot_ = next;
}

ReceiverSnapshot ReceiverEngine::snapshot() const {
    std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
}

}  // namespace muster::session
