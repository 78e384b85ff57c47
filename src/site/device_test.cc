// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/device.h"

#include <gtest/gtest.h>

#include "site/image.h"

namespace muster::site {
namespace {

TEST(DeviceTest, MacAddressesAreBroughtIntoOneForm) {
    for (auto text : {"02:00:0A:00:bc:01", "02-00-0a-00-BC-01", "0200.0a00.bc01", "02000A00BC01"}) {
        auto mac = parse_mac(text);
        ASSERT_TRUE(mac.ok()) << text;
        EXPECT_EQ(*mac, "02:00:0a:00:bc:01");
    }
}

TEST(DeviceTest, WhatIsNoComputersMacAddressIsRefused) {
    for (auto text : {"", "02:00:0a:00:bc", "02:00:0a:00:bc:0g", "02:00-0a:00:bc:01",
                      "02:00:0a:00:bc:01:02", "2:0:a:0:bc:1", " 02:00:0a:00:bc:01"}) {
        EXPECT_FALSE(parse_mac(text).ok()) << text;
    }
    EXPECT_NE(parse_mac("00:00:00:00:00:00").error().message().find("all zero"), std::string::npos);
    for (auto group :
         {"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01", "0b:00:00:00:00:01"}) {
        EXPECT_NE(parse_mac(group).error().message().find("group address"), std::string::npos);
    }
    EXPECT_TRUE(parse_mac("0a:00:00:00:00:01").ok());
}

TEST(DeviceTest, SmbiosUuidsAreLowerCaseAndPlaceholdersAreRefused) {
    EXPECT_EQ(*parse_smbios_uuid("4C4C4544-0042-3510-8054-B4C04F4E3132"),
              "4c4c4544-0042-3510-8054-b4c04f4e3132");
    EXPECT_FALSE(parse_smbios_uuid("00000000-0000-0000-0000-000000000000").ok());
    EXPECT_FALSE(parse_smbios_uuid("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF").ok());
    EXPECT_FALSE(parse_smbios_uuid("4c4c4544004235108054b4c04f4e3132").ok());
    EXPECT_FALSE(parse_smbios_uuid("4c4c4544-0042-3510-8054-b4c04f4e313g").ok());
}

TEST(DeviceTest, ADeviceIsCheckedAsAWhole) {
    Device device;
    device.name = "PC-01";
    device.macs = {"02-00-00-00-00-01", "020000000002"};
    auto checked = checked_device(device);
    ASSERT_TRUE(checked.ok());
    EXPECT_EQ(checked->macs[1], "02:00:00:00:00:02");

    device.macs = {"02-00-00-00-00-01", "020000000001"};
    EXPECT_EQ(checked_device(device).error().message(),
              "device PC-01: MAC address 02:00:00:00:00:01 is there twice");
    device.macs = {};
    device.serial = "a\nb";
    EXPECT_FALSE(checked_device(device).ok());
}

TEST(ImageTest, AnIndexThatIsNotThereNamesThoseThatAre) {
    ImagePackage package;
    package.name = "win11";
    package.images = {{1, "Education", "", "", 0, 0}, {3, "Pro", "", "", 0, 0}};
    EXPECT_EQ(image_at(package, 3)->name, "Pro");
    EXPECT_EQ(image_at(package, 2).error().code(), Errc::not_found);
    EXPECT_EQ(image_at(package, 2).error().message(),
              "image win11 has no index 2 (it has: 1 Education, 3 Pro)");
}

TEST(ImageTest, AContentIdCannotBeAPath) {
    EXPECT_TRUE(check_content_id(std::string(64, 'a')).ok());
    for (auto id : {"", "../x", "AB"}) EXPECT_FALSE(check_content_id(id).ok()) << id;
    EXPECT_FALSE(check_content_id(std::string(64, 'A')).ok());
    EXPECT_FALSE(check_content_id(std::string(65, 'a')).ok());
    EXPECT_FALSE(check_content_id(std::string(61, 'a') + "/..").ok());
}

}  // namespace
}  // namespace muster::site
