// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/device_match.h"

#include <algorithm>
#include <array>

#include "site/ascii.h"
#include "site/names.h"

namespace muster::site {

namespace {

constexpr std::array<std::string_view, 20> kPlaceholderSerials = {"to be filled by o.e.m.",
                                                                  "to be filled by o.e.m",
                                                                  "default string",
                                                                  "system serial number",
                                                                  "chassis serial number",
                                                                  "base board serial number",
                                                                  "serial number",
                                                                  "not specified",
                                                                  "not applicable",
                                                                  "not available",
                                                                  "unknown",
                                                                  "none",
                                                                  "n/a",
                                                                  "oem",
                                                                  "o.e.m.",
                                                                  "invalid",
                                                                  "empty",
                                                                  "123456789",
                                                                  "1234567890",
                                                                  "0123456789"};
constexpr std::array<std::string_view, 2> kPlaceholderUuids = {
    "03000200-0400-0500-0006-000700080009", "12345678-1234-5678-90ab-cddeefaabbcc"};

bool only_one_character(std::string_view text) {
    return text.find_first_not_of(text.front()) == std::string_view::npos;
}

std::string other_byte_order(std::string_view uuid) {
    constexpr std::array<std::size_t, 8> kPairs = {6, 4, 2, 0, 11, 9, 16, 14};
    std::string swapped;
    for (std::size_t i = 0; i < kPairs.size(); ++i) {
        if (i == 4 || i == 6) swapped += '-';
        swapped += uuid.substr(kPairs[i], 2);
    }
    return swapped + std::string(uuid.substr(18));
}

bool same_serial(std::string_view a, std::string_view b) {
    return equal_ignoring_case(trimmed(a), trimmed(b));
}

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
    return std::ranges::find(list, wanted) != list.end();
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : std::string(between)) + part;
    return text;
}

// What one known device and the computer have in common, and what not.
struct Evidence {
    const Device* device = nullptr;
    bool uuid = false, serial = false;
    std::vector<std::string> macs;
    bool other_uuid = false, other_serial = false;

    bool any() const { return uuid || serial || !macs.empty(); }
    int matches() const { return (uuid ? 1 : 0) + (serial ? 1 : 0) + (macs.empty() ? 0 : 1); }
    bool contradicted() const { return other_uuid || other_serial; }
    bool agrees() const { return any() && (!contradicted() || matches() == 2); }
    bool doubtful() const { return !agrees() && (uuid || serial); }
    // A UUID outweighs the rest, a serial number all addresses.
    int weight() const { return (uuid ? 4 : 0) + (serial ? 2 : 0) + (macs.empty() ? 0 : 1); }
};

std::string what_matches(const Evidence& evidence, const ReportedIdentity& identity) {
    std::vector<std::string> parts;
    if (evidence.uuid) parts.push_back("the UUID " + identity.smbios_uuid);
    if (evidence.serial) parts.push_back("the serial number " + printable(identity.serial));
    for (const auto& mac : evidence.macs) parts.push_back("the MAC " + mac);
    return joined(parts, " and ") + (parts.size() == 1 ? " is " : " are ") + evidence.device->name +
           "'s";
}

std::string what_differs(const Evidence& evidence) {
    if (evidence.other_uuid) return "its UUID is " + evidence.device->smbios_uuid;
    if (evidence.other_serial) {
        return "its serial number is " + printable(evidence.device->serial);
    }
    return "";
}

class Matcher {
public:
    Matcher(const IgnoredIdentities& ignored, ConflictPolicy policy)
        : ignored_(ignored), policy_(policy) {}

    DeviceMatch run(const ReportedIdentity& reported, std::span<const Device> known) {
        clean(reported);
        auto& identity = match_.identity;
        if (identity.smbios_uuid.empty() && identity.serial.empty() && identity.macs.empty()) {
            match_.kind = DeviceMatch::Kind::conflict;
            return finish("nothing it reports identifies a computer");
        }
        for (const auto& device : known) weigh(device);
        for (auto* list : {&agreeing_, &doubtful_, &dismissed_}) {
            std::ranges::sort(*list, {}, [](const Evidence& e) { return e.device->id; });
        }
        drop_contradicted();
        match_.name_taken = std::ranges::any_of(known, [&](const Device& device) {
            return equal_ignoring_case(device.name, identity.name);
        });
        return decide();
    }

private:
    bool usable_uuid(std::string_view uuid) const {
        return !is_placeholder_uuid(uuid) &&
               std::ranges::none_of(ignored_.smbios_uuids, [&](const std::string& ignored) {
                   return same_uuid(ignored, uuid);
               });
    }

