// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/packet.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace muster::mcast {
namespace {

constexpr std::size_t kPayloadBytes = 32;

Bytes random_bytes(Prng& prng, std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(prng.next());
    return bytes;
}

Bytes encoded(const Packet& packet, ByteSpan payload) {
    Bytes body(body_bytes(packet, payload.size()));
    ByteWriter out(body);
    encode_body(packet, payload, out);
    EXPECT_EQ(out.size(), body.size());
    return body;
}

// Adverts and NAK entries filled with anything.
Packet random_packet(Prng& prng, PacketType type, ByteSpan payload) {
    const auto word = [&] { return static_cast<std::uint32_t>(prng.next()); };
    const auto half = [&] { return static_cast<std::uint16_t>(prng.next()); };
    const auto byte = [&] { return static_cast<std::uint8_t>(prng.next()); };
    switch (type) {
        case PacketType::data:
            return DataPacket{word(), payload, static_cast<std::uint8_t>(prng.below(8))};
        case PacketType::repair:
            return RepairPacket{word(), static_cast<std::uint8_t>(half()), word(), payload};
        case PacketType::status: {
            StatusPacket status{prng.next(), StreamState::drained,
                                half(),      word(),
                                word(),      word(),
                                half(),      half(),
                                half(),      half(),
                                {}};
            const auto count = prng.below(kMaxAdverts + 1);
            for (std::uint64_t i = 0; i < count; ++i) {
                const std::uint32_t rows = word() / 2;
                status.adverts.push_back({word(), rows, rows + half(), byte()});
            }
            status.serves_away = prng.chance(0.5);
            return status;
        }
        case PacketType::feedback:
            return FeedbackPacket{word(),      prng.next(), word(),      prng.next(),
                                  prng.next(), prng.next(), prng.next(), prng.next(),
                                  word(),      word(),      word(),      word()};
        case PacketType::probe: return ProbePacket{static_cast<std::uint16_t>(prng.below(9000))};
        case PacketType::nak: break;
    }
    NakPacket nak{word(), prng.next(), half(), {}};
    const auto count = prng.below(kMaxNakEntries + 1);
    for (std::uint64_t i = 0; i < count; ++i) {
        nak.entries.push_back({word(), word(), half(), byte()});
    }
    return nak;
}

constexpr PacketType kTypes[] = {PacketType::data, PacketType::repair,   PacketType::status,
                                 PacketType::nak,  PacketType::feedback, PacketType::probe};

TEST(Packet, EveryPacketComesBackAsItWasEncoded) {
    Prng prng(1);
    for (int i = 0; i < 500; ++i) {
        const PacketType type = kTypes[prng.below(std::size(kTypes))];
        const Bytes payload = random_bytes(prng, kPayloadBytes);
        const bool carries = type == PacketType::data || type == PacketType::repair;
        const ByteSpan carried = carries ? ByteSpan(payload) : ByteSpan();
        const Packet packet = random_packet(prng, type, payload);
        const Bytes body = encoded(packet, carried);
        const auto decoded = decode_body(type, body, kPayloadBytes, header_flags(packet));
        ASSERT_TRUE(decoded.ok()) << decoded.error().message();
        ASSERT_EQ(packet_type(*decoded), type);
        ByteSpan again_payload;
        if (const auto* data = std::get_if<DataPacket>(&*decoded)) again_payload = data->payload;
        if (const auto* row = std::get_if<RepairPacket>(&*decoded)) again_payload = row->payload;
        ASSERT_EQ(encoded(*decoded, again_payload), body);
        ASSERT_EQ(header_flags(*decoded), header_flags(packet));
    }
}

TEST(Packet, HeaderComesBackAsItWasEncoded) {
    Bytes datagram(kHeaderBytes + kTagBytes);
    ByteWriter out(datagram);
    encode_header({PacketType::nak, 7, 2, 3, 0xdeadbeef, 0x0123456789abcdef}, out);
    const auto header = decode_header(datagram).value();
    EXPECT_EQ(header.type, PacketType::nak);
    EXPECT_EQ(header.flags, 7);
    EXPECT_EQ(header.epoch, 2);
    EXPECT_EQ(header.stream, 3);
    EXPECT_EQ(header.session, 0xdeadbeef);
    EXPECT_EQ(header.packet_number, 0x0123456789abcdefu);
}

TEST(Packet, HeaderOfAnotherVersionNamesBoth) {
    Bytes datagram(100);
    datagram[0] = std::byte{(5 << 5) | 1};
    const auto header = decode_header(datagram);
    ASSERT_FALSE(header.ok());
    EXPECT_EQ(header.error().code(), Errc::version_mismatch);
    EXPECT_NE(header.error().message().find("version 5"), std::string::npos);
    EXPECT_NE(header.error().message().find("version 1"), std::string::npos);
}

TEST(Packet, HeaderRefusesShortDatagramsAndUnknownTypes) {
    Bytes datagram(100);
    for (int type = 0; type < 32; ++type) {
        datagram[0] = static_cast<std::byte>((kProtocolVersion << 5) | type);
        EXPECT_EQ(decode_header(datagram).ok(), type >= 1 && type <= kLastPacketType) << type;
    }
    datagram[0] = static_cast<std::byte>((kProtocolVersion << 5) | 1);
    for (std::size_t size = 0; size < kHeaderBytes + kTagBytes; ++size) {
        EXPECT_EQ(decode_header(ByteSpan(datagram).first(size)).error().code(), Errc::corrupt);
    }
}

TEST(Packet, EveryTruncationAndEveryExtraByteIsRefused) {
    Prng prng(2);
    for (const PacketType type : kTypes) {
        const Bytes payload = random_bytes(prng, kPayloadBytes);
        const bool carries = type == PacketType::data || type == PacketType::repair;
        Bytes body =
            encoded(random_packet(prng, type, payload), carries ? ByteSpan(payload) : ByteSpan());
        for (std::size_t size = 0; size < body.size(); ++size) {
            const auto decoded = decode_body(type, ByteSpan(body).first(size), kPayloadBytes);
            ASSERT_FALSE(decoded.ok()) << "type " << static_cast<int>(type) << " size " << size;
            ASSERT_EQ(decoded.error().code(), Errc::corrupt);
        }
        body.push_back(std::byte{0});
        ASSERT_FALSE(decode_body(type, body, kPayloadBytes).ok());
    }
}

TEST(Packet, ListsLongerThanTheFormatAllowsAreRefused) {
    NakPacket nak;
    nak.entries.resize(kMaxNakEntries);
    Bytes body = encoded(nak, {});
    body[15] = std::byte{kMaxNakEntries + 1};
    body.resize(body.size() + 12);
    EXPECT_FALSE(decode_body(PacketType::nak, body, kPayloadBytes).ok());
    StatusPacket status;
    status.adverts.resize(kMaxAdverts);
    body = encoded(status, {});
    body[35] = std::byte{kMaxAdverts + 1};
    body.resize(body.size() + 12);
    EXPECT_FALSE(decode_body(PacketType::status, body, kPayloadBytes).ok());
}

TEST(Packet, StatusOfAnUnknownStateIsRefused) {
    Bytes body = encoded(StatusPacket{}, {});
    for (int state = 0; state < 256; ++state) {
        body[8] = static_cast<std::byte>(state);
        EXPECT_EQ(decode_body(PacketType::status, body, 0).ok(), state >= 1 && state <= 3);
    }
}

TEST(Packet, RandomBytesNeverPassForMoreThanTheyAre) {
    Prng prng(3);
    for (int i = 0; i < 20'000; ++i) {
        const Bytes body = random_bytes(prng, prng.below(120));
        const PacketType type = kTypes[prng.below(std::size(kTypes))];
        const auto decoded = decode_body(type, body, kPayloadBytes);
        if (!decoded.ok()) continue;
        ASSERT_EQ(body_bytes(*decoded, kPayloadBytes), body.size());
    }
}

TEST(Packet, FitsAnMtuOf1500) {
    constexpr std::size_t kUdpBytes = 1500 - 28;
    const std::size_t sealed = kHeaderBytes + kTagBytes;
    EXPECT_LE(sealed + body_bytes(RepairPacket{}, 1408), kUdpBytes);
    StatusPacket status;
    status.adverts.resize(kMaxAdverts);
    EXPECT_LE(sealed + body_bytes(status, 0), kUdpBytes);
    NakPacket nak;
    nak.entries.resize(kMaxNakEntries);
    EXPECT_LE(sealed + body_bytes(nak, 0), kUdpBytes);
}

TEST(Packet, AProbeIsAsLongAsARepairOfItsSymbolSize) {
    for (std::uint16_t size : {1024, 1408, 8192}) {
        EXPECT_EQ(body_bytes(ProbePacket{size}, 0), body_bytes(RepairPacket{}, size));
    }
    Bytes body = encoded(ProbePacket{1408}, {});
    body.pop_back();
    EXPECT_FALSE(decode_body(PacketType::probe, body, kPayloadBytes).ok());
}

}  // namespace
}  // namespace muster::mcast
