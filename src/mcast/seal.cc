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

DatagramCipher::DatagramCipher(const PacketKey& key)
    : aead_(crypto::Aead::create(key.key)), iv_(key.iv) {}

std::size_t DatagramCipher::seal(const Header& header, const Packet& packet, ByteSpan payload,
                                 MutableByteSpan out) {
    const std::size_t body = body_bytes(packet, payload.size());
    CHECK(out.size() >= kHeaderBytes + body + kTagBytes);
    ByteWriter clear(out.first(kHeaderBytes));
    encode_header(header, clear);
    ByteWriter plain(out.subspan(kHeaderBytes, body));
    encode_body(packet, payload, plain);
    aead_.seal(nonce_for(iv_, header.packet_number), out.first(kHeaderBytes), plain.written(),
               out.subspan(kHeaderBytes, body + kTagBytes));
    return kHeaderBytes + body + kTagBytes;
}

std::optional<ByteSpan> DatagramCipher::open(const Header& header, ByteSpan datagram,
                                             MutableByteSpan scratch) {
    CHECK(scratch.size() >= datagram.size());
    const auto sealed = datagram.subspan(kHeaderBytes);
    const auto body = scratch.subspan(kHeaderBytes, sealed.size() - kTagBytes);
    const auto nonce = nonce_for(iv_, header.packet_number);
    if (!aead_.open(nonce, datagram.first(kHeaderBytes), sealed, body)) return std::nullopt;
    return body;
}

PacketSealer::PacketSealer(const PacketKey& key, std::uint32_t session)
    : cipher_(key), session_(session) {}

std::size_t PacketSealer::seal(std::uint64_t packet_number, const Packet& packet, ByteSpan payload,
                               MutableByteSpan out) {
    CHECK(packet_number >= next_number_);
    next_number_ = packet_number + 1;
    return cipher_.seal(header_of(packet, session_, packet_number), packet, payload, out);
}

Header header_of(const Packet& packet, std::uint32_t session, std::uint64_t packet_number) {
    Header header;
    header.type = packet_type(packet);
    header.flags = header_flags(packet);
    header.session = session;
    header.packet_number = packet_number;
    return header;
}

Status check_session(const Header& header, std::uint32_t session) {
    if (header.session == session) return {};
    return Error(Errc::not_found, "datagram of another session: " + std::to_string(header.session) +
                                      ", this is " + std::to_string(session));
}

std::uint32_t mark_of(ByteSpan datagram) { return ByteReader(datagram.last(4)).u32(); }

Error came_before() { return {Errc::already_exists, "datagram that came before"}; }
Error seal_broken() { return {Errc::unauthenticated, "datagram whose seal is broken"}; }

PacketOpener::PacketOpener(const PacketKey& key, std::uint32_t session, std::size_t payload_bytes)
    : cipher_(key), session_(session), payload_bytes_(payload_bytes) {}

Result<Opened> PacketOpener::open(ByteSpan datagram, MutableByteSpan scratch) {
    const Header header = TRY(decode_header(datagram));
    TRY(check_session(header, session_));
    const std::uint32_t mark = mark_of(datagram);
    if (window_.came_before(header.packet_number, mark)) return came_before();
    const auto body = cipher_.open(header, datagram, scratch);
    if (!body) return seal_broken();
    window_.remember(header.packet_number, mark);
    return Opened{header, TRY(decode_body(header.type, *body, payload_bytes_, header.flags))};
}

}  // namespace muster::mcast
