// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which computer is this? It reports the UUID of its SMBIOS, its serial number and its MAC
// addresses, and each of them lies now and then, so they are judged together.
//
// The order of trust, and why:
//   1. UUID. It is in the mainboard's firmware and made to be unique; some makers ship thousands
//      of boards with one, which are told by a list of placeholders and the administrator's own.
//   2. Serial number. It is on the case and in the invoice, and a technician types it into a new
//      board; but cheap boards leave "To be filled by O.E.M.", and typists err.
//   3. MAC addresses. A USB adapter or a dock goes from computer to computer, so an address alone
//      never outweighs a UUID or serial number that says otherwise.
//
// A known device *agrees* when something matches and nothing contradicts it, or when two of the
// three match and one does not (firmware that lost its UUID, a serial number typed anew). It is
// *doubtful* when the UUID matches and the serial number differs (boards that share a UUID), or the
// serial number matches and the UUID differs (a new board, or two of one serial number). What
// happens then, and when several devices agree, is the administrator's policy.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "site/device.h"
#include "site/ids.h"

namespace muster::site {

struct ReportedIdentity {
    std::string smbios_uuid;
    std::string serial;
    std::vector<std::string> macs;
    std::string name;  // what it would like to be called; identifies nobody
};

// What identifies nobody at this site, in stored form.
struct IgnoredIdentities {
    std::vector<std::string> macs;          // of adapters that computers share
    std::vector<std::string> smbios_uuids;  // of boards that share one
};

enum class ConflictPolicy {
    merge,       // several agreeing records are one computer; a doubtful one is that computer
    keep_apart,  // records stay as they are: the one with the best evidence, or a new device
    block,       // an administrator decides
};
std::string_view to_string(ConflictPolicy policy);  // "merge", "keep apart", "block"
std::optional<ConflictPolicy> conflict_policy_from(std::string_view text);

struct DeviceMatch {
    enum class Kind { known_device, new_device, merged, conflict };
    Kind kind = Kind::new_device;
    DeviceId device;               // known_device: it; merged: the one that stays
    std::vector<DeviceId> others;  // merged: those that end; conflict: all concerned; ascending
    // What may be recorded: in stored form, without placeholders, ignored ones, and addresses that
    // stay another device's.
    ReportedIdentity identity;
    bool name_taken = false;  // new_device: a known device is called identity.name
    std::string sentence;     // why, without a full stop
};

// `known` in any order, ids unique, identities in stored form. A computer that reports nothing that
// identifies it is a conflict with nobody: as a new device it would be another one at each start.
// With policy merge, records that contradict each other are a conflict all the same; with keep
// apart, records between which nothing decides are.
DeviceMatch match_device(const ReportedIdentity& reported, std::span<const Device> known,
                         const IgnoredIdentities& ignored, ConflictPolicy policy);

// Firmware's words for "nobody filled this in": "Default string", "00000000", the UUID
// 03000200-0400-0500-0006-000700080009 and so on. Empty text is one, too.
bool is_placeholder_serial(std::string_view serial);
bool is_placeholder_uuid(std::string_view smbios_uuid);

// The same UUID: some programs read the first three fields of SMBIOS in the other byte order, so a
// computer may report 4c4c4544-0042-3510-... to one and 44454c4c-4200-1035-... to the other.
bool same_uuid(std::string_view a, std::string_view b);

}  // namespace muster::site
