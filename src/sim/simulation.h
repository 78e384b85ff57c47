// SPDX-License-Identifier: GPL-3.0-or-later
//
// A whole session in virtual time: one sender, a switch, a room of computers. The switch copies
// every datagram to every port; ports whose cables do nothing but lose and delay are served in one
// event per delay, so that the events of a run do not grow with the fleet.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "sim/control_line.h"
#include "sim/guest.h"
#include "sim/report.h"
#include "sim/server.h"
#include "sim/tcp_flow.h"
#include "sim/world.h"

namespace muster::sim {

class Forger;
class Replayer;

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
    bool is_reachable(std::uint32_t guest) const override;

    void plan_guests();
    void sort_into_ports();
    void let_in(std::uint32_t guest);
    void let_in_by_share();
    void end_faults();
    void plan_faults();
    void start_server();
    void kill_server();
    void begin(const Partition& partition);
    void end(const Partition& partition);
    void cut(std::uint32_t guest);
    void mend(std::uint32_t guest);
    void declare_dead(std::uint32_t guest);
    void break_line(std::uint32_t guest);
    template <typename Function>
    void for_each_guest(const Partition& partition, Function function);
    std::uint64_t symbols_sent() const;
    void pass(FramePtr frame);
    void take_sample();
    void flush();
    void deliver(const std::vector<std::uint32_t>& ports, const std::vector<FramePtr>& frames);
    void arrive(std::uint32_t guest, const FramePtr& frame, bool damaged);
    bool sender_agrees() const;
    RunReport make_report(Duration duration);

    std::unique_ptr<Shared> shared_;
    Prng prng_;
    std::unique_ptr<Server> server_;
    std::vector<std::unique_ptr<Guest>> guests_;
    std::map<std::uint32_t, ControlLine> control_lines_;  // of guests with a slow port
    std::unique_ptr<Forger> forger_;
    // By delay. Shared with the datagrams on their way, for ports move when the faults end.
    std::map<Duration, std::shared_ptr<std::vector<std::uint32_t>>> plain_ports_;
    std::vector<std::uint32_t> other_ports_;
    std::optional<Link> bottleneck_;
    std::vector<std::unique_ptr<TcpFlow>> tcp_flows_;
    std::uint64_t passed_wire_bytes_ = 0;
    std::vector<RateSample> samples_;
    std::vector<FramePtr> coalesced_;
    std::multimap<double, std::uint32_t> waiting_for_share_;
    std::vector<GuestOutcome> outcomes_;
    std::uint32_t honest_left_ = 0;

    // The connection of a computer to the server's present run, as both ends see it.
    struct Line {
        std::uint32_t cuts = 0;  // partitions it is in
        std::uint32_t cut_number = 0;
        std::optional<mcast::MemberNumber> member;
        std::vector<std::pair<mcast::MemberNumber, ToServer>> held_for_server;
        std::vector<ToGuest> held_for_guest;
        bool finish_lost = false;  // it told the server that it is done, and the server never heard
    };
    void drop(std::uint32_t guest, const ToServer& message);
    std::vector<Line> lines_;
    std::uint32_t server_run_ = 0;
    RunReport earlier_runs_;
    std::set<std::string> verified_names_;
    std::unique_ptr<Replayer> replayer_;
};

// The whole of it in one call.
RunReport simulate(const SimulationOptions& options);

}  // namespace muster::sim
