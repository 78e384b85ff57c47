// SPDX-License-Identifier: GPL-3.0-or-later
//
// Packets byte for byte. The files in packets/ were made from docs/protocol.md by hand and not by
// this program, seals included; what we encode must be them, and they must decode to what we mean.
// Those in hostile/ must be refused: the part of the name before "--" says as what they come.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/hex.h"
#include "mcast/packet.h"
#include "mcast/seal.h"

namespace muster::mcast {
namespace {

constexpr std::size_t kPayloadBytes = 16;
constexpr std::uint32_t kSession = 0x01020304;
constexpr std::uint64_t kPacketNumber = 5;

Bytes read_hex(const std::filesystem::path& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file.is_open()) << path;
    std::string digits;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with('#')) digits += line;
    }
    auto bytes = from_hex(digits);
    EXPECT_TRUE(bytes.ok()) << path;
    return bytes.ok() ? *bytes : Bytes();
}

Bytes golden(const std::string& name) {
    return read_hex(std::filesystem::path(MUSTER_GOLDEN_FOLDER) / "packets" / (name + ".hex"));
}

Bytes payload() {
    Bytes bytes;
    for (std::size_t i = 0; i < kPayloadBytes; ++i)
        bytes.push_back(static_cast<std::byte>(0xa0 + i));
    return bytes;
}

Secret counting_secret() {
    Secret secret;
    for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i);
    return secret;
}

Bytes encoded(const Packet& packet, ByteSpan carried) {
    Bytes body(body_bytes(packet, carried.size()));
    ByteWriter out(body);
    encode_body(packet, carried, out);
    return body;
}

// The file's bytes are what `packet` encodes to; what they decode to is given back.
Packet expect_body(const std::string& name, const Packet& packet, ByteSpan carried) {
    static std::map<std::string, Bytes> files;  // a decoded payload is a view into them
    const Bytes& file = files[name] = golden(name);
    EXPECT_EQ(to_hex(encoded(packet, carried)), to_hex(file)) << name;
    auto decoded = decode_body(packet_type(packet), file, kPayloadBytes);
    EXPECT_TRUE(decoded.ok()) << name;
    return decoded.ok() ? *decoded : Packet();
}

NakPacket two_entries() {
    return {7, 0x1122334455667788, 499, {{32, 0, 17, 5}, {64, 21, 65535, 3}}};
}

TEST(Golden, Data) {
    const Bytes carried = payload();
    const auto data =
        std::get<DataPacket>(expect_body("data", DataPacket{0x12345, carried}, carried));
    EXPECT_EQ(data.symbol, 0x12345u);
    EXPECT_EQ(to_hex(data.payload), to_hex(carried));
}

TEST(Golden, Repair) {
    const Bytes carried = payload();
    const auto repair = std::get<RepairPacket>(
        expect_body("repair", RepairPacket{0x200, 5, 4097, carried}, carried));
    EXPECT_EQ(repair.start_block, 512u);
    EXPECT_EQ(repair.group_blocks_log2, 5);
    EXPECT_EQ(repair.row, 4097u);
    EXPECT_EQ(to_hex(repair.payload), to_hex(carried));
}

