// SPDX-License-Identifier: GPL-3.0-or-later
//
// A session's sending thread: as thin as a loop over mcast::Sender can be. It owns the multicast
// socket, the sealer and the core; a worker beside it makes repair rows. Everybody else talks to
// it by functions that post to its inbox and is answered on its thread; whoever needs the answer
// elsewhere posts it on.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "mcast/group_seal.h"
#include "mcast/rekeying.h"
#include "mcast/seal.h"
#include "mcast/sender.h"
#include "net/carrier.h"
#include "net/udp_socket.h"
#include "session/block_cache.h"
#include "session/content_source.h"
#include "session/inbox.h"
#include "session/row_encoder.h"
#include "session/wire.h"
#include "session/worker.h"

namespace muster::session {

struct SenderEngineOptions {
    std::uint32_t session = 0;
    std::uint8_t stream = 0;  // each interface of a session has one
    net::Interface interface;
    net::Address group;
    int ttl = 1;
    std::uint64_t epoch_packets = mcast::kEpochPackets;  // a key step after so many
    int dscp = 0;
    mcast::SenderOptions core;
};

struct MemberSnapshot {
    std::string name;
    mcast::MemberState state = mcast::MemberState::active;
    std::string why;
    std::uint32_t blocks_wanted = 0;
    std::uint32_t blocks_missing = 0;
    double seconds = 0;  // since its join, or until it finished
    mcast::MemberCounters counters;
    mcast::Delivery delivery = mcast::Delivery::multicast;
    std::string delivery_why;
};

struct SenderSnapshot {
    mcast::SenderState state = mcast::SenderState::gathering;
    mcast::PauseReason paused = mcast::PauseReason::none;
    mcast::SenderCounters counters;
    std::uint16_t symbol_bytes = 0;       // as it is so far; settled at the start
    std::vector<MemberSnapshot> members;  // of each name the latest membership
    std::uint32_t live_members = 0;
    double seconds = 0;                            // since the first datagram
    double waiting_seconds = 0;                    // since the session was made, while gathering
    double progress = 0;                           // position of the carousel, 0 to 1
    double rate_bits_per_second = 0;               // over the last second
    std::uint64_t rate_limit_bits_per_second = 0;  // what it may send now
    mcast::RateLimit limited_by = mcast::RateLimit::cap;
    std::uint64_t unicast_bytes = 0;  // of content by HTTPS, from SessionHost
    std::uint64_t unicast_limit_bits_per_second = 0;
};

class SenderEngine {
public:
    // Called on the engine's thread.
    struct Callbacks {
        std::function<void(const mcast::SenderEvent&)> on_event;
        std::function<void(const Error&)> on_failed;  // the session cannot go on
        // To be told to every member, also to those who are welcomed later with an older one.
        std::function<void(const mcast::GroupSecret&)> on_rekey;
    };
    // Opens the socket and starts the thread.
    static Result<std::unique_ptr<SenderEngine>> start(const SenderEngineOptions& options,
                                                       std::shared_ptr<ContentSource> source,
                                                       Callbacks callbacks);
    ~SenderEngine();

    // Any thread; answered on the engine's thread.
    void join(mcast::JoinRequest request, std::function<void(Result<Welcome>)> answer);
    void report(mcast::MemberNumber member, mcast::MemberReport report);
    void probed(mcast::MemberNumber member, mcast::MemberProbed answer);
    void finished(mcast::MemberNumber member, mcast::MemberFinished finished);
    void left_group(mcast::MemberNumber member, mcast::MemberLeft left);
    void disconnected(mcast::MemberNumber member);
    void rekeyed(mcast::MemberNumber member, std::uint32_t rekeys);
    // A token that was good for this session is no more: the group gets a fresh secret.
    void rekey();
    void start_now();
    void hold(bool held);                            // as Sender::hold
    void limit_rate(std::uint64_t bits_per_second);  // as Sender::limit_rate
    void others(std::uint32_t live_members);         // of the session's other streams
    void end(std::string why);

    SenderSnapshot snapshot() const;
    // What it sends at, bits per second; the cap (0: none) while no limit was met. Any thread.
    std::uint64_t known_rate() const;
    const ContentSource& source() const { return *source_; }
    std::uint32_t session() const { return options_.session; }

private:
    class Rows;
    SenderEngine(const SenderEngineOptions& options, std::shared_ptr<ContentSource> source,
                 Callbacks callbacks, net::MulticastSender socket, Inbox inbox);
    void run();
    void receive_uplink();  // NAKs and FEEDBACK
    void watch_carrier(TimePoint now);
    bool send_batch();
    Result<ByteSpan> payload(const mcast::Packet& packet);
    void rekey_when_due(TimePoint now);
    void publish(TimePoint now);
    void fail(const Error& error);

    const SenderEngineOptions options_;
    std::shared_ptr<ContentSource> source_;
    const Callbacks callbacks_;
    net::MulticastSender socket_;
    net::Carrier carrier_;
    TimePoint next_carrier_check_{};
    Inbox inbox_;
    std::unique_ptr<Rows> rows_;
    mcast::Secret uplink_root_{};
    std::unique_ptr<mcast::GroupSealer> sealer_;
    mcast::Rekeying rekeying_;
    std::unique_ptr<mcast::Sender> core_;
    std::unordered_map<std::uint32_t, mcast::PacketOpener> uplinks_;

    BlockCache blocks_;
    Bytes repair_payload_;
    std::vector<Bytes> buffers_;

    TimePoint created_at_;
    std::optional<TimePoint> first_sent_;
    std::deque<std::pair<TimePoint, std::uint64_t>> rate_samples_;
    TimePoint last_publish_{};
    mutable std::mutex snapshot_mutex_;
    SenderSnapshot snapshot_;

    std::atomic<bool> stopping_ = false;
    bool failed_ = false;
    Worker worker_{"encode"};
    std::thread thread_;
};

}  // namespace muster::session
