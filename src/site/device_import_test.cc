// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/device_import.h"

#include <gtest/gtest.h>

#include "site/csv.h"

namespace muster::site {
namespace {

const std::string kUuid = "4c4c4544-0042-3510-8054-b4c04f4e3132";
using Texts = std::vector<std::string>;

Texts faults_of(std::string_view file) {
    const auto import = parse_device_import(file);
    EXPECT_TRUE(import.faults.empty() || import.rows.empty()) << "nothing half";
    Texts texts;
    for (const auto& fault : import.faults) texts.push_back(to_string(fault));
    return texts;
}

TEST(DeviceImportTest, ColumnsComeInAnyOrderCaseAndSpelling) {
    const auto import = parse_device_import(
        "\xef\xbb\xbfSerial Number;VARIABLE: Seat;MAC Address;SMBIOS-GUID;Computer "
        "Name;Collection\r\n"
        "5CG1234ABC;\"1; left\";00-15-5D-01-02-03|00155D010204  0015.5d01.0205;"
        "{4C4C45440042351080 54B4C04F4E3132};PC-01;\"Room \"\"12\"\"\"\r\n");
    ASSERT_EQ(import.faults.size(), 1u) << "a blank inside the GUID";
    EXPECT_EQ(import.faults[0].at.line, 2u);
    const auto good = parse_device_import(
        "\xef\xbb\xbfSerial Number;VARIABLE: Seat;MAC Address;SMBIOS-GUID;Computer "
        "Name;Collection\r\n"
        "5CG1234ABC;\"1; left\";00-15-5D-01-02-03|00155D010204  0015.5d01.0205;"
        "{4C4C4544004235108054B4C04F4E3132};PC-01;\"Room \"\"12\"\"\"\r\n"
        ";;;;;\r\n\r\n"
        "5CG1234ABD;;;;pc-02;");
    ASSERT_TRUE(good.faults.empty()) << to_string(good.faults[0]);
    ASSERT_EQ(good.rows.size(), 2u);
    const auto& row = good.rows[0];
    EXPECT_EQ(row.line, 2u);
    EXPECT_EQ(row.name, "PC-01");
    EXPECT_EQ(row.macs, (Texts{"00:15:5d:01:02:03", "00:15:5d:01:02:04", "00:15:5d:01:02:05"}));
    EXPECT_EQ(row.smbios_uuid, kUuid);
    EXPECT_EQ(row.serial, "5CG1234ABC");
    EXPECT_EQ(row.collection, "Room \"12\"");
    ASSERT_EQ(row.variables.size(), 1u);
    EXPECT_EQ(row.variables[0], (std::pair<std::string, std::string>("Seat", "1; left")));
    EXPECT_EQ(good.rows[1].line, 5u);
    EXPECT_TRUE(good.rows[1].variables.empty());
}

TEST(DeviceImportTest, AllFaultsAreNamedAtOnceInTheirOrder) {
    EXPECT_EQ(faults_of("name,mac,colour\n"
                        "PC_01,00:15:5d:01:02:03,red\n"
                        "PC-02,00:15:5d:01:02,blue\n"
                        "PC-03,00:15:5d:01:02:04\n"
                        "PC-04,,green\n"),
              (Texts{"line 1, column 10: unknown column 'colour', known are name, mac, smbios "
                     "uuid, serial, collection, variable:NAME",
                     "line 2, column 1: name: device name 'PC_01': allowed are 1 to 63 letters "
                     "a-z, digits and hyphens, no hyphen at either end",
                     "line 3, column 7: mac: MAC address '00:15:5d:01:02': expected six bytes like "
                     "02:00:00:00:00:01",
                     "line 4, column 1: the line has 2 fields, the header has 3",
                     "line 5, column 1: without a MAC address, SMBIOS UUID or serial number nobody "
                     "can tell which computer this is"}));
}

TEST(DeviceImportTest, WhatTwoLinesHaveNamesBoth) {
    EXPECT_EQ(faults_of("name,mac,uuid,serial\n"
                        "PC-01,00155d010203," +
                        kUuid +
                        ",S-1\n"
                        "pc-01,00-15-5D-01-02-03,4C4C4544-0042-3510-8054-B4C04F4E3132,s-1\n"
                        "PC-03,00155d010204 00155d010204,,\n"),
              (Texts{"line 3, column 1: name: pc-01 is also in line 2",
                     "line 3, column 7: mac: 00:15:5d:01:02:03 is also in line 2",
                     "line 3, column 25: smbios uuid: " + kUuid + " is also in line 2",
                     "line 3, column 62: serial: s-1 is also in line 2",
                     "line 4, column 7: mac: 00:15:5d:01:02:04 is there twice"}));
}

TEST(DeviceImportTest, PlaceholdersIdentifyNobodyHereEither) {
    EXPECT_EQ(faults_of("name,uuid,serial\n"
                        "PC-01,03000200-0400-0500-0006-000700080009,S-1\n"
                        "PC-02,,To be filled by O.E.M.\n"),
              (Texts{"line 2, column 7: smbios uuid: '03000200-0400-0500-0006-000700080009' is a "
                     "placeholder of firmware, many computers have it; leave the field empty",
                     "line 3, column 8: serial: 'To be filled by O.E.M.' is a placeholder of "
                     "firmware, many computers have it; leave the field empty"}));
}

TEST(DeviceImportTest, AHeaderIsChecked) {
    EXPECT_EQ(faults_of("mac,MAC address\n00155d010203,\n"),
              (Texts{"line 1, column 1: no column 'name'",
                     "line 1, column 5: column 'mac' is there twice"}));
    EXPECT_EQ(faults_of("name,mac,variable:a,Variable:A,variable:,variable:x y\n"
                        "PC-01,00155d010203,1,2,3,4\n")
                  .size(),
              3u);
    EXPECT_EQ(faults_of(""), Texts{"the file has no lines"});
    EXPECT_EQ(faults_of("name,mac\r\n\r\n"), Texts{"the file has a header and no computers"});
    EXPECT_EQ(faults_of("\xff\xfen\0a\0"),
              Texts{"the file is in UTF-16; save it as \"CSV UTF-8\""});
    EXPECT_EQ(faults_of(std::string(kMaxImportBytes + 1, 'x')),
              Texts{"the file has more than 16 MiB"});
    EXPECT_EQ(faults_of("name,serial\nPC-01,B\xfcro\n").size(), 1u) << "Latin-1";
}

TEST(DeviceImportTest, WhatIsNotReadIsNotJudged) {
    EXPECT_EQ(
        faults_of("name,mac\nPC_01,00155d010203\nPC-02,\"00155d010204\nPC-03,x\n"),
        (Texts{"line 2, column 1: name: device name 'PC_01': allowed are 1 to 63 letters a-z, "
               "digits and hyphens, no hyphen at either end",
               "line 3, column 7: a quote that is not closed"}));
}

TEST(DeviceImportTest, AFileIsWrittenAsItIsRead) {
    const std::string file =
        "name,mac,smbios uuid,serial,collection,variable:Seat,variable:Note\r\n"
        "PC-01,00:15:5d:01:02:03|00:15:5d:01:02:04," +
        kUuid +
        ",S-1,Room 12,1,\r\n"
        "PC-02,00:15:5d:01:02:05,,,,,\"a \"\"b\"\", c\"\r\n";
    const auto import = parse_device_import(file);
    ASSERT_TRUE(import.faults.empty()) << to_string(import.faults[0]);
    EXPECT_EQ(to_csv(import.rows), file);
}

TEST(CsvTest, TheSeparatorIsTheOneTheHeaderHasMoreOf) {
    EXPECT_EQ(parse_csv("a;b\n1,2;3").records[1][0].text, "1,2");
    EXPECT_EQ(parse_csv("a,b\n1;2,3").records[1][0].text, "1;2");
    EXPECT_EQ(parse_csv("\"a;;;\",b\n1;2,3").records[1].size(), 2u)
        << "those in quotes do not count";
    EXPECT_EQ(parse_csv("a\n1;2").records[1].size(), 1u);
}

TEST(CsvTest, FieldsInQuotesMayHaveEverythingAndKeepTheirPlace) {
    const auto table = parse_csv("ä,\"x\r\n\"\"y\"\"\",z\r\n\"\",b,\r\n");
    ASSERT_TRUE(table.faults.empty());
    ASSERT_EQ(table.records.size(), 2u);
    EXPECT_EQ(table.records[0][1].text, "x\r\n\"y\"");
    EXPECT_EQ(table.records[0][1].at.column, 3u) << "in characters";
    EXPECT_EQ(table.records[0][2].at.line, 2u);
    EXPECT_EQ(table.records[0][2].at.column, 8u);
    EXPECT_EQ(table.records[1].size(), 3u);
    EXPECT_EQ(table.records[1][0].at.line, 3u);
}

TEST(CsvTest, AQuoteInTheWrongPlaceIsNamed) {
    const auto open = parse_csv("a,b\n1,\"2\n3,4\n");
    ASSERT_EQ(open.faults.size(), 1u);
    EXPECT_EQ(open.faults[0].message, "a quote that is not closed");
    EXPECT_EQ(open.faults[0].at.line, 2u);
    EXPECT_EQ(open.faults[0].at.column, 3u);
    EXPECT_EQ(parse_csv("a,b\n1,\"2\"x\n").faults[0].at.column, 6u);
    EXPECT_EQ(parse_csv("a,b\n1,2\"x\"\n").faults[0].at.column, 4u);
}

}  // namespace
}  // namespace muster::site
