// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who is in a collection, and why.
//
//   members(C) = ((direct members + those a rule matches + members of included collections)
//                 - members of excluded collections) that are in the limiting collection
//
// So an exclusion wins over everything, also over a direct member, and the limit holds for every
// way in. "Members" of another collection are always its members after its own exclusions and
// limit, however deep; a circle of references would have no answer and is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "site/attributes.h"
#include "site/ids.h"
#include "site/rule.h"

namespace muster::site {

struct CollectionDefinition {
    CollectionId id;
    std::string name;
    std::vector<DeviceId> direct;  // devices that are not there (any more) do no harm
    std::vector<Rule> rules;       // a device one of them matches is a member
    std::vector<CollectionId> includes;
    std::vector<CollectionId> excludes;
    std::optional<CollectionId> limiting;  // none: all devices
};

struct DescribedDevice {
    DeviceId id;
    std::string name;
    Attributes attributes;
};

// Errc::invalid_argument: collections refer to each other in a circle, "Room 12 -> Lab -> Room
// 12". Errc::not_found: one refers to a collection that is not among them.
Status check_no_cycle(std::span<const CollectionDefinition> collections);

// The answer for all devices and collections of a site at one moment: each rule was asked once for
// each device. Immutable; whoever changes a device or a collection makes a new one.
class Membership {
public:
    // Ids must be unique. Errors as check_no_cycle.
    static Result<Membership> evaluate(std::vector<CollectionDefinition> collections,
                                       std::vector<DescribedDevice> devices);

    // Ascending; none for a collection that is not there.
    std::vector<DeviceId> members(CollectionId collection) const;
    bool is_member(DeviceId device, CollectionId collection) const;

    // One sentence without a full stop: "PC-04 is in Room 12: direct member; limited by All
    // Desktops, where rule "Model like 'Opti*'" is true", "PC-04 is not in Room 12: excluded by
    // Teachers, where it is a direct member". Of several reasons it names the strongest.
    // Errc::not_found: no such device or collection.
    Result<std::string> explain(DeviceId device, CollectionId collection) const;

private:
    // One bit a device, in the order of devices_.
    using Bits = std::vector<std::uint64_t>;

    Membership(std::vector<CollectionDefinition> collections, std::vector<DescribedDevice> devices);
    void evaluate_rules(std::vector<Bits>& found) const;
    void combine(std::size_t collection, Bits found);
    bool has(std::size_t collection, std::size_t device) const {
        return (members_[collection][device / 64] >> (device % 64) & 1) != 0;
    }
    std::size_t index_of(CollectionId id) const { return collection_index_.at(id); }
    std::string way_in(std::size_t device, std::size_t collection, bool nested) const;
    std::string why_not(std::size_t device, std::size_t collection, int hops) const;
    std::string no_way_in(std::size_t device, const CollectionDefinition& definition) const;
    const Rule* matching_rule(std::size_t device, const CollectionDefinition& definition) const;
    bool has_way_in(std::size_t device, const CollectionDefinition& definition) const;

    std::vector<CollectionDefinition> collections_;
    std::vector<DescribedDevice> devices_;  // ascending id
    std::unordered_map<CollectionId, std::size_t> collection_index_;
    std::unordered_map<DeviceId, std::size_t> device_index_;
    std::vector<Bits> members_;  // one for each collection
};

}  // namespace muster::site
