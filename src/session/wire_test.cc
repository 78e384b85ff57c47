// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/wire.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace muster::session {
namespace {

template <typename T>
T through_server(const T& message) {
    auto read = parse_to_server(to_text(ToServer(message)));
    EXPECT_TRUE(read.ok());
    return std::get<T>(*read);
}

template <typename T>
T through_member(const T& message) {
    auto read = parse_to_member(to_text(ToMember(message)));
    EXPECT_TRUE(read.ok());
    return std::get<T>(*read);
}

TEST(Wire, HelloKeepsVersionAndName) {
    const auto hello = through_server(Hello{7, "PC-01"});
    EXPECT_EQ(hello.protocol_version, 7u);
    EXPECT_EQ(hello.name, "PC-01");
}

TEST(Wire, JoinCarriesAllOrTheRanges) {
    mcast::JoinRequest join;
    join.wants_all = true;
    EXPECT_TRUE(through_server(join).wants_all);
    join.wants_all = false;
    join.want.add(3, 9);
    join.want.add(100, 101);
    join.open_blocks = 192;
    EXPECT_EQ(through_server(join).want, join.want);
    EXPECT_EQ(through_server(join).open_blocks, 192u);
}

TEST(Wire, ReportKeepsEverything) {
    mcast::MemberReport report;
    report.verified.add(0, 64);
    report.missed.add(5);
    report.deficits.push_back({64, 17, 9, 3});
    report.highest_seen = 1ULL << 40;
    report.blocks_missing = 12;
    report.counters.datagrams_received = 1000;
    report.counters.datagrams_lost = 10;
    report.counters.blocks_repaired = 3;
    report.counters.unicast_blocks = 4;
    report.counters.unicast_bytes = 360'448;
    report.delivery = mcast::Delivery::unicast;
    report.delivery_why = "no multicast";
    const auto read = through_server(report);
    EXPECT_EQ(read.delivery, report.delivery);
    EXPECT_EQ(read.delivery_why, report.delivery_why);
    EXPECT_EQ(read.counters.unicast_blocks, 4u);
    EXPECT_EQ(read.counters.unicast_bytes, 360'448u);
    EXPECT_EQ(read.verified, report.verified);
    EXPECT_EQ(read.missed, report.missed);
    ASSERT_EQ(read.deficits.size(), 1u);
    EXPECT_EQ(read.deficits[0].start_block, 64u);
    EXPECT_EQ(read.deficits[0].rows_seen, 17u);
    EXPECT_EQ(read.deficits[0].deficit, 9u);
    EXPECT_EQ(read.deficits[0].group_blocks_log2, 3);
    EXPECT_EQ(read.highest_seen, report.highest_seen);
    EXPECT_EQ(read.blocks_missing, 12u);
    EXPECT_DOUBLE_EQ(read.counters.loss(), report.counters.loss());
    EXPECT_EQ(read.counters.blocks_repaired, 3u);
}

TEST(Wire, ProbedAndStartedKeepTheSymbolSize) {
    const auto probed = parse_to_server(to_text(ToServer(mcast::MemberProbed{8192})));
    EXPECT_EQ(std::get<mcast::MemberProbed>(probed.value()).symbol_bytes, 8192);
    const auto started = parse_to_member(to_text(ToMember(mcast::SessionStarted{1024})));
    EXPECT_EQ(std::get<mcast::SessionStarted>(started.value()).symbol_bytes, 1024);
}

TEST(Wire, OfferAndWelcomeKeepKeysAndLayout) {
    Offer offer;
    offer.session = 0xffffffff;
    offer.name = "lab \"image\"";
    offer.layout.image_bytes = 123456789;
    offer.layout.manifest_bytes = 4567;
    offer.image = {123456789, offer.layout.block_bytes, {}};
    offer.image.root[31] = std::byte{0xab};
    offer.unicast = {"/content", 40'000'000, 4};
    offer.multicast_only = true;
    const auto read = through_member(offer);
    EXPECT_EQ(read.unicast.path, "/content");
    EXPECT_EQ(read.unicast.rate_bits_per_second, 40'000'000u);
    EXPECT_EQ(read.unicast.max_connections, 4u);
    EXPECT_TRUE(read.multicast_only);
    EXPECT_EQ(read.session, offer.session);
    EXPECT_EQ(read.name, offer.name);
    EXPECT_EQ(read.layout, offer.layout);
    EXPECT_EQ(read.image, offer.image);
    Welcome welcome;
    welcome.member = mcast::MemberNumber(9);
    welcome.stream = 3;
    welcome.group = "239.192.0.1:5000";
    welcome.uplink = "10.0.0.1:40000";
    welcome.uplink_secret[0] = std::byte{1};
    welcome.group_secret = {3, 1ULL << 40, {}};
    welcome.group_secret.secret[31] = std::byte{7};
    welcome.epoch_packets = 4096;
    welcome.rate_bits_per_second = 200'000'000;
    const auto got = through_member(welcome);
    EXPECT_EQ(got.member, welcome.member);
    EXPECT_EQ(got.stream, welcome.stream);
    EXPECT_EQ(got.group, welcome.group);
    EXPECT_EQ(got.uplink_secret, welcome.uplink_secret);
    EXPECT_EQ(got.group_secret.rekeys, 3u);
    EXPECT_EQ(got.group_secret.step, 1ULL << 40);
    EXPECT_EQ(got.group_secret.secret, welcome.group_secret.secret);
    EXPECT_EQ(got.epoch_packets, 4096u);
    EXPECT_EQ(got.rate_bits_per_second, welcome.rate_bits_per_second);
}

TEST(Wire, OrdersAndDeparturesKeepModeAndReason) {
    for (const auto mode :
         {mcast::OrderMode::multicast, mcast::OrderMode::away, mcast::OrderMode::unicast}) {
        const auto order = through_member(mcast::MemberOrder{mode, "its port is slow"});
        EXPECT_EQ(order.mode, mode);
        EXPECT_EQ(order.reason, "its port is slow");
    }
    EXPECT_EQ(through_server(mcast::MemberLeft{"lost 90 %"}).reason, "lost 90 %");
    EXPECT_FALSE(parse_to_member(R"({"type":"order","mode":"sideways","reason":""})").ok());
}

TEST(Wire, ARekeyAndItsAnswerKeepTheirNumbers) {
    Rekey rekey{{8, 17, {}}};
    rekey.secret.secret[5] = std::byte{0xfe};
    const auto read = through_member(rekey);
    EXPECT_EQ(read.secret.rekeys, 8u);
    EXPECT_EQ(read.secret.step, 17u);
    EXPECT_EQ(read.secret.secret, rekey.secret.secret);
    EXPECT_EQ(through_server(Rekeyed{8}).rekeys, 8u);
}

TEST(Wire, AnEpochWithoutPacketsIsRefused) {
    Welcome welcome;
    welcome.epoch_packets = 0;
    const auto read = parse_to_member(to_text(ToMember(welcome)));
    ASSERT_FALSE(read.ok());
    EXPECT_NE(read.error().message().find("epoch_packets: 0 is below 16"), std::string::npos);
}

TEST(Wire, WhatIsWrongIsNamed) {
    auto message = [](std::string_view text) {
        auto read = parse_to_server(text);
        EXPECT_FALSE(read.ok()) << text;
        return read.ok() ? std::string() : read.error().message();
    };
    EXPECT_NE(message("{").find("control message"), std::string::npos);
    EXPECT_NE(message("{}").find("type: missing"), std::string::npos);
    EXPECT_NE(message(R"({"type":"order"})").find("unknown type order"), std::string::npos);
    EXPECT_NE(message(R"({"type":"hello","protocol":-1,"name":"x"})").find("protocol: -1"),
              std::string::npos);
    EXPECT_NE(message(R"({"type":"join","want":"5-3"})").find("out of order"), std::string::npos);
    const std::string report = to_text(ToServer(mcast::MemberReport{}));
    std::string odd = report;
    odd.replace(odd.find("\"multicast\""), 11, "\"carrier pigeon\"");
    EXPECT_NE(message(odd).find("carrier pigeon is none"), std::string::npos);
    EXPECT_NE(message(R"({"type":"join","want":7})").find("expected a string"), std::string::npos);
}

TEST(Wire, DamagedMessagesNeverCrash) {
    mcast::MemberReport report;
    report.verified.add(0, 64);
    report.deficits.push_back({64, 17, 9, 3});
    const std::string good = to_text(ToServer(report));
    Prng prng(4);
    for (int round = 0; round < 3000; ++round) {
        std::string bad = good;
        const auto edits = 1 + prng.below(4);
        for (std::uint64_t i = 0; i < edits; ++i) {
            bad[prng.below(bad.size())] = static_cast<char>(prng.below(256));
        }
        (void)parse_to_server(bad);
        (void)parse_to_member(bad);
    }
}

}  // namespace
}  // namespace muster::session
