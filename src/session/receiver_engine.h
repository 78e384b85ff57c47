// SPDX-License-Identifier: GPL-3.0-or-later
//
// A session's receiving thread: the multicast socket, the opener and mcast::Receiver, with the
// memory of the open groups, and a worker that decodes, checks and stores. Control messages come in
// by deliver() and leave by a callback; a MemberSession connects the two to a WebSocket.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "mcast/group_buffer.h"
#include "mcast/group_seal.h"
#include "mcast/receiver.h"
#include "mcast/seal.h"
#include "net/udp_socket.h"
#include "session/block_store.h"
#include "session/inbox.h"
#include "session/join_widening.h"
#include "session/multicast_fallback.h"
#include "session/wire.h"
#include "session/worker.h"

namespace muster::session {

struct ReceiverEngineOptions {
    std::string name;
    net::Interface interface;
    std::uint64_t memory_bytes = 128u << 20;  // for open groups
    std::uint64_t seed = 0;                   // of the feedback timers
    net::HttpsClientOptions server;           // for blocks that multicast does not bring
};

struct ReceiverSnapshot {
    std::uint32_t blocks = 0;   // of the image, without the manifest
    std::uint32_t missing = 0;  // of these
    mcast::MemberCounters counters;
    double rate_bits_per_second = 0;  // of verified image data, over the last second
    double seconds = 0;
    bool manifest_known = false;
    mcast::Delivery delivery = mcast::Delivery::multicast;
    std::string delivery_why;
};

class ReceiverEngine {
public:
    struct Callbacks {  // on the engine's thread
        std::function<void(ToServer)> send;
        // Everything is stored and reported, or why not.
        std::function<void(Status)> on_finished;
        // The store has less than the join said: join again, with a new engine.
        std::function<void(std::string why)> on_store_shrunk;
        std::function<void(std::string)> on_warning;
    };
    // `store` is the image's; it outlives the engine.
    static Result<std::unique_ptr<ReceiverEngine>> create(const ReceiverEngineOptions& options,
                                                          const Offer& offer, BlockStore& store,
                                                          Callbacks callbacks);
    ~ReceiverEngine();

    mcast::JoinRequest join_request() const { return join_; }
    // Opens the sockets and starts the thread.
    Status start(const Welcome& welcome);
    // From now on datagrams should come. Any thread.
    void on_session_started(std::uint16_t symbol_bytes);
    // The sender's order: stay in the group, leave it, or take the rest by HTTPS. Any thread.
    void on_order(mcast::MemberOrder order);
    // The group goes over to this secret. Answers when it is ready for it. Any thread.
    void on_rekey(const mcast::GroupSecret& secret);
    ReceiverSnapshot snapshot() const;
    // Group buffers that fit into this much memory: at least 3, at most 64.
    static std::uint32_t open_blocks_for(std::uint64_t memory_bytes, const mcast::Layout& layout);

private:
    class Work;
    ReceiverEngine(const ReceiverEngineOptions& options, const Offer& offer, BlockStore& store,
                   const mcast::Layout& layout, Callbacks callbacks, Inbox inbox);
    void run();
    std::size_t receive();            // how many datagrams there were
    void send_uplink(TimePoint now);  // NAKs and FEEDBACK
    void send_control(TimePoint now);
    void publish(TimePoint now);
    void finish(Status status);
    void on_store_shrunk(std::uint32_t wrong_blocks);
    void obey(const mcast::MemberOrder& order);
    void on_probe(const mcast::ProbePacket& probe);
    void begin(std::uint16_t symbol_bytes);
    void join_again(TimePoint now, bool silent);
    void follow_attendance();

    const ReceiverEngineOptions options_;
    const Offer offer_;
    mcast::Layout layout_;  // its symbol size is settled by the start
    BlockStore& store_;
    Callbacks callbacks_;
    Inbox inbox_;
    std::unique_ptr<Work> work_;
    std::unique_ptr<mcast::Receiver> core_;
    std::unique_ptr<MulticastFallback> fallback_;
    mcast::JoinRequest join_;

    std::optional<net::MulticastReceiver> socket_;
    std::optional<mcast::GroupOpener> opener_;
    std::optional<mcast::PacketSealer> uplink_;
    net::Address uplink_address_;
    std::uint64_t next_uplink_number_ = 0;
    std::uint64_t drops_reported_ = 0;
    std::uint16_t largest_probe_ = 0;
    bool store_ordered_ = false;
    bool finished_ = false;

    TimePoint started_at_{};
    TimePoint last_publish_{};
    JoinWidening widening_;
    bool listens_ = true;  // it is in the multicast group
    mcast::OrderMode ordered_ = mcast::OrderMode::multicast;
    std::deque<std::pair<TimePoint, std::uint64_t>> rate_samples_;
    mutable std::mutex snapshot_mutex_;
    ReceiverSnapshot snapshot_;

    std::atomic<bool> stopping_ = false;
    Worker worker_{"store"};
    std::thread thread_;
};

}  // namespace muster::session
