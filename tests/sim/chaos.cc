// SPDX-License-Identifier: GPL-3.0-or-later
//
// Everything that can go wrong, drawn from a seed: cables that lose up to 60 %, in bursts, that are
// slow, reorder, duplicate and damage; late joiners; computers that crash, sleep and lose their
// connections; a server that is killed and started again; partitions, also of everybody; a clock
// that jumps; little memory, slow workers; keys that change; forged and replayed datagrams; a liar.
// First the faults are on, and no wrong byte may pass; then they are off, and everybody who is
// honest must finish within kTimeToFinish.
#include <algorithm>

#include "base/prng.h"
#include "scenario.h"

namespace muster::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTimeToFinish = seconds(60);

LinkOptions draw_link(Prng& prng) {
    LinkOptions link;
    link.delay = microseconds(50 + prng.below(2000));
    if (prng.chance(0.7)) link.loss = prng.uniform() * (prng.chance(0.2) ? 0.6 : 0.1);
    if (prng.chance(0.3)) link.mean_burst = 1 + 30 * prng.uniform();
    if (prng.chance(0.4))
        link.jitter = microseconds(prng.below(prng.chance(0.1) ? 200'000 : 20'000));
    if (prng.chance(0.3)) link.duplicate = 0.2 * prng.uniform();
    if (prng.chance(0.3)) link.damage = 0.05 * prng.uniform();
    if (prng.chance(0.15)) {
        link.rate_bits_per_second = 5'000'000 + prng.below(50'000'000);
        link.queue_bytes = static_cast<std::uint32_t>(8'000 + prng.below(200'000));
    }
    return link;
}