    void clean(const ReportedIdentity& reported) {
        auto& identity = match_.identity;
        identity.name = reported.name;
        const auto uuid = parse_smbios_uuid(reported.smbios_uuid);
        if (uuid && usable_uuid(*uuid)) {
            identity.smbios_uuid = *uuid;
        } else if (uuid) {
            notes_.push_back(
                "the UUID " + *uuid +
                (is_placeholder_uuid(*uuid) ? " is a placeholder" : " is on the ignore list"));
        } else if (!reported.smbios_uuid.empty()) {
            notes_.push_back(uuid.error().message());
        }
        if (!is_placeholder_serial(reported.serial)) {
            identity.serial = std::string(trimmed(reported.serial));
        } else if (!reported.serial.empty()) {
            notes_.push_back("the serial number '" + printable(reported.serial) +
                             "' is a placeholder");
        }
        for (const auto& text : reported.macs) {
            const auto mac = parse_mac(text);
            if (!mac) {
                notes_.push_back(mac.error().message());
            } else if (contains(ignored_.macs, *mac)) {
                notes_.push_back("the MAC " + *mac + " is on the ignore list");
            } else if (!contains(identity.macs, *mac)) {
                identity.macs.push_back(*mac);
            }
        }
    }

    void weigh(const Device& device) {
        const auto& identity = match_.identity;
        Evidence evidence;
        evidence.device = &device;
        evidence.uuid =
            !identity.smbios_uuid.empty() && same_uuid(identity.smbios_uuid, device.smbios_uuid);
        evidence.serial = !identity.serial.empty() && same_serial(identity.serial, device.serial);
        for (const auto& mac : identity.macs) {
            if (contains(device.macs, mac)) evidence.macs.push_back(mac);
        }
        if (!evidence.any()) return;
        evidence.other_uuid =
            !evidence.uuid && !identity.smbios_uuid.empty() && usable_uuid(device.smbios_uuid);
        evidence.other_serial =
            !evidence.serial && !identity.serial.empty() && !is_placeholder_serial(device.serial);
        (evidence.agrees()     ? agreeing_
         : evidence.doubtful() ? doubtful_
                               : dismissed_)
            .push_back(std::move(evidence));
    }

    bool contradict(const Device& a, const Device& b) const {
        const bool uuids = usable_uuid(a.smbios_uuid) && usable_uuid(b.smbios_uuid) &&
                           !same_uuid(a.smbios_uuid, b.smbios_uuid);
        const bool serials = !is_placeholder_serial(a.serial) && !is_placeholder_serial(b.serial) &&
                             !same_serial(a.serial, b.serial);
        return uuids || serials;
    }

    // The one agreeing device with more weight than every other; nullptr: there is none.
    const Evidence* best() const {
        const Evidence* heaviest = nullptr;
        bool alone = true;
        for (const auto& evidence : agreeing_) {
            const int weight = heaviest == nullptr ? 0 : heaviest->weight();
            if (evidence.weight() >= weight) {
                alone = evidence.weight() > weight;
                heaviest = &evidence;
            }
        }
        return alone ? heaviest : nullptr;
    }

    // Who agrees with the report only because the report says too little: what the best device has
    // on record counts as said.
    void drop_contradicted() {
        const Evidence* top = best();
        if (top == nullptr || agreeing_.size() < 2) return;
        const Device& device = *top->device;
        std::vector<Evidence> staying;
        for (auto& evidence : agreeing_) {
            const bool dropped = evidence.device != &device && contradict(device, *evidence.device);
            auto& list = !dropped                             ? staying
                         : (evidence.uuid || evidence.serial) ? doubtful_
                                                              : dismissed_;
            list.push_back(std::move(evidence));
        }
        agreeing_ = std::move(staying);
    }

    DeviceMatch decide() {
        if (agreeing_.size() + doubtful_.size() > 1) return decide_among_several();
        if (!agreeing_.empty()) {
            const auto differs = what_differs(agreeing_[0]);
            return known(agreeing_[0],
                         differs.empty() ? "" : ", which is two of three, although " + differs);
        }
        if (doubtful_.empty()) return added("nothing it reports is a known device's");
        const std::string doubt =
            what_matches(doubtful_[0], match_.identity) + ", but " + what_differs(doubtful_[0]);
        switch (policy_) {
            case ConflictPolicy::merge:
                return known(doubtful_[0], ", and although " + what_differs(doubtful_[0]) +
                                               " the policy is to merge");
            case ConflictPolicy::keep_apart:
                return added(doubt + ", and the policy is to keep apart");
            case ConflictPolicy::block: break;
        }
        return conflict(doubt);
    }

    DeviceMatch decide_among_several() {
        std::vector<std::string> claims;
        for (const auto* list : {&agreeing_, &doubtful_}) {
            for (const auto& evidence : *list) {
                claims.push_back(what_matches(evidence, match_.identity));
            }
        }
        const std::string said = joined(claims, ", ");
        const Evidence* top = best();
        if (policy_ == ConflictPolicy::merge && may_merge()) return merged(said);
        if (policy_ == ConflictPolicy::keep_apart) {
            if (top != nullptr) {
                return known(
                    *top, ", the best evidence of " + said + ", and the policy is to keep apart");
            }
            if (agreeing_.empty()) return added(said + ", but all contradict it");
        }
        return conflict(said + (policy_ == ConflictPolicy::block ? "" : ", and nothing decides"));
    }

