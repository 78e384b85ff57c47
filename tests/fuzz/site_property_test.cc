// SPDX-License-Identifier: GPL-3.0-or-later
//
// The properties of what administrators write about their site, over fixed seeds.
#include <array>

#include "some_of.h"

namespace muster::fuzz {
namespace {

constexpr std::array kRules = {
    "Model like 'OptiPlex*' and Memory >= 8 GB and not (Firmware = 'BIOS' or TPM is not set)",
    "Name in ('PC-01', \"PC-02\", 'O''Neil') or Variable.Seat >= 12 and SecureBoot = true",
    "not not MACAddress != '02-00-00-00-00-01' or DiskBytes < 1.5TiB and Processors <> 4",
    "((Name = 'a' or Name = 'b') and (Name = 'c' or (Name = 'd' and (Name = 'e'))))",
    "Model like 'B?ro*\xc3\xbc' or Unknown != false",
};

TEST(Property, AnyRuleIsWrittenAgainTheSameOrRefused) { check_some_of(kRules, check_rule, 5000); }

}  // namespace
}  // namespace muster::fuzz
