// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/rekeying.h"

#include <utility>

#include "base/check.h"

namespace muster::mcast {

void Rekeying::on_member_changed(const MemberChanged& change) {
    // Who is away answers when its port is free again; the others do not wait for it.
    if (change.state == MemberState::away) unanswered_.erase(change.number);
    if (is_live(change.state)) return;
    unanswered_.erase(change.number);
    if (change.state != MemberState::verified) wanted_ = true;
}

void Rekeying::on_joined(MemberNumber member) {
    if (telling_) unanswered_.insert(member);
}

void Rekeying::on_acknowledged(MemberNumber member, std::uint32_t rekeys) {
    if (telling_ && rekeys == telling_->rekeys) unanswered_.erase(member);
}

bool Rekeying::begin_due(TimePoint now) const {
    return wanted_ && !telling_ && (!begun_ever_ || now >= begun_at_ + kInterval);
}

GroupSecret Rekeying::begin(TimePoint now, const GroupSecret& current, const Secret& fresh,
                            const Membership& members) {
    CHECK(begin_due(now));
    wanted_ = false;
    begun_ever_ = true;
    begun_at_ = now;
    unanswered_.clear();
    for (const auto& [number, member] : members.all()) {
        if (member.is_live() && member.connected) unanswered_.insert(number);
    }
    telling_ = GroupSecret{current.rekeys + 1, current.step, fresh};
    return *telling_;
}

std::optional<GroupSecret> Rekeying::poll_switch(TimePoint now) {
    if (!telling_ || (!unanswered_.empty() && now < begun_at_ + kPatience)) return std::nullopt;
    unanswered_.clear();
    return std::exchange(telling_, std::nullopt);
}

}  // namespace muster::mcast
