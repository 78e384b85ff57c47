// SPDX-License-Identifier: GPL-3.0-or-later
//
// The computers that are connected: tells each what to do, and takes down what it reports. Live
// progress is kept here and written to the database about once a second and at every change of
// state, so that a fleet reporting every second does not become a fleet of transactions.
//
//   agent  -> hello {protocol, working}        server -> order {deployment, sequence, images}
//   agent  -> step {index, name, outcome}                or idle {reason}, asked again later
//   agent  -> progress {stage, progress, ...}
//   agent  -> result {state, message, verified}        server -> recorded
//   agent  -> log {lines}                              server -> logged {seq}, also for a step
//   agent  -> controlled {id, accepted, message}       server -> control {id, action, reason}
//
// An agent that comes back with a deployment in hand (working, and which) gets no order: it
// goes on, and says its result again until that is recorded. Ordered twice, it would erase its
// work.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/value.h"
#include "net/loop.h"
#include "net/websocket.h"
#include "site/progress.h"
#include "store/database.h"

namespace muster::server {

class AgentHub {
public:
    AgentHub(net::Loop& loop, store::SiteDatabase& database);
    ~AgentHub();

    void accept(std::shared_ptr<net::WebSocket> socket, const site::Device& device);
    // Deployments or collections changed: whoever is idle is asked again.
    void reconsider();
    // What the agent said to an order of the administrator, if it said something in time.
    struct ControlAnswer {
        bool answered = false;
        bool accepted = false;
        std::string message;
    };
    using OnControlled = std::function<void(const ControlAnswer&)>;
    // Has the device's agent cancel, pause, resume, retry or skip; `done` is called once, on the
    // loop, after at most 5 s. Errc::busy: the device is not connected.
    Status control(const site::Device& device, const std::string& action, const std::string& reason,
                   OnControlled done);
    // What is known of a deployment: live records over stored ones, one per device.
    Result<std::vector<site::DeviceProgress>> progress(site::DeploymentId deployment);
    std::size_t connected() const { return agents_.size(); }

private:
    struct Agent {
        std::shared_ptr<net::WebSocket> socket;
        site::Device device;
        bool greeted = false;
        bool idle = true;
        site::DeviceProgress live;
        bool dirty = false;
    };
    void on_text(std::uint64_t id, const std::string& text);
    Status on_message(Agent& agent, const Value& message);
    Status on_hello(Agent& agent, const Value& message);
    Status take_up(Agent& agent, site::DeploymentId deployment);
    void forget_earlier_connections(const Agent& agent);
    Status on_step(Agent& agent, const Value& message);
    Status on_numbered_step(Agent& agent, const Value& message);
    Status on_log(Agent& agent, const Value& message);
    void note_run(const Agent& agent, const Value& hello);
    void acknowledge(const Agent& agent);
    void reopen(Agent& agent);
    Agent* agent_of(site::DeviceId device);
    Status on_controlled(Agent& agent, const Value& message);
    void on_control_timeout(std::int64_t id);
    void finish_control(std::int64_t id, const ControlAnswer& answer);
    Status on_progress(Agent& agent, const Value& message);
    Status on_result(Agent& agent, const Value& message);
    Status decide(Agent& agent);
    Result<Value> order(const site::Deployment& deployment);
    Status save(Agent& agent);
    void flush();

    // How much of what one run of an agent numbers is here.
    struct Heard {
        std::string run;
        std::int64_t seq = 0;
    };
    struct Control {
        site::DeviceId device;
        OnControlled done;
        net::Timer patience;
    };

    net::Loop& loop_;
    store::SiteDatabase& database_;
    std::unordered_map<std::uint64_t, Agent> agents_;
    std::map<site::DeviceId, Heard> heard_;
    std::map<std::int64_t, Control> controls_;  // not answered yet
    std::int64_t next_control_ = 1;
    std::uint64_t next_id_ = 1;
    net::Timer flush_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::server
