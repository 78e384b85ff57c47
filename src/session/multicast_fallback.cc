// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/multicast_fallback.h"

#include <algorithm>

#include "net/host_counters.h"
#include "net/interface.h"
#include "net/monotonic.h"

namespace muster::session {

namespace {

constexpr Duration kTick = std::chrono::milliseconds(200);
// A request is answered within a second even by a tenth of 100 Mbit/s, and lost as a whole at most.
constexpr std::uint32_t kBlocksPerRequest = 16;
constexpr double kFirstPauseSeconds = 1;
constexpr double kLongestPauseSeconds = 30;

bool has_link(const std::string& interface) {
    const auto found = net::find_interface(interface);
    return found.ok() && found->up && found->running;
}

mcast::ArrivalOptions arrival_options(const MulticastFallbackOptions& options) {
    mcast::ArrivalOptions arrival;
    arrival.interface = options.interface;
    arrival.unicast_offered = !options.offer.path.empty();
    return arrival;
}

}  // namespace

MulticastFallback::MulticastFallback(MulticastFallbackOptions options, const mcast::Layout& layout,
                                     mcast::Receiver& core, Mediator& mediator)
    : options_(std::move(options)),
      layout_(layout),
      core_(core),
      mediator_(mediator),
      prng_(options_.seed),
      watch_(arrival_options(options_)),
      plan_(layout) {}

void MulticastFallback::poll(TimePoint now) {
    if (now >= next_tick_) {
        next_tick_ = now + kTick;
        watch(now);
    }
    fetch_more(now);
}

void MulticastFallback::watch(TimePoint now) {
    const auto& counters = core_.counters();
    mcast::Arrivals seen;
    seen.accepted = counters.datagrams_received;
    seen.content = core_.content_received();
    seen.lost = counters.datagrams_lost;
    seen.rejected = counters.datagrams_rejected;
    seen.host_packets = net::multicast_packets_received().value_or(0);
    // Asking costs system calls, and a stream that arrives needs no answer.
    if (watch_.is_silent()) seen.link = has_link(options_.interface);
    if (!listening_) {
        watch_.restart(now, seen);
    } else if (watch_.on_tick(now, seen)) {
        mediator_.rejoin_group(watch_.is_silent());
    }
    auto delivery = watch_.delivery();
    if (insisted_ && !options_.offer.path.empty()) delivery = mcast::Delivery::unicast;
    core_.set_delivery(now, delivery, words_for(delivery));
    announce(delivery, watch_.is_silent());
}

std::string MulticastFallback::words_for(mcast::Delivery delivery) const {
    if (delivery == mcast::Delivery::multicast) return "";
    std::string words = insisted_.value_or(watch_.why());
    if (delivery == mcast::Delivery::waiting) {
        words += options_.multicast_only ? "; this image comes by multicast only"
                                         : "; the server gives nothing by HTTPS";
    } else if (failures_ > 1) {
        words += "; by HTTPS: " + failure_;
    }
    return words;
}

void MulticastFallback::announce(mcast::Delivery delivery, bool silent) {
    const bool changed = delivery != announced_;
    if (changed && delivery != mcast::Delivery::multicast) {
        mediator_.warn(words_for(delivery) + (delivery == mcast::Delivery::unicast
                                                  ? "; taking blocks by HTTPS from the server"
                                                  : "; waiting"));
    } else if (silent && !announced_silent_) {
        mediator_.warn(watch_.why() + "; joined the group again");
    } else if (!silent && announced_silent_) {
        mediator_.warn("multicast arrives again");
    }
    announced_ = delivery;
    announced_silent_ = silent;
}

// ---- fetching ----

mcast::FetchPlan::View MulticastFallback::view() const {
    return {core_.verified(), core_.cursor(),
            [this](mcast::BlockIndex block) { return core_.is_nearly_whole(block); }};
}

void MulticastFallback::fetch_more(TimePoint now) {
    if (fetching_ || judging_ > kBlocksPerRequest) return;
    if (now < not_before_ || options_.offer.path.empty()) return;
    const auto run = announced_ == mcast::Delivery::unicast
                         ? plan_.next(view(), kBlocksPerRequest)
                         : plan_.next_named(view(), kBlocksPerRequest);
    if (!run) return;
    if (!fetcher_) {
        fetcher_ = std::make_unique<BlockFetcher>(
            options_.server, options_.offer.path, layout_, [this](FetchResult result) {
                mediator_.post([this, result = std::move(result)]() mutable {
                    on_fetched(net::monotonic_now(), std::move(result));
                });
            });
    }
    fetching_ = true;
    fetcher_->fetch(*run);
}

void MulticastFallback::on_fetched(TimePoint now, FetchResult result) {
    fetching_ = false;
    const std::uint32_t first = result.run.first.value;
    if (layout_.is_manifest(result.run.first)) {
        if (!result.status.ok()) {
            for (std::uint32_t i = 0; i < result.run.count; ++i) {
                plan_.on_ended(mcast::BlockIndex(first + i));
            }
            plan_.name(result.run.first);
            return on_failure(now, result.status.error(), result.retry_after);
        }
        Bytes whole;
        for (const auto& block : result.blocks) {
            whole.insert(whole.end(), block.begin(), block.end());
        }
        return mediator_.judge_fetched_manifest(std::move(whole));
    }
    const auto came = static_cast<std::uint32_t>(result.blocks.size());
    for (std::uint32_t i = 0; i < result.run.count; ++i) {
        const mcast::BlockIndex block(first + i);
        if (i < came) {
            ++judging_;
            mediator_.judge_fetched_block(block, std::move(result.blocks[i]));
        } else {
            plan_.on_ended(block);
            plan_.name(block);
        }
    }
    if (!result.status.ok()) on_failure(now, result.status.error(), result.retry_after);
}

void MulticastFallback::on_failure(TimePoint now, const Error& error, Duration retry_after) {
    failure_ = error.message();
    double pause = to_seconds(retry_after);
    if (retry_after == Duration::zero()) {
        pause =
            std::min(kFirstPauseSeconds * (1u << std::min(failures_, 5u)), kLongestPauseSeconds);
    }
    ++failures_;
    // Spread, so that those who were turned away together do not come back together.
    not_before_ = now + from_seconds(pause * (0.75 + 0.5 * prng_.uniform()));
}

void MulticastFallback::on_manifest_judged(TimePoint now, bool good) {
    for (std::uint32_t b = 0; b < layout_.manifest_blocks(); ++b) {
        plan_.on_ended(mcast::BlockIndex(b));
    }
    if (!good) {
        plan_.name(mcast::BlockIndex(0));
        return on_failure(now, Error(Errc::corrupt, "the server gave a false manifest"), {});
    }
    failures_ = 0;
    core_.on_manifest_fetched(now);
}

void MulticastFallback::on_block_judged(TimePoint now, mcast::BlockIndex block, bool good) {
    --judging_;
    plan_.on_ended(block);
    if (!good) {
        plan_.name(block);
        return on_failure(now, Error(Errc::corrupt, "the server gave a false block"), {});
    }
    failures_ = 0;
    core_.on_block_fetched(now, block);
}

}  // namespace muster::session
