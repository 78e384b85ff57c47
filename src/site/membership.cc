// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/membership.h"

#include <algorithm>

#include "site/names.h"

namespace muster::site {

namespace {

using Uses = std::vector<std::vector<std::size_t>>;  // for each collection: those it refers to

Result<Uses> find_uses(std::span<const CollectionDefinition> collections) {
    std::unordered_map<CollectionId, std::size_t> index;
    for (std::size_t i = 0; i < collections.size(); ++i) index[collections[i].id] = i;
    Uses uses(collections.size());
    for (std::size_t i = 0; i < collections.size(); ++i) {
        const auto& from = collections[i];
        const auto add = [&](CollectionId id, const char* as) -> Status {
            const auto place = index.find(id);
            if (place == index.end()) {
                return Error(Errc::not_found, "collection " + from.name + ": its " + as +
                                                  " collection " + std::to_string(id.value) +
                                                  " does not exist");
            }
            uses[i].push_back(place->second);
            return {};
        };
        for (const auto id : from.includes) TRY(add(id, "included"));
        for (const auto id : from.excludes) TRY(add(id, "excluded"));
        if (from.limiting) TRY(add(*from.limiting, "limiting"));
    }
    return uses;
}

Error circle(std::span<const CollectionDefinition> collections, std::span<const std::size_t> path) {
    std::string names;
    for (const auto step : path) names += collections[step].name + " -> ";
    return {Errc::invalid_argument, "collections refer to each other in a circle: " + names +
                                        collections[path.front()].name};
}

// Every collection after all it refers to: depth first, with a stack of our own, because chains
// are as long as people make them.
Result<std::vector<std::size_t>> dependency_order(
    std::span<const CollectionDefinition> collections) {
    const Uses uses = TRY(find_uses(collections));
    enum class Mark : std::uint8_t { untouched, on_path, done };
    std::vector<Mark> marks(collections.size(), Mark::untouched);
    std::vector<std::size_t> next_use(collections.size(), 0);
    std::vector<std::size_t> order;
    std::vector<std::size_t> path;
    for (std::size_t start = 0; start < collections.size(); ++start) {
        if (marks[start] == Mark::untouched) path.push_back(start);
        while (!path.empty()) {
            const std::size_t here = path.back();
            marks[here] = Mark::on_path;
            if (next_use[here] == uses[here].size()) {
                marks[here] = Mark::done;
                order.push_back(here);
                path.pop_back();
                continue;
            }
            const std::size_t next = uses[here][next_use[here]++];
            if (marks[next] == Mark::on_path) {
                const auto first = std::ranges::find(path, next);
                return circle(collections, std::span(first, path.end()));
            }
            if (marks[next] == Mark::untouched) path.push_back(next);
        }
    }
    return order;
}

std::string quoted(const Rule& rule) { return "rule \"" + printable(to_string(rule)) + "\""; }

}  // namespace

Status check_no_cycle(std::span<const CollectionDefinition> collections) {
    TRY(dependency_order(collections));
    return {};
}

Membership::Membership(std::vector<CollectionDefinition> collections,
                       std::vector<DescribedDevice> devices)
    : collections_(std::move(collections)), devices_(std::move(devices)) {
    std::ranges::sort(devices_, {}, &DescribedDevice::id);
    for (std::size_t i = 0; i < collections_.size(); ++i) collection_index_[collections_[i].id] = i;
    for (std::size_t i = 0; i < devices_.size(); ++i) device_index_[devices_[i].id] = i;
    members_.resize(collections_.size());
}

Result<Membership> Membership::evaluate(std::vector<CollectionDefinition> collections,
                                        std::vector<DescribedDevice> devices) {
    const auto order = TRY(dependency_order(collections));
    Membership made(std::move(collections), std::move(devices));
    const std::size_t words = (made.devices_.size() + 63) / 64;
    std::vector<Bits> found(made.collections_.size(), Bits(words));
    made.evaluate_rules(found);
    for (const auto collection : order) made.combine(collection, std::move(found[collection]));
    return made;
}

// Attributes are looked up by name once for each device and name, not once for each rule.
void Membership::evaluate_rules(std::vector<Bits>& found) const {
    std::unordered_map<std::string, std::vector<const AttributeValue*>> columns;
    std::vector<const std::vector<const AttributeValue*>*> used;
    std::vector<const AttributeValue*> values;
    for (std::size_t i = 0; i < collections_.size(); ++i) {
        for (const auto& rule : collections_[i].rules) {
            used.clear();
            for (const auto& name : rule.attribute_names()) {
                auto& column = columns[name_key(name)];
                if (column.empty()) {
                    for (const auto& device : devices_) {
                        column.push_back(device.attributes.find(name));
                    }
                }
                used.push_back(&column);
            }
            values.resize(used.size());
            for (std::size_t device = 0; device < devices_.size(); ++device) {
                for (std::size_t k = 0; k < used.size(); ++k) values[k] = (*used[k])[device];
                const std::uint64_t bit = rule.matches(values) ? 1 : 0;
                found[i][device / 64] |= bit << (device % 64);
            }
        }
    }
}

void Membership::combine(std::size_t collection, Bits found) {
    const auto& definition = collections_[collection];
    for (const auto id : definition.direct) {
        const auto place = device_index_.find(id);
        if (place == device_index_.end()) continue;
        found[place->second / 64] |= std::uint64_t{1} << (place->second % 64);
    }
    const auto change = [&](CollectionId other, auto operation) {
        const Bits& members = members_[index_of(other)];
        std::ranges::transform(found, members, found.begin(), operation);
    };
    for (const auto id : definition.includes) change(id, [](auto a, auto b) { return a | b; });
    for (const auto id : definition.excludes) change(id, [](auto a, auto b) { return a & ~b; });
    if (definition.limiting) change(*definition.limiting, [](auto a, auto b) { return a & b; });
    members_[collection] = std::move(found);
}

std::vector<DeviceId> Membership::members(CollectionId collection) const {
    std::vector<DeviceId> ids;
    const auto place = collection_index_.find(collection);
    if (place == collection_index_.end()) return ids;
    for (std::size_t device = 0; device < devices_.size(); ++device) {
        if (has(place->second, device)) ids.push_back(devices_[device].id);
    }
    return ids;
}

bool Membership::is_member(DeviceId device, CollectionId collection) const {
    const auto where = device_index_.find(device);
    const auto place = collection_index_.find(collection);
    return where != device_index_.end() && place != collection_index_.end() &&
           has(place->second, where->second);
}

const Rule* Membership::matching_rule(std::size_t device,
                                      const CollectionDefinition& definition) const {
    const auto place = std::ranges::find_if(definition.rules, [&](const Rule& rule) {
        return rule.matches(devices_[device].attributes);
    });
    return place == definition.rules.end() ? nullptr : &*place;
}

bool Membership::has_way_in(std::size_t device, const CollectionDefinition& definition) const {
    return std::ranges::find(definition.direct, devices_[device].id) != definition.direct.end() ||
           matching_rule(device, definition) != nullptr ||
           std::ranges::any_of(definition.includes,
                               [&](CollectionId id) { return has(index_of(id), device); });
}

namespace {
constexpr int kMaxHops = 6;  // collections a sentence goes through; more nobody reads
}

// How a device that has a way in came in: through included collections down to the first of its
// own that has it as a direct member or by a rule.
std::string Membership::way_in(std::size_t device, std::size_t collection, bool nested) const {
    std::string text;
    for (int hops = 0; hops < kMaxHops; ++hops) {
        const auto& definition = collections_[collection];
        if (std::ranges::find(definition.direct, devices_[device].id) != definition.direct.end()) {
            return text + (nested ? "it is a direct member" : "direct member");
        }
        if (const Rule* rule = matching_rule(device, definition)) {
            return text + quoted(*rule) + " is true";
        }
        for (const auto id : definition.includes) {
            const std::size_t included = index_of(id);
            if (!has(included, device)) continue;
            text += (nested ? "it is included through " : "included through ") +
                    collections_[included].name + ", where ";
            collection = included;
            break;
        }
        nested = true;
    }
    return text + "it is in through others";
}

std::string Membership::no_way_in(std::size_t device,
                                  const CollectionDefinition& definition) const {
    constexpr std::size_t kMaxRules = 3;
    std::string text = "not a direct member";
    if (!definition.rules.empty()) {
        text += ", no rule is true (";
        for (std::size_t i = 0; i < std::min(definition.rules.size(), kMaxRules); ++i) {
            text += (i > 0 ? "; " : "") + definition.rules[i].explain(devices_[device].attributes);
        }
        text += definition.rules.size() > kMaxRules ? "; and so on)" : ")";
    }
    for (std::size_t i = 0; i < definition.includes.size(); ++i) {
        text += (i > 0 ? ", " : ", in none of the included collections ") +
                collections_[index_of(definition.includes[i])].name;
    }
    return text;
}

std::string Membership::why_not(std::size_t device, std::size_t collection, int hops) const {
    const auto& definition = collections_[collection];
    if (hops == kMaxHops) return "for reasons further away";
    for (const auto id : definition.excludes) {
        const std::size_t excluded = index_of(id);
        if (!has(excluded, device)) continue;
        return "excluded by " + collections_[excluded].name + ", where " +
               way_in(device, excluded, true);
    }
    if (!has_way_in(device, definition)) return no_way_in(device, definition);
    const std::size_t limit = index_of(*definition.limiting);
    return way_in(device, collection, false) + ", but limited by " + collections_[limit].name +
           ", where it is not: " + why_not(device, limit, hops + 1);
}

Result<std::string> Membership::explain(DeviceId device, CollectionId collection) const {
    const auto where = device_index_.find(device);
    if (where == device_index_.end()) {
        return Error(Errc::not_found, "no device " + std::to_string(device.value));
    }
    const auto place = collection_index_.find(collection);
    if (place == collection_index_.end()) {
        return Error(Errc::not_found, "no collection " + std::to_string(collection.value));
    }
    const std::string& device_name = devices_[where->second].name;
    const auto* definition = &collections_[place->second];
    if (!has(place->second, where->second)) {
        return device_name + " is not in " + definition->name + ": " +
               why_not(where->second, place->second, 0);
    }
    std::string text = device_name + " is in " + definition->name + ": " +
                       way_in(where->second, place->second, false);
    for (int hops = 0; definition->limiting && hops < kMaxHops; ++hops) {
        const std::size_t limit = index_of(*definition->limiting);
        definition = &collections_[limit];
        text +=
            "; limited by " + definition->name + ", where " + way_in(where->second, limit, true);
    }
    return text;
}

}  // namespace muster::site
