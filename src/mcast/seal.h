// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every datagram is sealed: AES-256-GCM over the body, with the clear header as associated data.
// Key and IV come from a secret by HKDF-SHA256; the nonce is the IV XOR the packet number
// (as TLS 1.3 does it, RFC 8446 5.3). No nonce repeats: a sealer numbers its own packets from 0
// upwards, each secret has exactly one sealer (the group's secret the server, an uplink secret one
// member in one membership), and a server makes a fresh secret for every run of a session, so
// there is no counter that could be lost. Here are the parts and the uplink's sealer; the group's,
// whose keys change on the way, is in group_seal.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "mcast/packet.h"
#include "mcast/replay_window.h"

namespace muster::mcast {

using Secret = std::array<std::byte, 32>;

struct PacketKey {
    std::array<std::byte, 32> key{};
    std::array<std::byte, 12> iv{};
};

// The group's downstream key for one (stream, epoch).
PacketKey derive_group_key(const Secret& group_secret, std::uint8_t stream, std::uint8_t epoch);
// A member's secret for its NAKs: derived from one the server keeps, sent to that member only.
Secret derive_uplink_secret(const Secret& server_secret, std::uint32_t member);
PacketKey derive_uplink_key(const Secret& uplink_secret);

// One key: packs and seals, or opens what it sealed. Whoever uses it sees to the numbers.
class DatagramCipher {
public:
    explicit DatagramCipher(const PacketKey& key);
    // Bytes of the datagram, written to the front of `out`.
    std::size_t seal(const Header& header, const Packet& packet, ByteSpan payload,
                     MutableByteSpan out);
    // The body, in `scratch` behind the place of the header; nothing when the seal is broken.
    // `datagram` is one whose header was decoded.
    std::optional<ByteSpan> open(const Header& header, ByteSpan datagram, MutableByteSpan scratch);

private:
    crypto::Aead aead_;
    std::array<std::byte, 12> iv_;
};

class PacketSealer {
public:
    PacketSealer(const PacketKey& key, std::uint32_t session);
    // Bytes of the datagram, written to the front of `out`. packet_number must grow from call to
    // call (a CHECK: a repeated nonce would be our own mistake).
    std::size_t seal(std::uint64_t packet_number, const Packet& packet, ByteSpan payload,
                     MutableByteSpan out);

private:
    DatagramCipher cipher_;
    std::uint32_t session_;
    std::uint64_t next_number_ = 0;
};

struct Opened {
    Header header;
    Packet packet;  // its payload is a view into the scratch buffer
};

class PacketOpener {
public:
    PacketOpener(const PacketKey& key, std::uint32_t session, std::size_t payload_bytes);
    // Errc::version_mismatch, Errc::corrupt (garbage), Errc::not_found (another session),
    // Errc::unauthenticated (tag wrong: forged, damaged or sealed with another key),
    // Errc::already_exists (this packet number came before).
    // The body is decrypted into `scratch`, at least as long as the datagram; it may be the same
    // memory (then the datagram is decrypted in place) or must not overlap it.
    Result<Opened> open(ByteSpan datagram, MutableByteSpan scratch);

private:
    DatagramCipher cipher_;
    std::uint32_t session_;
    std::size_t payload_bytes_;
    ReplayWindow window_;
};

// What a sealer says of `packet` in the clear.
Header header_of(const Packet& packet, std::uint32_t session, std::uint64_t packet_number);

// What every opener refuses alike, before it looks for a key.
Status check_session(const Header& header, std::uint32_t session);
// What tells this datagram from another of the same number: of its tag.
std::uint32_t mark_of(ByteSpan datagram);
Error came_before();
Error seal_broken();

}  // namespace muster::mcast
