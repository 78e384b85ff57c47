// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/enrolment.h"

#include <algorithm>

#include "server/clock.h"
#include "site/names.h"

namespace muster::server {

namespace {

using site::Device;
using site::DeviceMatch;
using site::ReportedIdentity;

site::IgnoredIdentities ignored_by(const SiteSettings& settings) {
    site::IgnoredIdentities ignored;
    for (const auto& text : settings.ignored_macs) {
        if (auto mac = site::parse_mac(text); mac.ok()) ignored.macs.push_back(*mac);
    }
    for (const auto& text : settings.ignored_uuids) {
        if (auto uuid = site::parse_smbios_uuid(text); uuid.ok()) {
            ignored.smbios_uuids.push_back(*uuid);
        }
    }
    return ignored;
}

site::ConflictPolicy policy_of(const SiteSettings& settings) {
    return site::conflict_policy_from(settings.conflicting_records)
        .value_or(site::ConflictPolicy::block);
}

bool has_mac(const Device& device, const std::string& mac) {
    return std::find(device.macs.begin(), device.macs.end(), mac) != device.macs.end();
}

// Who of `known` has it, besides `device`; nullptr: nobody.
template <typename Has>
const Device* other_with(const std::vector<Device>& known, const Device& device, Has has) {
    const auto it = std::find_if(known.begin(), known.end(), [&](const Device& each) {
        return each.id != device.id && has(each);
    });
    return it == known.end() ? nullptr : &*it;
}

// `identity` without placeholders and what is ignored. What is missing is taken over.
bool fill_in(const std::vector<Device>& known, Device& device, const ReportedIdentity& identity,
             std::string& said) {
    bool changed = false;
    const auto may_take = [&](const std::string& what, const Device* other) {
        if (other == nullptr) return changed = true;
        said += (said.empty() ? "" : ", ") + what + " is " + other->name + "'s";
        return false;
    };
    if (device.smbios_uuid.empty() && !identity.smbios_uuid.empty()) {
        const auto* other = other_with(known, device, [&](const Device& each) {
            return site::same_uuid(each.smbios_uuid, identity.smbios_uuid);
        });
        if (may_take("the UUID " + identity.smbios_uuid, other)) {
            device.smbios_uuid = identity.smbios_uuid;
        }
    }
    if (device.serial.empty() && !identity.serial.empty()) {
        const auto* other = other_with(known, device, [&](const Device& each) {
            return site::name_key(each.serial) == site::name_key(identity.serial);
        });
        if (may_take("the serial number " + site::printable(identity.serial), other)) {
            device.serial = identity.serial;
        }
    }
    for (const auto& mac : identity.macs) {
        if (has_mac(device, mac)) continue;
        const auto* other =
            other_with(known, device, [&](const Device& each) { return has_mac(each, mac); });
        if (may_take("the MAC " + mac, other)) device.macs.push_back(mac);
    }
    return changed;
}

std::string words_of(const ReportedIdentity& reported) {
    std::string words;
    const auto add = [&](const std::string& text) {
        if (!text.empty()) words += (words.empty() ? "" : ", ") + site::printable(text);
    };
    add(reported.smbios_uuid);
    add(reported.serial);
    for (const auto& mac : reported.macs) add(mac);
    return words.empty() ? "nothing" : words;
}

// Direct members stay so; what the records ran is forgotten with them.
Result<std::vector<Device>> merge(store::SiteDatabase& database, Device& into,
                                  const std::vector<site::DeviceId>& others) {
    std::vector<Device> ended;
    const auto rooms = TRY(database.collections().list());
    for (const auto id : others) {
        ended.push_back(TRY(database.devices().find(id)));
        for (const auto& room : rooms) {
            const auto is_in = [&](site::DeviceId each) {
                return std::find(room.members.begin(), room.members.end(), each) !=
                       room.members.end();
            };
            if (!is_in(id) || is_in(into.id)) continue;
            TRY(database.collections().add_member(room.id, into.id));
        }
        TRY(database.devices().remove(id).context(ended.back().name));
    }
    return ended;
}

Result<Device> add_unknown(store::SiteDatabase& database, const DeviceMatch& match,
                           const ReportedIdentity& reported, const SiteSettings& settings) {
    if (settings.unknown_computers == UnknownComputers::off) {
        return Error(Errc::not_found,
                     "no device has what it reports (" + words_of(reported) +
                         "), and unknown computers are not taken in (muster settings set "
                         "unknown_computers=ask)");
    }
    Device device;
    device.macs = match.identity.macs;
    device.smbios_uuid = match.identity.smbios_uuid;
    device.serial = match.identity.serial;
    const std::string& known_by = !device.macs.empty()          ? device.macs[0]
                                  : !device.smbios_uuid.empty() ? device.smbios_uuid
                                                                : device.serial;
    device.name = "unknown-";
    for (char c : known_by) {
        const bool fits =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (fits && device.name.size() < 40) device.name += c;
    }
    device.approval = settings.unknown_computers == UnknownComputers::ask ? site::Approval::pending
                                                                          : site::Approval::unknown;
    device.created_at = wall_now();
    return database.devices().add(device);
}

}  // namespace

Result<ReportedIdentity> reported_identity(const Value& document) {
    if (document.as_map() == nullptr) return document.error("expected an object");
    ReportedIdentity reported;
    reported.smbios_uuid = TRY(document.string_or("smbios_uuid", ""));
    reported.serial = TRY(document.string_or("serial", ""));
    const std::string mac = TRY(document.string_or("mac", ""));
    if (!mac.empty()) reported.macs.push_back(TRY(site::parse_mac(mac)));
    const Value* macs = document.find("macs");
    if (macs == nullptr || macs->is_null()) return reported;
    if (macs->as_list() == nullptr) return macs->error("macs: expected a list");
    for (const auto& each : *macs->as_list()) {
        if (each.as_string() == nullptr) return each.error("macs: expected texts");
        reported.macs.push_back(*each.as_string());
    }
    return reported;
}

Result<Recognised> recognise(store::SiteDatabase& database, const ReportedIdentity& reported,
                             const SiteSettings& settings) {
    Recognised found;
    TRY(database.change("recognise computer", [&]() -> Status {
        const auto known = TRY(database.devices().list());
        const auto match =
            site::match_device(reported, known, ignored_by(settings), policy_of(settings));
        found.sentence = match.sentence;
        if (match.kind == DeviceMatch::Kind::conflict) {
            return Error(Errc::busy,
                         "which computer this is cannot be told: " + match.sentence +
                             "; correct the records (muster device set, remove), or the site's "
                             "conflicting_records, ignored_macs, ignored_uuids");
        }
        if (match.kind == DeviceMatch::Kind::new_device) {
            found.device = TRY(add_unknown(database, match, reported, settings));
            return {};
        }
        found.device = TRY(database.devices().find(match.device));
        if (match.kind == DeviceMatch::Kind::merged) {
            found.ended = TRY(merge(database, found.device, match.others));
        }
        const auto now_known = TRY(database.devices().list());
        std::string said;
        if (!fill_in(now_known, found.device, match.identity, said)) return {};
        return database.devices().change(found.device);
    }));
    return found;
}

Result<bool> complete_identity(store::SiteDatabase& database, Device& device,
                               const ReportedIdentity& reported, const SiteSettings& settings,
                               std::string& said) {
    const bool news = (device.smbios_uuid.empty() && !reported.smbios_uuid.empty()) ||
                      (device.serial.empty() && !reported.serial.empty()) ||
                      std::any_of(reported.macs.begin(), reported.macs.end(),
                                  [&](const std::string& mac) { return !has_mac(device, mac); });
    if (!news) return false;
    const auto known = TRY(database.devices().list());
    const auto match =
        site::match_device(reported, known, ignored_by(settings), policy_of(settings));
    // Its token says who it is; what it reports only fills in.
    auto identity = match.identity;
    for (const auto& text : reported.macs) {
        const auto mac = site::parse_mac(text);
        const auto& ignored = settings.ignored_macs;
        if (!mac.ok() || std::find(ignored.begin(), ignored.end(), *mac) != ignored.end()) continue;
        if (std::find(identity.macs.begin(), identity.macs.end(), *mac) == identity.macs.end()) {
            identity.macs.push_back(*mac);
        }
    }
    if (!fill_in(known, device, identity, said)) return false;
    TRY(database.devices().change(device));
    return true;
}

}  // namespace muster::server
