// SPDX-License-Identifier: GPL-3.0-or-later
//
// The group's keys over a session (docs/protocol.md, section 5). Two things change them:
//
// - Every `epoch_packets` packet numbers the secret takes one step through HKDF. Nobody can step
//   back, so who joins late, and is told the secret of now, cannot read what was sent before.
// - A rekey, told to every member over TLS, replaces the secret by a fresh one: who was put out of
//   the session can step forward too, and must not.
//
// The epoch in the header counts both. The number says how many steps were taken, so the rest is
// the count of rekeys: a datagram names its key by itself, and no false datagram can move a
// receiver away from the keys of the true ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "mcast/seal.h"

namespace muster::mcast {

// AES-256-GCM bears 2^24.5 full records (RFC 8446, 5.5); this leaves room.
inline constexpr std::uint64_t kEpochPackets = 1u << 22;
inline constexpr std::uint64_t kMinEpochPackets = 16;

// What a member is told, over TLS.
struct GroupSecret {
    std::uint32_t rekeys = 0;  // before this one
    std::uint64_t step = 0;    // good from packet number step * epoch_packets
    Secret secret{};
};
Secret next_step(const Secret& secret);

class GroupSealer {
public:
    GroupSealer(std::uint32_t session, std::uint8_t stream, std::uint64_t epoch_packets,
                const GroupSecret& first);
    // As PacketSealer::seal; steps by itself.
    std::size_t seal(std::uint64_t packet_number, const Packet& packet, ByteSpan payload,
                     MutableByteSpan out);
    // For who joins now: good for all that is sealed from here on.
    const GroupSecret& current() const { return secret_; }
    // The one after the current; everything from the next datagram on is sealed with it.
    void rekey(const GroupSecret& secret);

private:
    void advance_to(std::uint64_t step);

    std::uint32_t session_;
    std::uint8_t stream_;
    std::uint64_t epoch_packets_;
    GroupSecret secret_;
    std::optional<DatagramCipher> cipher_;
    std::uint64_t next_number_ = 0;
};

class GroupOpener {
public:
    // After a rekey was told, what is sealed with the secret before it opens for so long. The
    // sender changes over within a second.
    static constexpr Duration kKeepOld = std::chrono::seconds(5);
    // Steps beyond the furthest so far that one datagram can make us compute, and in all.
    static constexpr std::uint64_t kMaxStepsAtOnce = 64;
    static constexpr std::uint64_t kMaxSteps = 1u << 16;

    GroupOpener(std::uint32_t session, std::uint8_t stream, std::uint64_t epoch_packets,
                std::size_t payload_bytes, const GroupSecret& first);
    // As PacketOpener::open. Errc::unauthenticated also: a key that we were not told, or of a time
    // before we came.
    Result<Opened> open(TimePoint now, ByteSpan datagram, MutableByteSpan scratch);
    void set_payload_bytes(std::size_t payload_bytes) { payload_bytes_ = payload_bytes; }
    void on_rekey(TimePoint now, const GroupSecret& secret);

private:
    // The steps from one secret that was told. Ciphers of a few epochs are kept, because the
    // network reorders around a step.
    class Chain {
    public:
        explicit Chain(const GroupSecret& told) : told_(told), secrets_{told.secret} {}
        std::uint32_t rekeys() const { return told_.rekeys; }
        DatagramCipher* cipher(std::uint8_t stream, std::uint64_t step);

    private:
        struct Kept {
            std::uint64_t step;
            DatagramCipher cipher;
        };
        GroupSecret told_;
        std::vector<Secret> secrets_;  // of the steps told_.step, + 1, ...
        std::vector<Kept> kept_;       // latest first
    };
    DatagramCipher* find_cipher(TimePoint now, const Header& header);

    std::uint32_t session_;
    std::uint8_t stream_;
    std::uint64_t epoch_packets_;
    std::size_t payload_bytes_;
    Chain newest_;
    std::optional<Chain> old_;
    TimePoint old_until_{};
    ReplayWindow window_;
};

}  // namespace muster::mcast
