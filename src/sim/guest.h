// SPDX-License-Identifier: GPL-3.0-or-later
//
// A computer of the simulated room. HonestGuest is the real mcast::Receiver on a computer that may
// crash, lose its network and come back; Liar is a member that asks for everything for ever.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mcast/group_seal.h"
#include "mcast/receiver.h"
#include "sim/holder.h"
#include "sim/link.h"
#include "sim/report.h"
#include "sim/world.h"

namespace muster::sim {

class Guest {
public:
    Guest(World& world, std::uint32_t index, const GuestOptions& options, Prng prng);
    virtual ~Guest() = default;

    virtual void join() = 0;
    virtual void on_frame(const Frame& frame) = 0;
    virtual void on_message(const ToGuest& message) = 0;
    virtual void go_away(const Outage&) {}
    virtual void come_back() {}
    // Its program and its clock stand still, and go on.
    virtual void suspend() {}
    virtual bool is_suspended() const { return false; }
    virtual void resume(Duration) {}
    virtual void report_to(GuestOutcome& outcome) const;

    Link& down() { return down_; }
    Link& up() { return up_; }
    bool listens() const { return listens_; }
    const std::string& name() const { return name_; }

protected:
    // The typed packet of a frame: as it is, or out of its seal. Nothing when it does not open.
    const mcast::Packet* open(const Frame& frame);
    void on_joined(const Joined& joined);
    void on_rekey(const Rekey& rekey);
    void send_uplink(const mcast::Packet& packet);

    World& world_;
    const std::uint32_t index_;
    const GuestOptions options_;
    Prng prng_;
    Link down_;
    Link up_;
    std::string name_;
    bool listens_ = false;  // its network works and its program runs
    bool connected_ = false;
    mcast::MemberNumber number_;
    std::optional<TimePoint> joined_at_;

private:
    std::unique_ptr<mcast::GroupOpener> opener_;
    std::unique_ptr<mcast::PacketSealer> sealer_;
    std::uint64_t next_uplink_number_ = 0;
    Bytes scratch_;
    mcast::Packet opened_;
};

class HonestGuest final : public Guest {
public:
    HonestGuest(World& world, std::uint32_t index, const GuestOptions& options, Prng prng);

    void join() override;
    void on_frame(const Frame& frame) override;
    void on_message(const ToGuest& message) override;
    void go_away(const Outage& outage) override;
    void come_back() override;
    void suspend() override { suspended_at_ = world_.queue.now(); }
    bool is_suspended() const override { return suspended_at_.has_value(); }
    void resume(Duration slept) override;
    void report_to(GuestOutcome& outcome) const override;

private:
    void start_program();
    void connect();
    void on_broken();
    void wake();
    TimePoint now() const { return suspended_at_.value_or(world_.queue.now()) + clock_ahead_; }
    void plan_wake();
    void check_completion();

    Disk disk_;
    std::unique_ptr<Holder> holder_;  // before the receiver: it is asked until the last
    std::unique_ptr<mcast::Receiver> receiver_;
    TimePoint wake_at_ = TimePoint::max();
    std::uint32_t lives_ = 0;
    std::uint32_t connection_ = 0;  // attempts to connect: an older one is void
    std::optional<TimePoint> suspended_at_;
    Duration clock_ahead_;
    bool complete_ = false;
    TimePoint completed_at_{};
};

class Liar final : public Guest {
public:
    using Guest::Guest;

    void join() override;
    void on_frame(const Frame& frame) override;
    void on_message(const ToGuest& message) override;
    void report_to(GuestOutcome& outcome) const override;

private:
    void report();

    std::uint64_t highest_seen_ = 0;
    TimePoint next_nak_{};
    TimePoint next_report_{};
    std::uint16_t last_poll_ = 0;
};

}  // namespace muster::sim
