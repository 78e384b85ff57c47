// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/group_seal.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kSession = 77;
constexpr std::uint64_t kEpoch = 16;
constexpr std::size_t kPayloadBytes = 8;

Secret draw_secret(Prng& prng) {
    Secret bytes;
    for (auto& byte : bytes) byte = static_cast<std::byte>(prng.next());
    return bytes;
}

class GroupSeal : public testing::Test {
protected:
    Bytes sealed(std::uint64_t number) {
        Bytes datagram(kHeaderBytes + 4 + kPayloadBytes + kTagBytes);
        sealer_.seal(number, DataPacket{5, payload_}, payload_, datagram);
        return datagram;
    }
    GroupOpener opener_for(const GroupSecret& secret) {
        return {kSession, 0, kEpoch, kPayloadBytes, secret};
    }
    bool opens(GroupOpener& opener, const Bytes& datagram, Duration later = {}) {
        Bytes scratch(datagram.size());
        return opener.open(now_ + later, datagram, scratch).ok();
    }
    GroupSecret rekey() {
        const GroupSecret next{sealer_.current().rekeys + 1, sealer_.current().step,
                               draw_secret(prng_)};
        sealer_.rekey(next);
        return next;
    }

    Prng prng_{1};
    TimePoint now_{seconds(50)};
    Bytes payload_ = Bytes(kPayloadBytes, std::byte{0x5a});
    GroupSecret first_{0, 0, draw_secret(prng_)};
    GroupSealer sealer_{kSession, 0, kEpoch, first_};
};

TEST_F(GroupSeal, AReceiverFollowsTheSteps) {
    auto opener = opener_for(first_);
    for (std::uint64_t n = 0; n < 20 * kEpoch; ++n) {
        const Bytes datagram = sealed(n);
        ASSERT_EQ(std::to_integer<std::uint64_t>(datagram[2]), n / kEpoch);
        ASSERT_TRUE(opens(opener, datagram)) << n;
    }
}

TEST_F(GroupSeal, ReorderingAcrossAStepLosesNothing) {
    auto opener = opener_for(first_);
    std::vector<Bytes> datagrams;
    for (std::uint64_t n = 0; n < 3 * kEpoch; ++n) datagrams.push_back(sealed(n));
    for (std::uint64_t n = datagrams.size(); n-- > 0;) ASSERT_TRUE(opens(opener, datagrams[n]));
}

TEST_F(GroupSeal, WhoJoinsLateReadsNothingOfBefore) {
    std::vector<Bytes> before;
    for (std::uint64_t n = 0; n < 3 * kEpoch + 4; ++n) before.push_back(sealed(n));
    auto late = opener_for(sealer_.current());
    for (std::uint64_t n = 0; n < 3 * kEpoch; ++n) ASSERT_FALSE(opens(late, before[n])) << n;
    EXPECT_TRUE(opens(late, before.back()));
    EXPECT_TRUE(opens(late, sealed(4 * kEpoch)));
}

TEST_F(GroupSeal, ARekeyIsFollowedAndTheOldKeyGoesSoon) {
    auto opener = opener_for(first_);
    const Bytes before = sealed(20);
    const Bytes straggler = sealed(21);
    const GroupSecret next = rekey();
    opener.on_rekey(now_, next);
    EXPECT_TRUE(opens(opener, before)) << "it is told before it is used";
    for (std::uint64_t n = 22; n < 10 * kEpoch; ++n) ASSERT_TRUE(opens(opener, sealed(n))) << n;
    EXPECT_FALSE(opens(opener, straggler, GroupOpener::kKeepOld));
}

TEST_F(GroupSeal, WhoWasNotToldOfARekeyReadsNothingMore) {
    auto evicted = opener_for(first_);
    EXPECT_TRUE(opens(evicted, sealed(0)));
    rekey();
    for (std::uint64_t n = 1; n < 300 * kEpoch; n += 7) ASSERT_FALSE(opens(evicted, sealed(n)));
}

