// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/seal.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace muster::mcast {
namespace {

constexpr std::uint32_t kSession = 77;
constexpr std::size_t kPayloadBytes = 64;

Secret secret(std::uint64_t seed) {
    Prng prng(seed);
    Secret bytes;
    for (auto& byte : bytes) byte = static_cast<std::byte>(prng.next());
    return bytes;
}

PacketKey key() { return derive_group_key(secret(1), 0, 0); }

class Seal : public testing::Test {
protected:
    Bytes sealed(std::uint64_t number, std::uint32_t symbol = 5) {
        Bytes datagram(kHeaderBytes + 4 + kPayloadBytes + kTagBytes);
        const Packet packet = DataPacket{symbol, payload_};
        EXPECT_EQ(sealer_.seal(number, packet, payload_, datagram), datagram.size());
        return datagram;
    }
    Errc error_of(Bytes datagram) {
        const auto opened = opener_.open(datagram, datagram);
        EXPECT_FALSE(opened.ok());
        return opened.ok() ? Errc::internal : opened.error().code();
    }
    Result<Opened> open(const Bytes& datagram) {
        scratch_.assign(datagram.size(), std::byte{0});
        return opener_.open(datagram, scratch_);
    }

    Bytes payload_ = Bytes(kPayloadBytes, std::byte{0x5a});
    Bytes scratch_;
    PacketSealer sealer_{key(), kSession};
    PacketOpener opener_{key(), kSession, kPayloadBytes};
};

TEST_F(Seal, WhatWasSealedOpens) {
    const auto opened = open(sealed(9, 1234)).value();
    EXPECT_EQ(opened.header.packet_number, 9u);
    EXPECT_EQ(opened.header.session, kSession);
    const auto& data = std::get<DataPacket>(opened.packet);
    EXPECT_EQ(data.symbol, 1234u);
    EXPECT_TRUE(
        std::equal(data.payload.begin(), data.payload.end(), payload_.begin(), payload_.end()));
}

TEST_F(Seal, OpensInPlaceAsWell) {
    Bytes datagram = sealed(0);
    EXPECT_TRUE(opener_.open(datagram, datagram).ok());
}

TEST_F(Seal, HidesTheBody) {
    const Bytes datagram = sealed(0);
    const auto found =
        std::search(datagram.begin(), datagram.end(), payload_.begin(), payload_.begin() + 8);
    EXPECT_EQ(found, datagram.end());
}

TEST_F(Seal, AnyBitThatWasChangedBreaksIt) {
    const Bytes datagram = sealed(3);
    for (std::size_t bit = 0; bit < datagram.size() * 8; ++bit) {
        Bytes changed = datagram;
        changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        ASSERT_FALSE(opener_.open(changed, changed).ok()) << "bit " << bit;
    }
    EXPECT_TRUE(open(datagram).ok()) << "the forgeries used up the packet number";
}

TEST_F(Seal, EveryTruncationIsRefused) {
    const Bytes datagram = sealed(3);
    for (std::size_t size = 0; size < datagram.size(); ++size) {
        Bytes cut(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_FALSE(opener_.open(cut, cut).ok()) << size;
    }
}

TEST_F(Seal, SaysWhatIsWrong) {
    EXPECT_EQ(error_of(Bytes(10)), Errc::corrupt);
    EXPECT_EQ(error_of(Bytes(200, std::byte{0xff})), Errc::version_mismatch);
    Bytes other_session = sealed(0);
    other_session[7] ^= std::byte{1};
    EXPECT_EQ(error_of(other_session), Errc::not_found);
    Bytes damaged = sealed(1);
    damaged.back() ^= std::byte{1};
    EXPECT_EQ(error_of(damaged), Errc::unauthenticated);
    const Bytes good = sealed(2);
    EXPECT_TRUE(open(good).ok());
    EXPECT_EQ(error_of(good), Errc::already_exists);
    Bytes future = sealed(3);
    future[0] = static_cast<std::byte>((2 << 5) | 1);
    const auto opened = open(future);
    EXPECT_NE(opened.error().message().find("version 2"), std::string::npos);
}

TEST_F(Seal, AnotherKeyDoesNotOpenIt) {
    const Bytes datagram = sealed(0);
    const PacketKey others[] = {derive_group_key(secret(2), 0, 0),
                                derive_group_key(secret(1), 1, 0),
                                derive_group_key(secret(1), 0, 1), derive_uplink_key(secret(1))};
    for (const auto& other : others) {
        PacketOpener opener(other, kSession, kPayloadBytes);
        Bytes copy = datagram;
        EXPECT_EQ(opener.open(copy, copy).error().code(), Errc::unauthenticated);
    }
}

TEST_F(Seal, EveryMemberHasASecretOfItsOwn) {
    EXPECT_NE(derive_uplink_secret(secret(1), 1), derive_uplink_secret(secret(1), 2));
    EXPECT_NE(derive_uplink_secret(secret(1), 1), derive_uplink_secret(secret(2), 1));
    EXPECT_EQ(derive_uplink_secret(secret(1), 1), derive_uplink_secret(secret(1), 1));
}

TEST_F(Seal, AWrongPayloadLengthIsNoPacket) {
    PacketOpener opener(key(), kSession, kPayloadBytes + 1);
    Bytes datagram = sealed(0);
    EXPECT_EQ(opener.open(datagram, datagram).error().code(), Errc::corrupt);
}

TEST_F(Seal, ReorderedDatagramsOpenOnceEach) {
    std::vector<Bytes> datagrams;
    for (std::uint64_t n = 0; n < 800; ++n) datagrams.push_back(sealed(n));
    Prng prng(4);
    for (std::size_t i = datagrams.size(); i > 1; --i) {
        std::swap(datagrams[i - 1], datagrams[prng.below(i)]);
    }
    for (const auto& datagram : datagrams) ASSERT_TRUE(open(datagram).ok());
    for (const auto& datagram : datagrams) ASSERT_EQ(error_of(datagram), Errc::already_exists);
}

TEST_F(Seal, TheReplayWindowSurvivesGapsOfAnySize) {
    Prng prng(5);
    std::uint64_t number = 0;
    for (int i = 0; i < 2000; ++i) {
        number += 1 + (prng.chance(0.1) ? prng.below(5000) : prng.below(3));
        const Bytes datagram = sealed(number);
        ASSERT_TRUE(open(datagram).ok()) << number;
        ASSERT_EQ(error_of(datagram), Errc::already_exists) << number;
    }
}

TEST_F(Seal, ALateDatagramIsLetInBehindTheWindow) {
    const Bytes late = sealed(1);
    const Bytes now = sealed(100'000);
    EXPECT_TRUE(open(now).ok());
    EXPECT_TRUE(open(late).ok());
}

TEST(SealDeathTest, APacketNumberIsNeverUsedTwice) {
    PacketSealer sealer(key(), kSession);
    Bytes out(200);
    const NakPacket nak;
    sealer.seal(5, nak, {}, out);
    EXPECT_DEATH(sealer.seal(5, nak, {}, out), "packet_number");
}

}  // namespace
}  // namespace muster::mcast
