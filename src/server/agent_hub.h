// SPDX-License-Identifier: GPL-3.0-or-later
//
// The computers that are connected: tells each what to do, and takes down what it reports. Live
// progress is kept here and written to the database about once a second and at every change of
// state, so that a fleet reporting every second does not become a fleet of transactions.
//
//   agent  -> hello {protocol, working}        server -> order {deployment, sequence, images}
//   agent  -> step {index, name, outcome}                or idle {reason}, asked again later
//   agent  -> progress {stage, progress, ...}
//   agent  -> log {lines}                      server -> logged {seq}
//   agent  -> result {state, message}          server -> recorded
//                                              server -> control {id, action, reason}
//   agent  -> controlled {id, accepted, message}
//
// An agent that comes back with a deployment in hand (working, and which) gets no order: it
// goes on, and says its result again until that is recorded. Ordered twice, it would erase its
// work. Steps and log lines are numbered by the agent and said again until they are recorded; they
// are recorded once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/value.h"
#include "net/loop.h"
#include "net/websocket.h"
#include "server/directory.h"
#include "site/decide.h"
#include "site/progress.h"
#include "site/time_zone.h"
#include "store/database.h"

namespace muster::server {

class AgentHub {
public:
    struct Callbacks {
        // The zone of the site, for maintenance windows.
        std::function<site::TimeZone()> zone;
        // What a computer reports of itself, for its record, which may change.
        std::function<Status(site::Device&, const Value& hardware)> take_identity;
        // A record changed: for the stream of events. May be left out.
        std::function<void(const site::DeviceProgress&, const std::string& device)> on_progress;
        std::function<void(const site::StepEvent&, const std::string& device)> on_step;
    };
    AgentHub(net::Loop& loop, store::SiteDatabase& database, Directory& directory,
             Callbacks callbacks);
    ~AgentHub();

    void accept(std::shared_ptr<net::WebSocket> socket, const site::Device& device);
    // Deployments, collections or the time changed: whoever is idle is asked again, soon.
    void reconsider();
    // Name or approval of a connected computer changed.
    void on_device_changed(const site::Device& device);
    void disconnect(site::DeviceId device, const std::string& why);
    // The deployment was cancelled: who runs it and is not connected ends in the records.
    Status end_absent(site::DeploymentId deployment);
    bool is_connected(site::DeviceId device) const;
    std::size_t connected() const { return agents_.size(); }

    // What is known of a deployment: live records over stored ones, one per device.
    Result<std::vector<site::DeviceProgress>> progress(site::DeploymentId deployment);
    Result<std::vector<site::DeviceProgress>> progress_of(site::DeviceId device);

    // What the device would be told now.
    Result<site::Decision> decision_for(const site::Device& device);
    // What it does, or why it does nothing; one sentence.
    Result<std::string> explain(const site::Device& device);

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
    // The same for those of `devices` (empty: all) that are connected and work on the deployment.
    // Returns their names.
    std::vector<std::string> control(site::DeploymentId deployment,
                                     const std::vector<site::DeviceId>& devices,
                                     const std::string& action, const std::string& reason);

private:
    struct Agent {
        std::shared_ptr<net::WebSocket> socket;
        site::Device device;
        std::string run;  // of the agent's program
        site::Environment environment = site::Environment::network_boot;
        bool greeted = false;
        bool idle = true;
        site::DeviceProgress live;
        bool dirty = false;  // not in the database
    };
    void on_text(std::uint64_t id, const std::string& text);
    void on_closed(std::uint64_t id, const std::string& why);
    Status on_message(Agent& agent, const Value& message);
    Status on_hello(Agent& agent, const Value& message);
    Status take_asset(Agent& agent, const Value& hardware);
    Status confirm_applied(Agent& agent);
    Status settle_cancelled(Agent& agent);
    Status record_cancelled(site::DeviceProgress record, const std::string& device);
    Status take_up(Agent& agent, site::DeploymentId deployment);
    void forget_earlier_connections(const Agent& agent);
    Status on_step(Agent& agent, const Value& message);
    Status on_log(Agent& agent, const Value& message);
    Status on_progress(Agent& agent, const Value& message);
    Status on_result(Agent& agent, const Value& message);
    Status on_controlled(Agent& agent, const Value& message);
    void order_control(Agent& agent, const std::string& action, const std::string& reason,
                       OnControlled done);
    void on_control_timeout(std::int64_t id);
    void finish_control(std::int64_t id, const ControlAnswer& answer);
    // True: this number was recorded before. Records it in the transaction under way.
    Result<bool> is_repeated(Agent& agent, std::int64_t seq);
    Status record_step(Agent& agent, const site::StepEvent& event, std::int64_t seq);
    Result<site::ProgressState> final_state(const Agent& agent, site::ProgressState told);
    Status decide(Agent& agent);
    Result<site::Decision> decision_for(const site::Device& device, site::Environment environment);
    Result<Value> order(const site::Deployment& deployment);
    Status save(Agent& agent);
    void ask_again_at(site::WallTime time);
    void ask_idle();
    void flush();
    void settle_applied();
    const Agent* agent_of(site::DeviceId device) const;
    Agent* agent_of(site::DeviceId device);

    struct Control {
        site::DeviceId device;
        OnControlled done;
        net::Timer patience;
    };

    net::Loop& loop_;
    store::SiteDatabase& database_;
    Directory& directory_;
    Callbacks callbacks_;
    std::unordered_map<std::uint64_t, Agent> agents_;
    std::uint64_t next_id_ = 1;
    std::map<std::int64_t, Control> controls_;  // not answered yet
    std::int64_t next_control_ = 1;
    net::Timer flush_;
    net::Timer ask_again_;
    std::optional<site::WallTime> ask_again_time_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Says as JSON; a connection that is gone does no harm.
void say(net::WebSocket& socket, const Value& message);

}  // namespace muster::server
