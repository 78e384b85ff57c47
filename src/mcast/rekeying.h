// SPDX-License-Identifier: GPL-3.0-or-later
//
// When the group gets a fresh secret. Somebody who knew it is out of the session (lost, failed,
// put out, its token revoked), so the rest must go on under one that it was not told:
//
//   quiet --(somebody is out)--> wanted --(begin: everybody is told)--> telling --(switch)--> quiet
//
// The switch comes when all who were told have acknowledged, or a second later: a member that is
// slow to hear of it misses datagrams, which are repaired like any others. The next begin is at
// least ten seconds after the last, so that a room of computers that come and go costs nothing.
#pragma once

#include <optional>
#include <set>

#include "base/time.h"
#include "mcast/control.h"
#include "mcast/group_seal.h"
#include "mcast/membership.h"

namespace muster::mcast {

class Rekeying {
public:
    static constexpr Duration kPatience = std::chrono::seconds(1);
    static constexpr Duration kInterval = std::chrono::seconds(10);

    // Whoever changes to a final state other than verified is out.
    void on_member_changed(const MemberChanged& change);
    void on_someone_is_out() { wanted_ = true; }
    // Joined while the others are being told: it is told as well.
    void on_joined(MemberNumber member);
    void on_disconnected(MemberNumber member) { unanswered_.erase(member); }
    void on_acknowledged(MemberNumber member, std::uint32_t rekeys);

    bool begin_due(TimePoint now) const;
    // The secret to tell everybody: `fresh` is 32 bytes nobody knows.
    GroupSecret begin(TimePoint now, const GroupSecret& current, const Secret& fresh,
                      const Membership& members);
    // Once: what to seal with from now on.
    std::optional<GroupSecret> poll_switch(TimePoint now);

private:
    bool wanted_ = false;
    std::optional<GroupSecret> telling_;
    std::set<MemberNumber> unanswered_;
    TimePoint begun_at_{};
    bool begun_ever_ = false;
};

}  // namespace muster::mcast
