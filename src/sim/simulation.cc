// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/simulation.h"

#include <algorithm>

#include "base/check.h"
#include "sim/forger.h"

namespace muster::sim {

Simulation::Simulation(const SimulationOptions& options_in)
    : Simulation(std::make_unique<Shared>(options_in)) {}

Simulation::Simulation(std::unique_ptr<Shared> shared)
    : World(shared->options, shared->content, shared->queue),
      shared_(std::move(shared)),
      prng_(mix64(options.seed)) {
    CHECK(with_bytes() || options.forger.datagrams_per_second == 0);
    server_ = std::make_unique<Server>(*this, prng_.fork());
    outcomes_.resize(options.guests.size());
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
    outcomes_[guest].symbols_sent_at_join = server_->sender().counters().symbols();
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
    if (options.faults_end) queue.after(*options.faults_end, [this] { end_faults(); });
    if (!forger_) return;
    const Duration gap = from_seconds(1 / options.forger.datagrams_per_second);
    const auto times = static_cast<std::int64_t>(options.faults_end.value_or(options.limit) / gap);
    for (std::int64_t i = 1; i < times; ++i) {
        queue.after(i * gap, [this] {
            const auto frame = std::make_shared<Frame>(forger_->forge());
            for (std::uint32_t g = 0; g < guests_.size(); ++g) arrive(g, frame, false);
        });
    }
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
    if (!guests_[guest]->listens()) return;
    if (!damaged) return guests_[guest]->on_frame(*frame);
    if (with_bytes()) guests_[guest]->on_frame(*with_one_bit_wrong(*frame, prng_.next()));
}

void Simulation::multicast(FramePtr frame) {
    if (forger_) forger_->on_multicast(*frame);
    if (!waiting_for_share_.empty()) let_in_by_share();
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
            if (!guest.down().loses_next() && guest.listens()) guest.on_frame(*frame);
        }
    }
}

void Simulation::uplink(std::uint32_t guest, FramePtr frame) {
    const auto arrivals = guests_[guest]->up().send(queue.now(), frame->wire_bytes);
    for (int n = 0; n < arrivals.count; ++n) {
        auto arrived = frame;
        if (arrivals.list[n].damaged) {
            if (!with_bytes()) continue;
            arrived = with_one_bit_wrong(*frame, prng_.next());
        }
        queue.at(arrivals.list[n].at, [this, arrived] { server_->on_uplink(*arrived); });
    }
}

void Simulation::tell_server(std::uint32_t guest, mcast::MemberNumber number, ToServer message) {
    queue.after(options.control_delay, [this, guest, number, message = std::move(message)] {
        server_->on_message(guest, number, message);
    });
}

void Simulation::tell_guest(std::uint32_t guest, ToGuest message) {
    queue.after(options.control_delay, [this, guest, message = std::move(message)] {
        guests_[guest]->on_message(message);
    });
}

// ---- the run ----

void Simulation::on_guest_completed(std::uint32_t guest) {
    outcomes_[guest].symbols_sent_at_completion = server_->sender().counters().symbols();
    CHECK(honest_left_ > 0);
    --honest_left_;
}

// The sender knows of every honest computer that it is done.
bool Simulation::sender_agrees() const {
    std::uint32_t verified = 0;
    for (const auto& [number, member] : server_->sender().membership().all()) {
        if (member.state == mcast::MemberState::verified) ++verified;
    }
    return verified == std::count_if(options.guests.begin(), options.guests.end(),
                                     [](const auto& guest) { return !guest.lies; });
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
        const auto& sender = server_->sender();
        while (sender.state() != mcast::SenderState::ended && queue.run_one(limit)) {
        }
        if (sender.state() != mcast::SenderState::ended) violation("the session did not end");
    }
    return make_report(duration);
}

RunReport Simulation::make_report(Duration duration) {
    RunReport report;
    report.seed = options.seed;
    report.guests = static_cast<std::uint32_t>(guests_.size());
    server_->report_to(report);
    report.duration = duration;
    for (std::uint32_t i = 0; i < guests_.size(); ++i) {
        guests_[i]->report_to(outcomes_[i]);
        for (Duration* at : {&outcomes_[i].joined_at, &outcomes_[i].completed_at}) {
            if (*at > Duration{}) *at -= start_time().time_since_epoch();
        }
    }
    report.outcomes = std::move(outcomes_);
    report.violations = std::move(violations);
    const std::uint64_t rate = options.sender.rate_bits_per_second;
    if (rate > 0 && report.highest_window_bytes > std::max<std::uint64_t>(rate / 800, 1600)) {
        report.violations.push_back("more left within 10 ms than the rate allows");
    }
    return report;
}

RunReport simulate(const SimulationOptions& options) { return Simulation(options).run(); }

}  // namespace muster::sim