GuestOptions draw_guest(Prng& prng, Duration faults_end, const SimulationOptions& options) {
    GuestOptions guest;
    guest.down = draw_link(prng);
    guest.up = draw_link(prng);
    if (prng.chance(0.3)) guest.joins_after = faults_end * prng.below(100) / 100;
    if (prng.chance(0.3)) {
        const std::uint64_t blocks = options.image_bytes / options.block_bytes;
        const std::uint64_t stretches =
            1 + prng.below(3) + (blocks >> options.stretch_blocks_log2) / 32;
        guest.max_open_blocks =
            static_cast<std::uint32_t>(stretches << options.stretch_blocks_log2);
    }
    guest.fetches = prng.chance(0.5);
    if (prng.chance(0.3)) guest.work_time = microseconds(1 + prng.below(30'000));
    Duration at = faults_end * prng.below(60) / 100;
    while (prng.chance(0.25) && at < faults_end) {
        Outage outage;
        outage.at = at;
        outage.lasts = milliseconds(1 + prng.below(2000));
        outage.crash = prng.chance(0.7);
        outage.blocks_lost = static_cast<std::uint32_t>(prng.below(10));
        guest.outages.push_back(outage);
        at += outage.lasts + milliseconds(prng.below(500));
    }
    return guest;
}

// Faults that meet several computers at once. All are over when the faults end.
void draw_common_faults(Prng& prng, SimulationOptions& options) {
    const Duration faults_end = *options.faults_end;
    const auto within = [&](Duration& at, Duration& lasts, Duration longest) {
        at = faults_end * prng.below(90) / 100;
        lasts =
            std::min<Duration>(milliseconds(1) + longest * prng.below(100) / 100, faults_end - at);
    };
    for (Duration after{}; prng.chance(0.4);) {
        ServerOutage outage;
        within(outage.at, outage.lasts, seconds(1));
        if (outage.at <= after) break;
        after = outage.at + outage.lasts;
        options.server_outages.push_back(outage);
    }
    while (prng.chance(0.4)) {
        Partition partition;
        within(partition.at, partition.lasts, seconds(2));
        for (std::uint32_t i = 0; i < options.guests.size(); ++i) {
            if (prng.chance(0.5)) partition.guests.push_back(i);
        }
        if (prng.chance(0.3)) {
            partition.guests.clear();
            partition.carrier = prng.chance(0.5);
        } else if (prng.chance(0.3)) {
            // One that sleeps for itself: who sleeps twice at a time has two opinions on the clock.
            partition.guests = {static_cast<std::uint32_t>(prng.below(options.guests.size()))};
            const auto asleep = [](const auto& other) { return other.suspended; };
            partition.suspended =
                std::none_of(options.partitions.begin(), options.partitions.end(), asleep);
        }
        options.partitions.push_back(partition);
    }
    while (prng.chance(0.3)) {
        StampJump jump;
        jump.at = faults_end * prng.below(100) / 100;
        jump.by_us = static_cast<std::int64_t>(prng.next() >> (1 + prng.below(50)));
        if (prng.chance(0.5)) jump.by_us = -jump.by_us;
        options.stamp_jumps.push_back(jump);
    }
    options.control_timeout = milliseconds(100 + prng.below(2000));
    if (prng.chance(0.3)) options.forger = {50 + 400 * prng.uniform(), prng.chance(0.5), 0};
    if (prng.chance(0.3)) options.forger.replays_per_second = 10 + 300 * prng.uniform();
}

SimulationOptions draw_session(std::uint64_t seed) {
    Prng prng(mix64(seed ^ 0xc4a05));
    SimulationOptions options;
    options.seed = seed;
    // Short symbols and groups make the seeds quick; every tenth has those of production.
    if (seed % 10 == 0) {
        options.image_bytes = 1 + prng.below(6'000'000);
    } else {
        options.symbol_bytes = static_cast<std::uint16_t>(16 << prng.below(5));
        options.block_bytes = options.symbol_bytes * (1u << (2 + prng.below(4)));
        options.stretch_blocks_log2 = static_cast<std::uint8_t>(prng.below(7));
        options.image_bytes = 1 + prng.below(std::uint64_t{options.symbol_bytes} * 4000);
    }
    const double pass_seconds = 0.2 + 1.5 * prng.uniform();
    const double wire = static_cast<double>(options.image_bytes) / options.symbol_bytes *
                        (options.symbol_bytes + 90);
    options.sender.rate_bits_per_second =
        std::max<std::uint64_t>(200'000, static_cast<std::uint64_t>(wire * 8 / pass_seconds));
    options.faults_end = from_seconds(0.5 + 4 * prng.uniform());
    options.control_delay = microseconds(100 + prng.below(5000));
    if (prng.chance(0.3)) options.encode_time = microseconds(1 + prng.below(10'000));
    const auto guests = static_cast<std::uint32_t>(1 + prng.below(16));
    for (std::uint32_t i = 0; i < guests; ++i) {
        options.guests.push_back(draw_guest(prng, *options.faults_end, options));
    }
    if (guests > 1 && prng.chance(0.15)) options.guests.front().lies = true;
    draw_common_faults(prng, options);
    options.sender.start = {static_cast<std::uint32_t>(1 + prng.below(guests)), seconds(1), false};
    options.limit = *options.faults_end + kTimeToFinish;
    // Who is away for seconds must be able to step after the sender, as with any real epoch.
    const auto packets_per_second = static_cast<std::uint64_t>(
        static_cast<double>(options.sender.rate_bits_per_second) / 8 / (options.symbol_bytes + 90));
    if (prng.chance(0.5)) {
        options.epoch_packets =
            std::max(mcast::kMinEpochPackets << prng.below(10), packets_per_second / 4);
    }
    if (prng.chance(0.2)) options.sender.policy = mcast::SlowPolicy::wait;
    if (prng.chance(0.3)) options.sender.rate_mode = mcast::RateMode::adaptive;
    return options;
}

Findings judge_chaos(const SimulationOptions&, const RunReport& report) {
    Findings findings;
    expect_complete(report, findings);
    return findings;
}

}  // namespace

Scenario chaos() { return {"chaos", "seeds", 1, draw_session, judge_chaos}; }

}  // namespace muster::sim
