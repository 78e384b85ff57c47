// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which computer is this? Asked when one comes without a token, by what it reports of itself
// (site/device_match.h), and answered in the record when one that has a token says what it is made
// of: what the record lacks is filled in, and nothing is taken from another computer.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/value.h"
#include "server/site_settings.h"
#include "site/device_match.h"
#include "store/database.h"

namespace muster::server {

// {"mac", "smbios_uuid", "serial", "macs"}, each optional; others are left alone. Errc::
// invalid_argument: one of another type, or "mac" is none.
Result<site::ReportedIdentity> reported_identity(const Value& document);

struct Recognised {
    site::Device device;
    std::vector<site::Device> ended;  // records that were the same computer's
    std::string sentence;
};
// The computer that reports this; an unknown one becomes a device where the site takes those in.
// Several records of one computer become one where the policy is to merge. Errc::not_found:
// unknown, and not taken in. Errc::busy: an administrator has to decide, or a record that would end
// is at work.
Result<Recognised> recognise(store::SiteDatabase& database, const site::ReportedIdentity& reported,
                             const SiteSettings& settings);

// Fills in what the record of `device` lacks. Returns whether it changed; `said` has what was left
// out, because another computer has it, as a sentence.
Result<bool> complete_identity(store::SiteDatabase& database, site::Device& device,
                               const site::ReportedIdentity& reported, const SiteSettings& settings,
                               std::string& said);

}  // namespace muster::server
