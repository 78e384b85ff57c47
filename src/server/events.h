// SPDX-License-Identifier: GPL-3.0-or-later
//
// What happens, for those who watch: server-sent events (HTML Standard, 9.2). Events are numbered;
// the last ones are kept, so that whoever was away for a moment goes on with Last-Event-ID, and
// whoever was away for longer is told to read everything again (event "reset").
//
// An answer ends as soon as it has something to say, or after 20 s with a comment; the client asks
// again at once with the last number it has, as EventSource does by itself. So nothing is held open
// that a proxy would have to be talked into, and a slow reader holds up nobody.
//
// Loop's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <string>

#include "base/value.h"
#include "net/http.h"
#include "net/loop.h"

namespace muster::server {

class Events {
public:
    explicit Events(net::Loop& loop) : loop_(loop) {}

    // `deployment`: 0 when it concerns all.
    void publish(std::string_view type, std::int64_t deployment, const Value& document);
    // Answers a request for /api/v1/events now or later.
    using Respond = std::function<void(net::HttpResponse)>;
    void answer(const net::HttpRequest& request, const Respond& respond);
    // Nobody has asked for a while: documents need not be made.
    bool anybody_watches() const;

private:
    struct Event {
        std::uint64_t id = 0;
        std::int64_t deployment = 0;
        std::string text;
    };
    struct Waiting {
        Respond respond;
        std::uint64_t after = 0;
        std::int64_t deployment = 0;
        TimePoint until;
    };
    std::string since(std::uint64_t after, std::int64_t deployment) const;
    void serve();
    void tick();

    net::Loop& loop_;
    std::deque<Event> kept_;
    std::uint64_t next_id_ = 1;
    std::list<Waiting> waiting_;
    TimePoint last_asked_{};
    bool serving_ = false;
    net::Timer tick_;
};

}  // namespace muster::server