TEST(Golden, Status) {
    StatusPacket plain;
    plain.sent_at_us = 1'000'000;
    plain.rate_kbps = 200'000;
    plain.members = 4;
    expect_body("status-running-no-adverts", plain, {});

    const StatusPacket full{0x0102030405060708,
                            StreamState::drained,
                            513,
                            96,
                            932'000,
                            1000,
                            40,
                            3,
                            525,
                            2000,
                            {{64, 12, 40, 5}, {96, 0, 0, 3}}};
    const auto status = std::get<StatusPacket>(expect_body("status-drained-two-adverts", full, {}));
    EXPECT_EQ(status.sent_at_us, full.sent_at_us);
    EXPECT_EQ(status.state, StreamState::drained);
    EXPECT_EQ(status.poll, 513);
    EXPECT_EQ(status.cursor_block, 96u);
    EXPECT_EQ(status.rate_kbps, 932'000u);
    EXPECT_EQ(status.members, 1000u);
    EXPECT_EQ(status.backoff_ms, 40);
    EXPECT_EQ(status.grtt_ms, 3);
    EXPECT_EQ(status.worst_loss_per_10k, 525);
    EXPECT_EQ(status.feedback_period_ms, 2000);
    ASSERT_EQ(status.adverts.size(), 2u);
    EXPECT_EQ(status.adverts[0].start_block, 64u);
    EXPECT_EQ(status.adverts[0].rows_sent, 12u);
    EXPECT_EQ(status.adverts[0].rows_target, 40u);
    EXPECT_EQ(status.adverts[0].group_blocks_log2, 5);
}

TEST(Golden, Nak) {
    expect_body("nak-no-entries", NakPacket{1, 0, 0, {}}, {});
    const auto nak = std::get<NakPacket>(expect_body("nak-two-entries", two_entries(), {}));
    EXPECT_EQ(nak.member, 7u);
    EXPECT_EQ(nak.highest_seen, 0x1122334455667788u);
    EXPECT_EQ(nak.loss_per_10k, 499);
    ASSERT_EQ(nak.entries.size(), 2u);
    EXPECT_EQ(nak.entries[1].start_block, 64u);
    EXPECT_EQ(nak.entries[1].rows_seen, 21u);
    EXPECT_EQ(nak.entries[1].deficit, 65535);
    EXPECT_EQ(nak.entries[1].group_blocks_log2, 3);
}

TEST(Golden, Feedback) {
    const FeedbackPacket said{7,      0x0102030405060708,
                              90'000, 0x1122334455667788,
                              1000,   52,
                              31,     1'486'000,
                              17,     20'500,
                              64,     850'000};
    const auto feedback = std::get<FeedbackPacket>(expect_body("feedback", said, {}));
    EXPECT_EQ(feedback.member, 7u);
    EXPECT_EQ(feedback.echoed_us, said.echoed_us);
    EXPECT_EQ(feedback.held_us, 90'000u);
    EXPECT_EQ(feedback.highest_seen, said.highest_seen);
    EXPECT_EQ(feedback.received, 1000u);
    EXPECT_EQ(feedback.lost, 52u);
    EXPECT_EQ(feedback.loss_runs, 31u);
    EXPECT_EQ(feedback.received_wire_bytes, 1'486'000u);
    EXPECT_EQ(feedback.local_drops, 17u);
    EXPECT_EQ(feedback.queue_delay_us, 20'500u);
    EXPECT_EQ(feedback.backlog_kib, 64u);
    EXPECT_EQ(feedback.sink_kbps, 850'000u);
}

TEST(Golden, ClearHeader) {
    const Bytes file = golden("header");
    const Header header{PacketType::status, 1, 2, 3, 0xdeadbeef, 0x100000002};
    Bytes ours(file.size());
    ByteWriter out(ours);
    encode_header(header, out);
    EXPECT_EQ(to_hex(ours), to_hex(file));
    const auto decoded = decode_header(file).value();
    EXPECT_EQ(decoded.type, PacketType::status);
    EXPECT_EQ(decoded.epoch, 2);
    EXPECT_EQ(decoded.session, 0xdeadbeef);
    EXPECT_EQ(decoded.packet_number, 0x100000002u);
}

TEST(Golden, SealedData) {
    const Bytes file = golden("sealed-data");
    const PacketKey key = derive_group_key(counting_secret(), 0, 0);
    const Bytes carried = payload();
    Bytes ours(file.size());
    PacketSealer sealer(key, kSession);
    sealer.seal(kPacketNumber, DataPacket{0x12345, carried, 6}, carried, ours);
    EXPECT_EQ(to_hex(ours), to_hex(file));
    PacketOpener opener(key, kSession, kPayloadBytes);
    Bytes scratch(file.size());
    const auto opened = opener.open(file, scratch).value();
    EXPECT_EQ(std::get<DataPacket>(opened.packet).symbol, 0x12345u);
    EXPECT_EQ(std::get<DataPacket>(opened.packet).group_blocks_log2, 6);
}

TEST(Golden, SealedNak) {
    const Bytes file = golden("sealed-nak");
    const PacketKey key = derive_uplink_key(derive_uplink_secret(counting_secret(), 7));
    Bytes ours(file.size());
    PacketSealer sealer(key, kSession);
    sealer.seal(kPacketNumber, two_entries(), {}, ours);
    EXPECT_EQ(to_hex(ours), to_hex(file));
    PacketOpener opener(key, kSession, 0);
    Bytes scratch(file.size());
    EXPECT_EQ(std::get<NakPacket>(opener.open(file, scratch).value().packet).member, 7u);
}

TEST(Golden, HostileSamplesAreRefused) {
    const std::map<std::string, PacketType> types = {
        {"data", PacketType::data},         {"repair", PacketType::repair},
        {"status", PacketType::status},     {"nak", PacketType::nak},
        {"feedback", PacketType::feedback}, {"probe", PacketType::probe}};
    int samples = 0;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(MUSTER_GOLDEN_FOLDER) / "hostile")) {
        const std::string name = entry.path().stem().string();
        const std::string as = name.substr(0, name.find("--"));
        const Bytes bytes = read_hex(entry.path());
        ++samples;
        if (as == "header") {
            const auto header = decode_header(bytes);
            ASSERT_FALSE(header.ok()) << name;
            const bool other_version = name.find("version") != std::string::npos;
            EXPECT_EQ(header.error().code() == Errc::version_mismatch,
                      other_version || name == "header--text")
                << name << ": " << header.error().message();
            continue;
        }
        ASSERT_TRUE(types.contains(as)) << name;
        const auto body = decode_body(types.at(as), bytes, kPayloadBytes);
        ASSERT_FALSE(body.ok()) << name;
        EXPECT_EQ(body.error().code(), Errc::corrupt) << name;
    }
    EXPECT_GE(samples, 31);
}

}  // namespace
}  // namespace muster::mcast
