// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/querier.h"

namespace muster::net {

Querier::Querier(TimePoint now, const Address& own, const QuerierOptions& options)
    : own_(own), options_(options), last_heard_(now) {}

void Querier::on_query(TimePoint now, const Address& from) {
    // A query of nobody is a proxy's, not a querier's (RFC 4541, 2.1.1).
    if (from.is_any()) return;
    if (state_ == State::asking && own_ < from) return;
    state_ = State::other;
    other_ = from;
    last_heard_ = now;
}

bool Querier::poll(TimePoint now) {
    if (now < next_deadline()) return false;
    if (state_ != State::asking) {
        state_ = options_.stand_in ? State::asking : State::absent;
        startup_queries_ = times_.robustness;
        if (!options_.stand_in) return false;
    }
    if (startup_queries_ > 0) --startup_queries_;
    // RFC 3376, 8.6: the first ones in quick succession, for one may be lost.
    next_query_ = now + (startup_queries_ > 0 ? times_.interval / 4 : times_.interval);
    return true;
}

TimePoint Querier::next_deadline() const {
    if (state_ == State::asking) return next_query_;
    if (state_ == State::absent) return TimePoint::max();
    return last_heard_ + options_.patience;
}

}  // namespace muster::net
