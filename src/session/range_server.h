// SPDX-License-Identifier: GPL-3.0-or-later
//
// A session's content for members that multicast does not reach: manifest and image by HTTPS
// ranges, within a share of the line for all of them together and over a few connections at a
// time. It never stands in for multicast: whoever comes beyond that is told to come back later.
// Loop's thread; what is being sent may outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"
#include "session/content_source.h"

namespace muster::session {

struct UnicastOptions {
    std::string path;                   // where members ask, without the object's name
    std::uint32_t share_percent = 20;   // of the session's rate; 0: nothing by HTTPS
    std::uint32_t max_connections = 4;  // that send at the same time
    bool multicast_only = false;        // the image must not leave by any other way
    bool is_on() const { return share_percent > 0 && !multicast_only; }
};

// The share in bits per second on the wire. Without a cap on the session's rate it is a share of
// 1 Gbit/s.
std::uint64_t unicast_rate(const UnicastOptions& options, std::uint64_t session_rate);

class RangeServer {
public:
    RangeServer(std::shared_ptr<const ContentSource> source, const UnicastOptions& options,
                std::uint64_t session_rate_bits_per_second);

    // The share follows what the session sends at now.
    void set_session_rate(std::uint64_t bits_per_second);
    // The caller has checked who asks. `object`: "manifest" or "image"; anything else is a 404.
    // 416: no such range; 403: multicast only; 503 with Retry-After: all connections are taken.
    net::HttpResponse answer(TimePoint now, std::string_view object,
                             const net::HttpRequest& request);
    std::uint64_t bytes_sent() const;  // of content
    std::uint32_t connections() const;

private:
    struct State;
    class Body;
    std::shared_ptr<const ContentSource> source_;
    UnicastOptions options_;
    std::shared_ptr<State> state_;
};

}  // namespace muster::session
