// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/simulation.h"

#include <algorithm>

#include "base/check.h"
#include "sim/forger.h"
#include "sim/replayer.h"

namespace muster::sim {

Simulation::Simulation(const SimulationOptions& options_in)
    : Simulation(std::make_unique<Shared>(options_in)) {}

Simulation::Simulation(std::unique_ptr<Shared> shared)
    : World(shared->options, shared->content, shared->queue),
      shared_(std::move(shared)),
      prng_(mix64(options.seed)) {
    CHECK(with_bytes() || options.forger.datagrams_per_second == 0);
    start_server();
    outcomes_.resize(options.guests.size());
    lines_.resize(options.guests.size());
    for (std::uint32_t i = 0; i < options.guests.size(); ++i) {
        const GuestOptions& guest = options.guests[i];
        if (guest.lies) {
            guests_.push_back(std::make_unique<Liar>(*this, i, guest, prng_.fork()));
        } else {
            guests_.push_back(std::make_unique<HonestGuest>(*this, i, guest, prng_.fork()));
            ++honest_left_;
        }
    }
    if (options.forger.datagrams_per_second > 0) {
        forger_ = std::make_unique<Forger>(*this, prng_.fork());
    }
    if (options.forger.replays_per_second > 0) {
        replayer_ = std::make_unique<Replayer>(prng_.fork());
    }
    if (options.bottleneck) bottleneck_.emplace(*options.bottleneck, prng_.fork());
    for (const auto& flow : options.tcp_flows) {
        tcp_flows_.push_back(std::make_unique<TcpFlow>(queue, *bottleneck_, flow));
    }
    sort_into_ports();
}

Simulation::~Simulation() = default;

// ---- the plan ----

void Simulation::sort_into_ports() {
    plain_ports_.clear();
    other_ports_.clear();
    for (std::uint32_t i = 0; i < guests_.size(); ++i) {
        const LinkOptions& down = guests_[i]->down().options();
        if (down.is_plain()) {
            auto& ports = plain_ports_[down.delay];
            if (!ports) ports = std::make_shared<std::vector<std::uint32_t>>();
            ports->push_back(i);
        } else {
            other_ports_.push_back(i);
        }
    }
}

void Simulation::let_in(std::uint32_t guest) {
    outcomes_[guest].symbols_sent_at_join = symbols_sent();
    guests_[guest]->join();
}

void Simulation::let_in_by_share() {
    const double share = static_cast<double>(server_->sender().counters().source_symbols) /
                         static_cast<double>(content.layout().symbol_count());
    while (!waiting_for_share_.empty() && waiting_for_share_.begin()->first <= share) {
        const std::uint32_t guest = waiting_for_share_.begin()->second;
        waiting_for_share_.erase(waiting_for_share_.begin());
        queue.after(Duration{}, [this, guest] { let_in(guest); });
    }
}

void Simulation::plan_guests() {
    for (std::uint32_t i = 0; i < guests_.size(); ++i) {
        const GuestOptions& guest = options.guests[i];
        if (guest.joins_at_share > 0) {
            waiting_for_share_.emplace(guest.joins_at_share, i);
        } else {
            queue.after(guest.joins_after, [this, i] { let_in(i); });
        }
        for (const Outage& outage : guest.outages) {
            queue.after(outage.at, [this, i, outage] { guests_[i]->go_away(outage); });
            queue.after(outage.at + outage.lasts, [this, i] { guests_[i]->come_back(); });
        }
    }
    for (std::size_t i = 0; i < tcp_flows_.size(); ++i) {
        queue.after(options.tcp_flows[i].starts, [this, i] { tcp_flows_[i]->start(); });
    }
    if (options.sample_every > Duration{}) take_sample();
    if (options.faults_end) queue.after(*options.faults_end, [this] { end_faults(); });
    plan_faults();
}

void Simulation::plan_faults() {
    for (const ServerOutage& outage : options.server_outages) {
        queue.after(outage.at, [this] { kill_server(); });
        queue.after(outage.at + outage.lasts, [this] {
            start_server();
            server_->pump();
        });
    }
    for (const Partition& partition : options.partitions) {
        queue.after(partition.at, [this, &partition] { begin(partition); });
        queue.after(partition.at + partition.lasts, [this, &partition] { end(partition); });
    }
    for (const StampJump& jump : options.stamp_jumps) {
        queue.after(jump.at, [this, &jump] { stamp_offset_us = jump.by_us; });
    }
    const Duration until = options.faults_end.value_or(options.limit);
    const auto each = [&](double per_second, const std::function<void()>& action) {
        if (per_second <= 0) return;
        const Duration gap = from_seconds(1 / per_second);
        for (Duration at = gap; at < until; at += gap) queue.after(at, action);
    };
    each(options.forger.datagrams_per_second, [this] {
        const auto frame = std::make_shared<Frame>(forger_->forge());
        for (std::uint32_t g = 0; g < guests_.size(); ++g) arrive(g, frame, false);
    });
    each(options.forger.replays_per_second, [this] {
        if (const FramePtr frame = replayer_->multicast()) {
            for (std::uint32_t g = 0; g < guests_.size(); ++g) arrive(g, frame, false);
        }
        if (const FramePtr frame = replayer_->uplink(); frame && server_)
            server_->on_uplink(*frame);
    });
}

// ---- faults of many at once ----

void Simulation::start_server() {
    ++server_run_;
    server_ = std::make_unique<Server>(*this, prng_.fork());
}

void Simulation::kill_server() {
    if (!server_) return;
    server_->report_to(earlier_runs_);
    for (const auto& [number, member] : server_->sender().membership().all()) {
        if (member.state == mcast::MemberState::verified) verified_names_.insert(member.name);
    }
    server_.reset();
    for (std::uint32_t i = 0; i < lines_.size(); ++i) break_line(i);
}

// The server's end is gone. Who is cut off finds out when it is not any more.
void Simulation::break_line(std::uint32_t guest) {
    Line& line = lines_[guest];
    line.member.reset();
    for (const auto& [number, message] : std::exchange(line.held_for_server, {})) {
        drop(guest, message);
    }
    line.held_for_guest.clear();
    if (line.cuts > 0) {
        line.held_for_guest.push_back(Broken{});
    } else {
        queue.after(options.control_delay, [this, guest] { guests_[guest]->on_message(Broken{}); });
    }
}

template <typename Function>
void Simulation::for_each_guest(const Partition& partition, Function function) {
    for (std::uint32_t i = 0; partition.guests.empty() && i < guests_.size(); ++i) function(i);
    for (std::uint32_t i : partition.guests) function(i);
}

void Simulation::begin(const Partition& partition) {
    if (!partition.carrier && server_) server_->on_carrier(false);
    for_each_guest(partition, [&](std::uint32_t i) {
        if (partition.suspended) guests_[i]->suspend();
        cut(i);
    });
}

void Simulation::end(const Partition& partition) {
    for_each_guest(partition, [&](std::uint32_t i) {
        if (partition.suspended) guests_[i]->resume(partition.lasts);
        mend(i);
    });
    if (!partition.carrier && server_) server_->on_carrier(true);
}

void Simulation::cut(std::uint32_t guest) {
    Line& line = lines_[guest];
    ++line.cuts;
    queue.after(options.control_timeout, [this, guest, number = ++line.cut_number] {
        if (lines_[guest].cuts > 0 && lines_[guest].cut_number == number) declare_dead(guest);
    });
}

void Simulation::declare_dead(std::uint32_t guest) {
    const auto member = lines_[guest].member;
    break_line(guest);
    if (member && server_) server_->on_message(guest, *member, Disconnected{});
    // Who sleeps finds out when it wakes up.
    if (guests_[guest]->is_suspended()) return;
    lines_[guest].held_for_guest.clear();
    guests_[guest]->on_message(Broken{});
}

void Simulation::mend(std::uint32_t guest) {
    Line& line = lines_[guest];
    if (--line.cuts > 0) return;
    for (const auto& message : std::exchange(line.held_for_guest, {})) {
        guests_[guest]->on_message(message);
    }
    for (const auto& [number, message] : std::exchange(line.held_for_server, {})) {
        server_->on_message(guest, number, message);
    }
}

void Simulation::drop(std::uint32_t guest, const ToServer& message) {
    const auto* said = std::get_if<mcast::MemberMessage>(&message);
    if (said != nullptr && std::holds_alternative<mcast::MemberFinished>(*said)) {
        lines_[guest].finish_lost = true;
    }
}

bool Simulation::is_reachable(std::uint32_t guest) const {
    return server_ && lines_[guest].cuts == 0;
}

std::uint64_t Simulation::symbols_sent() const {
    return earlier_runs_.sent.symbols() + (server_ ? server_->sender().counters().symbols() : 0);
}

void Simulation::end_faults() {
    for (auto& guest : guests_) {
        guest->down().heal();
        guest->up().heal();
    }
    sort_into_ports();
}

// ---- the cables ----

void Simulation::arrive(std::uint32_t guest, const FramePtr& frame, bool damaged) {
    if (!guests_[guest]->listens() || lines_[guest].cuts > 0) return;
    if (!damaged) return guests_[guest]->on_frame(*frame);
    if (with_bytes()) guests_[guest]->on_frame(*with_one_bit_wrong(*frame, prng_.next()));
}

void Simulation::multicast(FramePtr frame) {
    if (forger_) forger_->on_multicast(*frame);
    if (replayer_) replayer_->on_multicast(frame);
    if (!waiting_for_share_.empty()) let_in_by_share();
    if (!bottleneck_) return pass(std::move(frame));
    const auto arrivals = bottleneck_->send(queue.now(), frame->wire_bytes);
    for (int n = 0; n < arrivals.count; ++n) {
        queue.at(arrivals.list[n].at, [this, frame] { pass(frame); });
    }
}

void Simulation::take_sample() {
    RateSample sample;
    sample.at = queue.now() - start_time();
    if (server_) {
        sample.rate_bits_per_second = server_->sender().rate_bits_per_second();
        sample.limit = server_->sender().rate_limit();
    }
    sample.passed_wire_bytes = passed_wire_bytes_;
    for (const auto& flow : tcp_flows_) sample.tcp_bytes += flow->delivered_bytes();
    samples_.push_back(sample);
    queue.after(options.sample_every, [this] { take_sample(); });
}

void Simulation::pass(FramePtr frame) {
    passed_wire_bytes_ += frame->wire_bytes;
    if (coalesced_.empty()) queue.after(options.coalesce, [this] { flush(); });
    coalesced_.push_back(frame);
    for (std::uint32_t i : other_ports_) {
        const auto arrivals = guests_[i]->down().send(queue.now(), frame->wire_bytes);
        for (int n = 0; n < arrivals.count; ++n) {
            const bool damaged = arrivals.list[n].damaged;
            queue.at(arrivals.list[n].at, [this, i, frame, damaged] { arrive(i, frame, damaged); });
        }
    }
}

void Simulation::flush() {
    const auto frames = std::make_shared<const std::vector<FramePtr>>(std::move(coalesced_));
    coalesced_.clear();
    for (const auto& [delay, ports] : plain_ports_) {
        queue.after(delay, [this, frames, list = ports] { deliver(*list, *frames); });
    }
}

void Simulation::deliver(const std::vector<std::uint32_t>& ports,
                         const std::vector<FramePtr>& frames) {
    for (std::uint32_t i : ports) {
        Guest& guest = *guests_[i];
        for (const auto& frame : frames) {
            const bool lost = guest.down().loses_next() || lines_[i].cuts > 0;
            if (!lost && guest.listens()) guest.on_frame(*frame);
        }
    }
}

void Simulation::uplink(std::uint32_t guest, FramePtr frame) {
    if (replayer_) replayer_->on_uplink(frame);
    if (lines_[guest].cuts > 0) return;
    const auto arrivals = guests_[guest]->up().send(queue.now(), frame->wire_bytes);
    for (int n = 0; n < arrivals.count; ++n) {
        auto arrived = frame;
        if (arrivals.list[n].damaged) {
            if (!with_bytes()) continue;
            arrived = with_one_bit_wrong(*frame, prng_.next());
        }
        queue.at(arrivals.list[n].at, [this, arrived] {
            if (server_) server_->on_uplink(*arrived);
        });
    }
}

void Simulation::tell_server(std::uint32_t guest, mcast::MemberNumber number, ToServer message) {
    queue.after(options.control_delay,
                [this, guest, number, run = server_run_, message = std::move(message)] {
                    if (!server_ || run != server_run_) return drop(guest, message);
                    Line& line = lines_[guest];
                    if (line.cuts > 0)
                        return line.held_for_server.emplace_back(number, message), void();
                    server_->on_message(guest, number, message);
                });
}

void Simulation::tell_guest(std::uint32_t guest, ToGuest message) {
    if (const auto* joined = std::get_if<Joined>(&message)) lines_[guest].member = joined->number;
    auto arrive = [this, guest, run = server_run_, message = std::move(message)] {
        queue.after(options.control_delay, [this, guest, run, message] {
            if (run != server_run_) return;
            Line& line = lines_[guest];
            if (line.cuts > 0) return line.held_for_guest.push_back(message);
            guests_[guest]->on_message(message);
        });
    };
    Link& port = guests_[guest]->down();
    const bool shared = port.options().rate_bits_per_second > 0 || control_lines_.contains(guest);
    if (!shared) return arrive();
    control_lines_.try_emplace(guest, queue, port).first->second.send(std::move(arrive));
}

// ---- the run ----

void Simulation::on_guest_completed(std::uint32_t guest) {
    outcomes_[guest].symbols_sent_at_completion = symbols_sent();
    CHECK(honest_left_ > 0);
    --honest_left_;
}

// The sender knows of every honest computer that it is done, unless the word got lost with a
// connection.
bool Simulation::sender_agrees() const {
    auto verified = verified_names_;
    if (server_) {
        for (const auto& [number, member] : server_->sender().membership().all()) {
            if (member.state == mcast::MemberState::verified) verified.insert(member.name);
        }
    }
    for (std::uint32_t i = 0; i < guests_.size(); ++i) {
        if (options.guests[i].lies || lines_[i].finish_lost) continue;
        if (!verified.contains(guests_[i]->name())) return false;
    }
    return true;
}

RunReport Simulation::run() {
    plan_guests();
    queue.after(Duration{}, [this] { server_->pump(); });
    const TimePoint limit = start_time() + options.limit;
    while (honest_left_ > 0 && queue.run_one(limit)) {
    }
    const Duration duration = queue.now() - start_time();
    const TimePoint settled = queue.now() + std::chrono::seconds(5);
    while (honest_left_ == 0 && !sender_agrees() && queue.run_one(settled)) {
    }
    if (honest_left_ == 0 && !sender_agrees()) {
        violation("the sender does not know that all have completed");
    }
    if (options.until_session_ends) {
        const auto ended = [this] {
            return server_ && server_->sender().state() == mcast::SenderState::ended;
        };
        while (!ended() && queue.run_one(limit)) {
        }
        if (!ended()) violation("the session did not end");
    }
    return make_report(duration);
}

RunReport Simulation::make_report(Duration duration) {
    RunReport report = std::move(earlier_runs_);
    report.seed = options.seed;
    report.guests = static_cast<std::uint32_t>(guests_.size());
    if (server_) server_->report_to(report);
    report.server_runs = server_run_;
    report.duration = duration;
    for (std::uint32_t i = 0; i < guests_.size(); ++i) {
        guests_[i]->report_to(outcomes_[i]);
        for (Duration* at : {&outcomes_[i].joined_at, &outcomes_[i].completed_at}) {
            if (*at > Duration{}) *at -= start_time().time_since_epoch();
        }
    }
    report.outcomes = std::move(outcomes_);
    report.violations = std::move(violations);
    report.samples = std::move(samples_);
    const std::uint64_t rate = options.sender.rate_bits_per_second;
    if (rate > 0 && report.highest_window_bytes > std::max<std::uint64_t>(rate / 800, 1600)) {
        report.violations.push_back("more left within 10 ms than the rate allows");
    }
    return report;
}

RunReport simulate(const SimulationOptions& options) { return Simulation(options).run(); }

}  // namespace muster::sim
