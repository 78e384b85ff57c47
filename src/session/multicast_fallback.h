// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a receiver does when multicast does not reach it: notices, says why, joins the group again,
// and takes the missing blocks by HTTPS until multicast is back. mcast::ArrivalWatch decides when,
// mcast::FetchPlan which blocks, BlockFetcher brings them; this puts the three together for a
// ReceiverEngine, on its thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/prng.h"
#include "mcast/arrival_watch.h"
#include "mcast/fetch_plan.h"
#include "mcast/receiver.h"
#include "session/block_fetcher.h"
#include "session/wire.h"

namespace muster::session {

struct MulticastFallbackOptions {
    std::string interface;
    net::HttpsClientOptions server;
    UnicastOffer offer;
    bool multicast_only = false;
    std::uint64_t seed = 0;  // of the time before another attempt
};

class MulticastFallback {
public:
    class Mediator {
    public:
        virtual ~Mediator() = default;
        // silent: because nothing comes, not to be on the safe side.
        virtual void rejoin_group(bool silent) = 0;
        // Compare with the root or the manifest and store. End in on_manifest_judged() and
        // on_block_judged().
        virtual void judge_fetched_manifest(Bytes bytes) = 0;
        virtual void judge_fetched_block(mcast::BlockIndex block, Bytes bytes) = 0;
        virtual void warn(const std::string& words) = 0;
        // Any thread: runs on the engine's.
        virtual void post(std::function<void()> function) = 0;
    };
    MulticastFallback(MulticastFallbackOptions options, const mcast::Layout& layout,
                      mcast::Receiver& core, Mediator& mediator);

    void on_session_started(TimePoint now) { watch_.on_started(now); }
    // At least every 200 ms.
    void poll(TimePoint now);
    // We have left the group on purpose, or are back in it: silence counts from here.
    void on_listening(bool listening) { listening_ = listening; }
    // Blocks come by HTTPS for this reason, whatever multicast does; or as it stands again.
    void insist_on_unicast(std::optional<std::string> why) { insisted_ = std::move(why); }
    // A block by HTTPS although multicast works: what came of its group was false.
    void fetch_block(mcast::BlockIndex block) { plan_.name(block); }

    void on_manifest_judged(TimePoint now, bool good);
    void on_block_judged(TimePoint now, mcast::BlockIndex block, bool good);

private:
    void watch(TimePoint now);
    void announce(mcast::Delivery delivery, bool silent);
    std::string words_for(mcast::Delivery delivery) const;
    void fetch_more(TimePoint now);
    void on_fetched(TimePoint now, FetchResult result);
    void on_failure(TimePoint now, const Error& error, Duration retry_after);
    mcast::FetchPlan::View view() const;

    const MulticastFallbackOptions options_;
    const mcast::Layout layout_;
    mcast::Receiver& core_;
    Mediator& mediator_;
    Prng prng_;
    mcast::ArrivalWatch watch_;
    mcast::FetchPlan plan_;
    TimePoint next_tick_{};
    bool listening_ = true;
    std::optional<std::string> insisted_;
    mcast::Delivery announced_ = mcast::Delivery::multicast;
    bool announced_silent_ = false;

    bool fetching_ = false;
    std::uint32_t judging_ = 0;   // blocks that came and are not judged
    std::uint32_t failures_ = 0;  // in a row
    std::string failure_;
    TimePoint not_before_{};
    std::unique_ptr<BlockFetcher> fetcher_;  // once it is needed
};

}  // namespace muster::session
