// SPDX-License-Identifier: GPL-3.0-or-later
//
// A whole session in virtual time: one sender, a switch, a room of computers. The switch copies
// every datagram to every port; ports whose cables do nothing but lose and delay are served in one
// event per delay, so that the events of a run do not grow with the fleet.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "sim/guest.h"
#include "sim/report.h"
#include "sim/server.h"
#include "sim/world.h"

namespace muster::sim {

class Forger;

class Simulation final : public World {
public:
    explicit Simulation(const SimulationOptions& options);
    ~Simulation() override;

    // To the end: all honest computers complete, or the limit. Once.
    RunReport run();

private:
    struct Shared {
        explicit Shared(const SimulationOptions& o) : options(o), content(o), queue(start_time()) {}
        SimulationOptions options;
        Content content;
        EventQueue queue;
    };
    explicit Simulation(std::unique_ptr<Shared> shared);
    static TimePoint start_time() { return TimePoint(std::chrono::seconds(1000)); }

    void multicast(FramePtr frame) override;
    void uplink(std::uint32_t guest, FramePtr frame) override;
    void tell_server(std::uint32_t guest, mcast::MemberNumber number, ToServer message) override;
    void tell_guest(std::uint32_t guest, ToGuest message) override;
    void on_guest_completed(std::uint32_t guest) override;

    void plan_guests();
    void sort_into_ports();
    void let_in(std::uint32_t guest);
    void let_in_by_share();
    void end_faults();
    void flush();
    void deliver(const std::vector<std::uint32_t>& ports, const std::vector<FramePtr>& frames);
    void arrive(std::uint32_t guest, const FramePtr& frame, bool damaged);
    bool sender_agrees() const;
    RunReport make_report(Duration duration);

    std::unique_ptr<Shared> shared_;
    Prng prng_;
    std::unique_ptr<Server> server_;
    std::vector<std::unique_ptr<Guest>> guests_;
    std::unique_ptr<Forger> forger_;
    // By delay. Shared with the datagrams on their way, for ports move when the faults end.
    std::map<Duration, std::shared_ptr<std::vector<std::uint32_t>>> plain_ports_;
    std::vector<std::uint32_t> other_ports_;
    std::vector<FramePtr> coalesced_;
    std::multimap<double, std::uint32_t> waiting_for_share_;
    std::vector<GuestOutcome> outcomes_;
    std::uint32_t honest_left_ = 0;
};

// The whole of it in one call.
RunReport simulate(const SimulationOptions& options);

}  // namespace muster::sim