    bool may_merge() const {
        for (const auto& a : agreeing_) {
            for (const auto& b : agreeing_) {
                if (contradict(*a.device, *b.device)) return false;
            }
        }
        return doubtful_.empty();
    }

    DeviceMatch merged(const std::string& said) {
        const auto into = std::ranges::max_element(agreeing_, {}, &Evidence::weight);
        for (const auto& evidence : agreeing_) {
            if (evidence.device != into->device) match_.others.push_back(evidence.device->id);
        }
        match_.kind = DeviceMatch::Kind::merged;
        match_.device = into->device->id;
        return finish(said + ": one computer, merged into " + into->device->name);
    }

    DeviceMatch known(const Evidence& evidence, const std::string& more) {
        match_.kind = DeviceMatch::Kind::known_device;
        match_.device = evidence.device->id;
        leave_to_others(agreeing_);
        leave_to_others(doubtful_);
        return finish(what_matches(evidence, match_.identity) + more);
    }

    DeviceMatch added(const std::string& why) {
        match_.kind = DeviceMatch::Kind::new_device;
        leave_to_others(doubtful_);
        if (match_.name_taken) {
            notes_.push_back("its name " + printable(match_.identity.name) + " is taken");
        }
        return finish("a new device: " + why);
    }

    DeviceMatch conflict(const std::string& why) {
        match_.kind = DeviceMatch::Kind::conflict;
        for (const auto* list : {&agreeing_, &doubtful_}) {
            for (const auto& evidence : *list) match_.others.push_back(evidence.device->id);
        }
        std::ranges::sort(match_.others);
        return finish(why);
    }

    void leave_to_others(const std::vector<Evidence>& list) {
        for (const auto& evidence : list) {
            if (evidence.device->id == match_.device) continue;
            std::erase_if(match_.identity.macs,
                          [&](const std::string& mac) { return contains(evidence.macs, mac); });
        }
    }

    DeviceMatch finish(std::string why) {
        for (const auto& evidence : dismissed_) {
            notes_.push_back(
                what_matches(evidence, match_.identity) + ", but " +
                (evidence.contradicted() ? what_differs(evidence) : "that is another computer") +
                ": if computers share that adapter, ignore it");
        }
        leave_to_others(dismissed_);
        if (match_.kind != DeviceMatch::Kind::new_device) match_.name_taken = false;
        notes_.insert(notes_.begin(), std::move(why));
        match_.sentence = joined(notes_, "; ");
        return std::move(match_);
    }

    const IgnoredIdentities& ignored_;
    ConflictPolicy policy_;
    DeviceMatch match_;
    std::vector<Evidence> agreeing_, doubtful_;
    std::vector<Evidence> dismissed_;  // an address of theirs, and a UUID or serial number not
    std::vector<std::string> notes_;
};

constexpr std::array<std::string_view, 3> kPolicies = {"merge", "keep apart", "block"};

}  // namespace

std::string_view to_string(ConflictPolicy policy) {
    return kPolicies[static_cast<std::size_t>(policy)];
}

std::optional<ConflictPolicy> conflict_policy_from(std::string_view text) {
    for (std::size_t i = 0; i < kPolicies.size(); ++i) {
        if (kPolicies[i] == text) return static_cast<ConflictPolicy>(i);
    }
    return std::nullopt;
}

bool is_placeholder_serial(std::string_view serial) {
    serial = trimmed(serial);
    return serial.empty() || only_one_character(serial) ||
           std::ranges::any_of(kPlaceholderSerials, [&](std::string_view placeholder) {
               return equal_ignoring_case(serial, placeholder);
           });
}

bool same_uuid(std::string_view a, std::string_view b) {
    constexpr std::size_t kUuidCharacters = 36;
    if (a == b) return true;
    return a.size() == kUuidCharacters && b.size() == kUuidCharacters &&
           a.substr(18) == b.substr(18) && other_byte_order(a) == b;
}

bool is_placeholder_uuid(std::string_view smbios_uuid) {
    if (!parse_smbios_uuid(smbios_uuid)) return true;
    const std::string uuid = name_key(smbios_uuid);
    // One byte throughout: fefefefe-fefe-... and the like.
    bool one_byte = true;
    const std::string_view first(uuid.data(), 2);
    for (std::size_t i = 0; i < uuid.size(); i += uuid[i] == '-' ? 1 : 2) {
        one_byte = one_byte && (uuid[i] == '-' || uuid.compare(i, 2, first) == 0);
    }
    return one_byte || std::ranges::any_of(kPlaceholderUuids, [&](std::string_view placeholder) {
               return same_uuid(placeholder, uuid);
           });
}

DeviceMatch match_device(const ReportedIdentity& reported, std::span<const Device> known,
                         const IgnoredIdentities& ignored, ConflictPolicy policy) {
    return Matcher(ignored, policy).run(reported, known);
}

}  // namespace muster::site