TEST_F(GroupSeal, WhoWasPutOutCannotSealAnyMore) {
    GroupSealer evicted(kSession, 0, kEpoch, first_);
    auto opener = opener_for(first_);
    opener.on_rekey(now_, rekey());
    Bytes forged(kHeaderBytes + 4 + kPayloadBytes + kTagBytes);
    for (std::uint64_t n = 0; n < 1000; n += 9) {
        evicted.seal(n, DataPacket{5, payload_}, payload_, forged);
        ASSERT_FALSE(opens(opener, forged, GroupOpener::kKeepOld + milliseconds(1))) << n;
    }
}

TEST_F(GroupSeal, AMemberCannotLeadReceiversAwayFromTheTrueKeys) {
    auto opener = opener_for(first_);
    GroupSealer insider(kSession, 0, kEpoch, first_);
    Bytes forged(kHeaderBytes + 4 + kPayloadBytes + kTagBytes);
    std::uint64_t opened = 0;
    for (std::uint64_t n = 0; n < 200; ++n) {
        insider.seal((n + 1) * 60 * kEpoch, DataPacket{5, payload_}, payload_, forged);
        opened += opens(opener, forged);
        ASSERT_TRUE(opens(opener, sealed(n))) << n;
    }
    EXPECT_GT(opened, 150u) << "it was no test";
}

TEST_F(GroupSeal, WorkForAFalseNumberIsBounded) {
    auto opener = opener_for(first_);
    Bytes forged(kHeaderBytes + 4 + kPayloadBytes + kTagBytes);
    GroupSealer insider(kSession, 0, kEpoch, first_);
    insider.seal((GroupOpener::kMaxStepsAtOnce + 1) * kEpoch, DataPacket{5, payload_}, payload_,
                 forged);
    EXPECT_FALSE(opens(opener, forged));
    forged[8] = std::byte{0x7f};  // of the packet number
    EXPECT_FALSE(opens(opener, forged));
    EXPECT_TRUE(opens(opener, sealed(0)));
}

TEST_F(GroupSeal, OtherStreamsAndSessionsDoNotOpen) {
    auto opener = opener_for(first_);
    Bytes datagram = sealed(0);
    datagram[3] = std::byte{1};
    EXPECT_FALSE(opens(opener, datagram));
    datagram = sealed(1);
    datagram[7] ^= std::byte{1};
    EXPECT_FALSE(opens(opener, datagram));
}

// Everything that was ever sealed, over steps, rekeys, streams and restarts of the server: no pair
// of key and nonce came twice. That the pair is the one that was used is proved by opening with it.
TEST_F(GroupSeal, NoNonceIsUsedTwiceUnderAnyKey) {
    std::set<Bytes> used;
    for (int run = 0; run < 12; ++run) {
        const auto session = static_cast<std::uint32_t>(prng_.next());
        const Secret shared = draw_secret(prng_);
        for (std::uint8_t stream = 0; stream < 2; ++stream) {
            GroupSealer sealer(session, stream, kEpoch, {0, 0, shared});
            std::uint64_t number = 0;
            for (int i = 0; i < 600; ++i, number += 1 + prng_.below(3)) {
                if (prng_.chance(0.03)) {
                    const auto& now = sealer.current();
                    sealer.rekey({now.rekeys + 1, now.step, draw_secret(prng_)});
                }
                Bytes datagram(kHeaderBytes + 4 + kPayloadBytes + kTagBytes);
                sealer.seal(number, DataPacket{5, payload_}, payload_, datagram);
                const auto epoch = std::to_integer<std::uint8_t>(datagram[2]);
                const auto key = derive_group_key(sealer.current().secret, stream, epoch);
                PacketOpener opener(key, session, kPayloadBytes);
                ASSERT_TRUE(opener.open(datagram, datagram).ok());
                Bytes pair(key.key.begin(), key.key.end());
                pair.insert(pair.end(), key.iv.begin(), key.iv.end());
                for (int shift = 0; shift < 64; shift += 8) {
                    pair.push_back(static_cast<std::byte>(number >> shift));
                }
                ASSERT_TRUE(used.insert(pair).second) << "run " << run << " number " << number;
            }
        }
    }
}

TEST_F(GroupSeal, ANumberThatDoesNotGrowIsOurOwnMistake) {
    sealed(9);
    EXPECT_DEATH(sealed(9), "CHECK");
    rekey();
    EXPECT_DEATH(sealed(9), "CHECK");
}

}  // namespace
}  // namespace muster::mcast
