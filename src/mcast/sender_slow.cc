// SPDX-License-Identifier: GPL-3.0-or-later
//
// The sender's dealings with members that cannot follow the stream: it carries out what
// SlowComputers decides. Whoever is away or takes blocks by HTTPS is set aside: nothing is sent or
// repaired for it, and all that it still wants is unserved when it is called back.
#include <utility>

#include "base/check.h"
#include "mcast/sender.h"

namespace muster::mcast {

void Sender::on_left_group(TimePoint now, MemberNumber number, const MemberLeft&) {
    Member* member = membership_.find(number);
    if (member == nullptr || !member->is_live()) return;
    member->last_heard = now;
    slow_.on_left(number);
    check_slow(now);
}

void Sender::check_slow(TimePoint now) {
    if (state_ != SenderState::running) return;
    for (const auto& action : slow_.decide(now, membership_, pacer_.rate_bits_per_second()))
        carry_out(now, action);
    apply_ceiling(now);
}

void Sender::carry_out(TimePoint now, const SlowAction& action) {
    const MemberNumber number = action.member;
    Member* member = membership_.find(number);
    CHECK(member != nullptr && member->is_live());
    const auto become = [&](MemberState state) {
        membership_.set_state(number, state, action.why, now);
        events_.push_back(MemberChanged{number, member->name, state, action.why});
    };
    const auto order = [&](OrderMode mode) {
        events_.push_back(MemberOrdered{number, {mode, action.why}});
    };
    switch (action.kind) {
        case SlowAction::Kind::note: become(member->state); break;
        case SlowAction::Kind::postpone: become(MemberState::deferred); break;
        case SlowAction::Kind::stay: order(OrderMode::multicast); break;
        case SlowAction::Kind::remind: order(OrderMode::away); break;
        case SlowAction::Kind::send_away:
            set_aside(number);
            become(MemberState::away);
            order(OrderMode::away);
            break;
        case SlowAction::Kind::evict:
            set_aside(number);
            become(MemberState::unicast);
            order(OrderMode::unicast);
            break;
        case SlowAction::Kind::call_back:
            bring_back(now, number);
            become(MemberState::deferred);
            order(OrderMode::multicast);
            break;
    }
}

void Sender::set_aside(MemberNumber number) {
    if (aside_.has(number)) return;
    aside_.add(number, wants_.take_member(number));
    forget_satisfied();
}

void Sender::bring_back(TimePoint now, MemberNumber number) {
    auto wanted = aside_.take(number);
    if (!wanted) return;
    wants_.add_member(number, std::move(*wanted));
    // Its silence counts from here, unless it has been silent since it was called before.
    Member& member = *membership_.find(number);
    if (!member.called_back_at || member.last_heard > *member.called_back_at) {
        member.last_heard = now;
    }
    member.called_back_at = now;
    drained_since_.reset();
}

// What slow computers can take is below what the rate would be, or nothing else is known.
void Sender::apply_ceiling(TimePoint now) {
    const std::uint64_t most = rate_limit_bits_per_second_;
    std::uint64_t wish = rate_.bits_per_second();
    if (most > 0 && (wish == 0 || most < wish)) wish = most;
    const std::uint64_t ceiling = slow_.ceiling(now);
    held_for_slow_ = ceiling > 0 && (wish == 0 || ceiling < wish);
    const std::uint64_t rate = held_for_slow_ ? ceiling : wish;
    if (rate != pacer_.rate_bits_per_second()) pacer_.set_rate(now, rate);
}

void Sender::limit_rate(TimePoint now, std::uint64_t bits_per_second) {
    rate_limit_bits_per_second_ = bits_per_second;
    apply_ceiling(now);
}

RateLimit Sender::rate_limit() const {
    const std::uint64_t most = rate_limit_bits_per_second_;
    if (most > 0 && pacer_.rate_bits_per_second() == most) return RateLimit::cap;
    return held_for_slow_ ? RateLimit::slow_clients : rate_.limit();
}

}  // namespace muster::mcast
