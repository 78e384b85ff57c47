// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/device_match.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"

namespace muster::site {
namespace {

using Kind = DeviceMatch::Kind;
using enum ConflictPolicy;

const std::string kUuidA = "4c4c4544-0042-3510-8054-b4c04f4e3132";
const std::string kUuidB = "4c4c4544-0043-4810-8051-c3c04f4e3232";
const std::string kMacA = "02:00:00:00:00:0a";
const std::string kMacB = "02:00:00:00:00:0b";
const std::string kDongle = "00:e0:4c:68:01:02";
const IgnoredIdentities kNothing;

Device pc(std::int64_t id, std::string uuid, std::string serial, std::vector<std::string> macs) {
    return {DeviceId(id),    "PC-0" + std::to_string(id), std::move(macs),
            std::move(uuid), std::move(serial),           {}};
}

DeviceMatch match(const ReportedIdentity& reported, std::vector<Device> known,
                  ConflictPolicy policy = block, const IgnoredIdentities& ignored = kNothing) {
    return match_device(reported, known, ignored, policy);
}

TEST(DeviceMatchTest, WhatMatchesAndIsNotContradictedIsTheDevice) {
    for (const auto& reported :
         {ReportedIdentity{kUuidA, "S-A", {kMacA}, "x"}, ReportedIdentity{kUuidA, "", {kMacB}, ""},
          ReportedIdentity{"", " s-a ", {}, ""},
          ReportedIdentity{"", "", {"02-00-00-00-00-0A"}, ""}}) {
        const auto found = match(reported, {pc(4, kUuidA, "S-A", {kMacA})});
        EXPECT_EQ(found.kind, Kind::known_device) << found.sentence;
        EXPECT_EQ(found.device, DeviceId(4));
    }
    EXPECT_EQ(match({kUuidA, "", {}, ""}, {pc(4, kUuidA, "S-A", {})}).sentence,
              "the UUID " + kUuidA + " is PC-04's");
    EXPECT_EQ(
        match({kUuidA, "S-A", {kMacA}, ""}, {pc(4, kUuidA, "S-A", {kMacA})}).sentence,
        "the UUID " + kUuidA + " and the serial number S-A and the MAC " + kMacA + " are PC-04's");
}

TEST(DeviceMatchTest, AComputerOfWhichNothingIsKnownIsNew) {
    const auto found = match({kUuidB, "S-B", {kMacB}, "pc-04"}, {pc(4, kUuidA, "S-A", {kMacA})});
    EXPECT_EQ(found.kind, Kind::new_device);
    EXPECT_TRUE(found.name_taken);
    EXPECT_EQ(found.sentence,
              "a new device: nothing it reports is a known device's; its name pc-04 is taken");
    EXPECT_FALSE(match({kUuidB, "", {}, "PC-05"}, {pc(4, kUuidA, "", {})}).name_taken);
}

TEST(DeviceMatchTest, AUuidReadInTheOtherByteOrderIsTheSame) {
    const auto found =
        match({"44454c4c-4200-1035-8054-b4c04f4e3132", "", {}, ""}, {pc(4, kUuidA, "", {})});
    EXPECT_EQ(found.kind, Kind::known_device) << found.sentence;
    EXPECT_FALSE(same_uuid(kUuidA, kUuidB));
    EXPECT_FALSE(same_uuid("", kUuidA));
}

TEST(DeviceMatchTest, PlaceholdersOfFirmwareIdentifyNobody) {
    for (auto serial : {"", " ", "To be filled by O.E.M.", "DEFAULT STRING", "00000000",
                        "System Serial Number", "........", "1", "123456789"}) {
        EXPECT_TRUE(is_placeholder_serial(serial)) << serial;
    }
    for (auto serial : {"5CG1234ABC", "VMware-56 4d", "12", "PF-0000"}) {
        EXPECT_FALSE(is_placeholder_serial(serial)) << serial;
    }
    for (auto uuid :
         {"03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
          "00000000-0000-0000-0000-000000000000", "FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE", "",
          "no uuid"}) {
        EXPECT_TRUE(is_placeholder_uuid(uuid)) << uuid;
    }
    EXPECT_FALSE(is_placeholder_uuid(kUuidA));
    const std::string bad = "03000200-0400-0500-0006-000700080009";
    const auto found =
        match({bad, "Default string", {kMacB}, ""}, {pc(4, bad, "Default string", {kMacA})});
    EXPECT_EQ(found.kind, Kind::new_device) << found.sentence;
    EXPECT_EQ(found.identity.smbios_uuid, "");
    EXPECT_EQ(found.identity.serial, "");
    EXPECT_EQ(found.sentence, "a new device: nothing it reports is a known device's; the UUID " +
                                  bad +
                                  " is a placeholder; the serial number 'Default string' is "
                                  "a placeholder");
    EXPECT_EQ(match({kUuidA, "", {}, ""}, {pc(4, kUuidA, "None", {})}).kind, Kind::known_device);
}

TEST(DeviceMatchTest, WhoReportsNothingUsableIsNobodyAndNotANewDeviceEachTime) {
    for (const auto policy : {merge, keep_apart, block}) {
        const auto found = match({"", "None", {"ff:ff:ff:ff:ff:ff"}, "PC-04"},
                                 {pc(4, kUuidA, "None", {kMacA})}, policy);
        EXPECT_EQ(found.kind, Kind::conflict);
        EXPECT_TRUE(found.others.empty());
        EXPECT_TRUE(found.sentence.starts_with("nothing it reports identifies a computer; "));
    }
}

TEST(DeviceMatchTest, WhatIsOnTheIgnoreListNeverDecides) {
    const IgnoredIdentities ignored{{kDongle}, {kUuidB}};
    const auto found = match({kUuidA, "", {kDongle}, ""},
                             {pc(4, kUuidA, "", {}), pc(7, "", "", {kDongle})}, block, ignored);
    EXPECT_EQ(found.kind, Kind::known_device);
    EXPECT_EQ(found.sentence,
              "the UUID " + kUuidA + " is PC-04's; the MAC " + kDongle + " is on the ignore list");
    EXPECT_TRUE(found.identity.macs.empty());
    const auto board = match({kUuidB, "S-B", {}, ""}, {pc(4, kUuidB, "S-A", {})}, block, ignored);
    EXPECT_EQ(board.kind, Kind::new_device) << board.sentence;
    EXPECT_EQ(board.identity.smbios_uuid, "");
}

TEST(DeviceMatchTest, AnAddressAloneNeverOutweighsAUuidOrSerialNumberThatDiffers) {
    for (const auto policy : {merge, keep_apart, block}) {
        const auto found =
            match({kUuidB, "", {kDongle, kMacB}, ""}, {pc(4, kUuidA, "", {kDongle})}, policy);
        EXPECT_EQ(found.kind, Kind::new_device);
        EXPECT_EQ(found.identity.macs, std::vector<std::string>{kMacB})
            << "the other stays PC-04's";
        EXPECT_EQ(found.sentence, "a new device: nothing it reports is a known device's; the MAC " +
                                      kDongle + " is PC-04's, but its UUID is " + kUuidA +
                                      ": if computers share that adapter, ignore it");
        EXPECT_EQ(match({"", "S-B", {kMacA}, ""}, {pc(4, "", "S-A", {kMacA})}, policy).kind,
                  Kind::new_device);
    }
}

TEST(DeviceMatchTest, TwoOfThreeAreEnough) {
    const std::vector<Device> known = {pc(4, kUuidA, "S-A", {kMacA})};
    const auto flashed = match({kUuidB, "S-A", {kMacA}, ""}, known);
    EXPECT_EQ(flashed.kind, Kind::known_device);
    EXPECT_EQ(flashed.sentence, "the serial number S-A and the MAC " + kMacA +
                                    " are PC-04's, which is two of three, although its UUID is " +
                                    kUuidA);
    EXPECT_EQ(flashed.identity.smbios_uuid, kUuidB) << "the new one is to be recorded";
    EXPECT_EQ(match({kUuidA, "S-B", {kMacA}, ""}, known).kind, Kind::known_device);
}

TEST(DeviceMatchTest, ANewBoardUnderAnOldSerialNumberIsForThePolicy) {
    const std::vector<Device> known = {pc(4, kUuidA, "S-A", {kMacA})};
    const ReportedIdentity reported{kUuidB, "S-A", {kMacB}, ""};
    EXPECT_EQ(match(reported, known, merge).kind, Kind::known_device);
    EXPECT_EQ(match(reported, known, keep_apart).kind, Kind::new_device);
    const auto blocked = match(reported, known, block);
    EXPECT_EQ(blocked.kind, Kind::conflict);
    EXPECT_EQ(blocked.others, std::vector<DeviceId>{DeviceId(4)});
    EXPECT_EQ(blocked.sentence, "the serial number S-A is PC-04's, but its UUID is " + kUuidA);
}

TEST(DeviceMatchTest, BoardsThatShareAUuidAreForThePolicy) {
    const std::vector<Device> known = {pc(4, kUuidA, "S-A", {kMacA})};
    const ReportedIdentity reported{kUuidA, "S-B", {kMacB}, ""};
    EXPECT_EQ(match(reported, known, merge).kind, Kind::known_device);
    EXPECT_EQ(match(reported, known, keep_apart).kind, Kind::new_device);
    EXPECT_EQ(match(reported, known, block).kind, Kind::conflict);
}

TEST(DeviceMatchTest, RecordsOfOneComputerAreMergedIntoTheOneWithTheBestEvidence) {
    const std::vector<Device> known = {pc(3, "", "", {kMacA}), pc(4, kUuidA, "", {}),
                                       pc(5, "", "S-A", {})};
    const ReportedIdentity reported{kUuidA, "S-A", {kMacA}, ""};
    const auto found = match(reported, known, merge);
    EXPECT_EQ(found.kind, Kind::merged);
    EXPECT_EQ(found.device, DeviceId(4));
    EXPECT_EQ(found.others, (std::vector<DeviceId>{DeviceId(3), DeviceId(5)}));
    EXPECT_EQ(found.identity.macs, std::vector<std::string>{kMacA});
    EXPECT_EQ(found.sentence, "the MAC " + kMacA + " is PC-03's, the UUID " + kUuidA +
                                  " is PC-04's, the serial number S-A is PC-05's: one computer, "
                                  "merged into PC-04");
    const auto apart = match(reported, known, keep_apart);
    EXPECT_EQ(apart.kind, Kind::known_device);
    EXPECT_EQ(apart.device, DeviceId(4));
    EXPECT_TRUE(apart.identity.macs.empty()) << "the address stays PC-03's";
    const auto blocked = match(reported, known, block);
    EXPECT_EQ(blocked.kind, Kind::conflict);
    EXPECT_EQ(blocked.others, (std::vector<DeviceId>{DeviceId(3), DeviceId(4), DeviceId(5)}));
}

TEST(DeviceMatchTest, RecordsThatContradictEachOtherAreNotMerged) {
    const std::vector<Device> known = {pc(3, kUuidA, "", {kMacA}), pc(4, kUuidB, "", {kMacB})};
    for (const auto policy : {merge, keep_apart, block}) {
        const auto found = match({"", "", {kMacA, kMacB}, ""}, known, policy);
        EXPECT_EQ(found.kind, Kind::conflict) << found.sentence;
        EXPECT_EQ(found.others.size(), 2u);
    }
}

TEST(DeviceMatchTest, WhatTheBestDeviceHasOnRecordCountsAsReported) {
    const std::vector<Device> known = {pc(3, "", "S-B", {kDongle}), pc(4, kUuidA, "S-A", {kMacA})};
    for (const auto policy : {merge, keep_apart, block}) {
        const auto found = match({kUuidA, "", {kDongle}, ""}, known, policy);
        EXPECT_EQ(found.kind, Kind::known_device) << found.sentence;
        EXPECT_EQ(found.device, DeviceId(4)) << "a dongle PC-03 once had";
        EXPECT_TRUE(found.identity.macs.empty());
    }
}

TEST(DeviceMatchTest, EveryPolicyIsReadBackFromItsName) {
    for (const auto policy : {merge, keep_apart, block}) {
        EXPECT_EQ(conflict_policy_from(to_string(policy)), policy);
    }
    EXPECT_FALSE(conflict_policy_from("Merge"));
}

struct Drawn {
    ReportedIdentity reported;
    std::vector<Device> known;
    ConflictPolicy policy;
};

// Few values, so that they meet.
Drawn draw(Prng& prng) {
    const auto one_of = [&](std::vector<std::string> values) {
        return values[prng.below(values.size())];
    };
    const auto uuid = [&] { return one_of({"", kUuidA, kUuidB}); };
    const auto serial = [&] { return one_of({"", "S-A", "s-a", "S-B", "Default string"}); };
    Drawn drawn{{uuid(), serial(), {}, "PC-01"}, {}, static_cast<ConflictPolicy>(prng.below(3))};
    for (const auto& mac : {kMacA, kMacB}) {
        if (prng.chance(0.4)) drawn.reported.macs.push_back(mac);
    }
    for (std::int64_t id = 1; id <= 4; ++id) {
        drawn.known.push_back(pc(id, uuid(), serial(), {one_of({kMacA, kMacB, kDongle})}));
    }
    return drawn;
}

TEST(DeviceMatchTest, TheOutcomeDoesNotDependOnTheOrderOfTheDevices) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        Drawn drawn = draw(prng);
        const auto first = match(drawn.reported, drawn.known, drawn.policy);
        for (std::size_t i = drawn.known.size(); i > 1; --i) {
            std::swap(drawn.known[i - 1], drawn.known[prng.below(i)]);
        }
        const auto second = match(drawn.reported, drawn.known, drawn.policy);
        ASSERT_EQ(first.kind, second.kind);
        ASSERT_EQ(first.device, second.device);
        ASSERT_EQ(first.others, second.others);
        ASSERT_EQ(first.sentence, second.sentence);
        ASSERT_EQ(first.identity.macs, second.identity.macs);
    }
}

TEST(DeviceMatchTest, AnIgnoredAddressChangesNothingButTheSentence) {
    const IgnoredIdentities ignored{{kDongle}, {}};
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        Drawn drawn = draw(prng);
        const auto without = match(drawn.reported, drawn.known, drawn.policy, ignored);
        drawn.reported.macs.push_back(kDongle);
        const auto with = match(drawn.reported, drawn.known, drawn.policy, ignored);
        ASSERT_EQ(without.kind, with.kind);
        ASSERT_EQ(without.device, with.device);
        ASSERT_EQ(without.others, with.others);
        ASSERT_EQ(without.identity.macs, with.identity.macs);
    }
}

}  // namespace
}  // namespace muster::site
