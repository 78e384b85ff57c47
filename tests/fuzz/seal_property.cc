// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "base/check.h"
#include "mcast/group_seal.h"
#include "properties.h"

namespace muster::fuzz {

namespace {

constexpr std::uint32_t kSession = 7;
constexpr std::uint64_t kEpochPackets = 16;
constexpr std::size_t kPayloadBytes = 16;

mcast::Secret secret(std::uint8_t value) {
    mcast::Secret bytes;
    bytes.fill(std::byte{value});
    return bytes;
}

// A sealer and openers that agree, with hostile datagrams in between.
class Doors {
public:
    void on_hostile(ByteSpan datagram) {
        scratch_.resize(std::max(scratch_.size(), datagram.size()));
        CHECK(!group_.open(now_, datagram, scratch_).ok());
        CHECK(!uplink_.open(datagram, scratch_).ok());
    }
    // Sealed as a member can: any header, any body.
    void on_insider(ByteSpan datagram) {
        const auto header = mcast::decode_header(datagram);
        if (!header.ok()) return;
        const std::uint64_t step = header->packet_number / kEpochPackets;
        if (step > 300) return;  // the openers would not follow, and the key is far away
        mcast::Secret key = first_.secret;
        for (std::uint64_t i = 0; i < step; ++i) key = mcast::next_step(key);
        crypto::Aead aead = crypto::Aead::create(
            mcast::derive_group_key(key, 0, static_cast<std::uint8_t>(step)).key);
        auto nonce = mcast::derive_group_key(key, 0, static_cast<std::uint8_t>(step)).iv;
        for (std::size_t i = 0; i < 8; ++i) {
            nonce[11 - i] ^= static_cast<std::byte>(header->packet_number >> (8 * i));
        }
        Bytes sealed(datagram.begin(), datagram.begin() + mcast::kHeaderBytes);
        sealed[2] = static_cast<std::byte>(step);
        sealed[3] = std::byte{0};
        ByteWriter(MutableByteSpan(sealed).subspan(4, 4)).u32(kSession);
        const ByteSpan body = datagram.subspan(mcast::kHeaderBytes);
        sealed.resize(mcast::kHeaderBytes + body.size() + mcast::kTagBytes);
        aead.seal(nonce, ByteSpan(sealed).first(mcast::kHeaderBytes), body,
                  MutableByteSpan(sealed).subspan(mcast::kHeaderBytes));
        scratch_.resize(std::max(scratch_.size(), sealed.size()));
        (void)group_.open(now_, sealed, scratch_);
    }
    // Whatever was said before, the next true datagram opens.
    void on_true() {
        Bytes datagram(mcast::kHeaderBytes + 4 + kPayloadBytes + mcast::kTagBytes);
        const Bytes payload(kPayloadBytes, std::byte{0x11});
        sealer_.seal(next_number_++, mcast::DataPacket{3, payload}, payload, datagram);
        CHECK(group_.open(now_, datagram, datagram).ok());
    }

private:
    TimePoint now_{std::chrono::seconds(1)};
    const mcast::GroupSecret first_{0, 0, secret(1)};
    mcast::GroupSealer sealer_{kSession, 0, kEpochPackets, first_};
    mcast::GroupOpener group_{kSession, 0, kEpochPackets, kPayloadBytes, first_};
    mcast::PacketOpener uplink_{mcast::derive_uplink_key(secret(2)), kSession, 0};
    std::uint64_t next_number_ = 0;
    Bytes scratch_;
};

}  // namespace

void check_seal(ByteSpan input) {
    Doors doors;
    ByteReader in(input);
    while (in.remaining() > 3) {
        const bool insider = (in.u8() & 1) != 0;
        const std::size_t size = in.u16() % 300;
        const ByteSpan datagram = in.bytes(std::min(size, in.remaining()));
        if (insider) {
            doors.on_insider(datagram);
        } else {
            doors.on_hostile(datagram);
        }
        doors.on_true();
    }
}

}  // namespace muster::fuzz
