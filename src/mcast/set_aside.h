// SPDX-License-Identifier: GPL-3.0-or-later
//
// What members want that are not served by multicast now: away, or taking blocks by HTTPS. It is
// no part of the want-map, so that nothing is sent or repaired for them; what they report
// meanwhile is crossed out here.
#pragma once

#include <cstdint>
#include <map>

#include "base/interval_set.h"
#include "content/block_set.h"
#include "mcast/control.h"

namespace muster::mcast {

class SetAside {
public:
    void add(MemberNumber member, content::BlockSet wanted) {
        wanted_.insert_or_assign(member, std::move(wanted));
    }
    bool has(MemberNumber member) const { return wanted_.contains(member); }
    // False: it was not here.
    bool remove(MemberNumber member) { return wanted_.erase(member) > 0; }
    std::optional<content::BlockSet> take(MemberNumber member) {
        auto node = wanted_.extract(member);
        if (node.empty()) return std::nullopt;
        return std::move(node.mapped());
    }
    // As WantMap's.
    std::uint32_t on_verified(MemberNumber member, const IntervalSet& blocks);
    std::uint32_t missing(MemberNumber member) const { return wanted_.at(member).count(); }

private:
    std::map<MemberNumber, content::BlockSet> wanted_;
};

}  // namespace muster::mcast
