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

constexpr std::array kSchedules = {
    "mon-fri 08:00-17:00 100M; fri 22:00-06:00 1.5G\nsat,sun 00:00-24:00 500k",
    "daily 20:00-00:00 123456",
    "sat,sun 22:00 for 6h30m",
    "2026-12-01 18:30 for 90m",
    "2026-12-01T08:00:30.25+01:00",
    "2026-12-01 08:00 Europe/Berlin",
    "9999-12-31 23:59 -01",
};

constexpr std::array kImports = {
    "name,mac,smbios guid,serial,collection,variable:Seat\r\n"
    "PC-01,00155d010203|00-15-5D-01-02-04,,5CG1,Room 12,1\r\nPC-02,,,S-2,,\r\n",
    "\xef\xbb\xbfSerial Number;Computer Name;Variable:A;variable:B\n"
    "S-1;PC-01;\"x; \"\"y\"\"\";\n;;;\nS-2;PC-02;;\" z\"\n",
    "uuid,name\n{4C4C4544004235108054B4C04F4E3132},PC-01\n",
    "name,mac,colour\nPC-01,x,\"red\nPC-01,00155d010203",
};

TEST(Property, AnyRuleIsWrittenAgainTheSameOrRefused) { check_some_of(kRules, check_rule, 5000); }

TEST(Property, AnyScheduleIsWrittenAgainTheSameOrRefused) {
    check_some_of(kSchedules, check_schedule, 5000);
}

TEST(Property, AnyFileOfComputersIsReadAsAWholeOrRefusedAsAWhole) {
    check_some_of(kImports, check_import, 5000);
}

}  // namespace
}  // namespace muster::fuzz
