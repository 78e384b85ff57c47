// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/seal.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "crypto/hkdf.h"

namespace muster::mcast {

namespace {

PacketKey key_from(const Secret& secret, std::string_view label, ByteSpan salt) {
    const Bytes material = crypto::hkdf_sha256(secret, salt, label, 44);
    PacketKey key;
    std::copy_n(material.begin(), key.key.size(), key.key.begin());
    std::copy_n(material.begin() + 32, key.iv.size(), key.iv.begin());
    return key;
}

std::array<std::byte, 12> nonce_for(const std::array<std::byte, 12>& iv, std::uint64_t number) {
    auto nonce = iv;
    for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<std::byte>(number >> (8 * i));
    return nonce;
}

}  // namespace

PacketKey derive_group_key(const Secret& group_secret, std::uint8_t stream, std::uint8_t epoch) {
    const std::array salt = {std::byte{stream}, std::byte{epoch}};
    return key_from(group_secret, "muster group v1", salt);
}

Secret derive_uplink_secret(const Secret& server_secret, std::uint32_t member) {
    std::array<std::byte, 4> salt;
    ByteWriter(salt).u32(member);
    const Bytes material = crypto::hkdf_sha256(server_secret, salt, "muster uplink secret v1", 32);
    Secret secret;
    std::copy_n(material.begin(), secret.size(), secret.begin());
    return secret;
}

PacketKey derive_uplink_key(const Secret& uplink_secret) {
    return key_from(uplink_secret, "muster uplink v1", {});
}

PacketSealer::PacketSealer(const PacketKey& key, std::uint32_t session)
    : aead_(crypto::Aead::create(key.key)), iv_(key.iv), session_(session) {}

std::size_t PacketSealer::seal(std::uint64_t packet_number, const Packet& packet, ByteSpan payload,
                               MutableByteSpan out) {
    CHECK(packet_number >= next_number_);
    next_number_ = packet_number + 1;
    const std::size_t body = body_bytes(packet, payload.size());
    CHECK(out.size() >= kHeaderBytes + body + kTagBytes);
    Header header;
    header.type = packet_type(packet);
    header.session = session_;
    header.packet_number = packet_number;
    ByteWriter clear(out.first(kHeaderBytes));
    encode_header(header, clear);
    ByteWriter plain(out.subspan(kHeaderBytes, body));
    encode_body(packet, payload, plain);
    aead_.seal(nonce_for(iv_, packet_number), out.first(kHeaderBytes), plain.written(),
               out.subspan(kHeaderBytes, body + kTagBytes));
    return kHeaderBytes + body + kTagBytes;
}

PacketOpener::PacketOpener(const PacketKey& key, std::uint32_t session, std::size_t payload_bytes)
    : aead_(crypto::Aead::create(key.key)),
      iv_(key.iv),
      session_(session),
      payload_bytes_(payload_bytes) {}

Result<Opened> PacketOpener::open(ByteSpan datagram, MutableByteSpan scratch) {
    const Header header = TRY(decode_header(datagram));
    if (header.session != session_) {
        return Error(Errc::not_found,
                     "datagram of another session: " + std::to_string(header.session) +
                         ", this is " + std::to_string(session_));
    }
    CHECK(scratch.size() >= datagram.size());
    if (is_replay(header.packet_number)) {
        return Error(Errc::already_exists, "datagram that came before");
    }
    const auto sealed = datagram.subspan(kHeaderBytes);
    const auto body = scratch.subspan(kHeaderBytes, sealed.size() - kTagBytes);
    if (!aead_.open(nonce_for(iv_, header.packet_number), datagram.first(kHeaderBytes), sealed,
                    body)) {
        return Error(Errc::unauthenticated, "datagram whose seal is broken");
    }
    remember(header.packet_number);
    return Opened{header, TRY(decode_body(header.type, body, payload_bytes_))};
}

bool PacketOpener::is_replay(std::uint64_t packet_number) const {
    if (!highest_ || packet_number > *highest_) return false;
    if (*highest_ - packet_number >= kWindowBits) return false;
    const std::uint64_t bit = packet_number % kWindowBits;
    return (window_[bit / 64] >> (bit % 64)) & 1;
}

void PacketOpener::remember(std::uint64_t packet_number) {
    const std::uint64_t bit = packet_number % kWindowBits;
    if (!highest_ || packet_number > *highest_) {
        const std::uint64_t from = highest_ ? *highest_ + 1 : packet_number;
        const std::uint64_t gap = std::min(packet_number - from, kWindowBits - 1);
        for (std::uint64_t n = packet_number - gap; n < packet_number; ++n) {
            window_[(n % kWindowBits) / 64] &= ~(1ULL << (n % 64));
        }
        highest_ = packet_number;
    } else if (*highest_ - packet_number >= kWindowBits) {
        return;
    }
    window_[bit / 64] |= 1ULL << (bit % 64);
}

}  // namespace muster::mcast
