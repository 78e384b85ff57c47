// SPDX-License-Identifier: GPL-3.0-or-later
//
// The fuzzing properties over fixed seeds: noise alone hardly ever gets past the first field, so
// the seeds start from well formed inputs and change a little of them.
#include <gtest/gtest.h>

#include "base/prng.h"
#include "content/journal.h"
#include "content/manifest.h"
#include "mcast/packet.h"
#include "net/igmp.h"
#include "properties.h"

namespace muster::fuzz {
namespace {

Bytes noise(Prng& prng, std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(prng.next());
    return bytes;
}

void change_some(Prng& prng, Bytes& bytes, std::uint64_t changes) {
    for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
        bytes[prng.below(bytes.size())] = static_cast<std::byte>(prng.next());
    }
    if (prng.chance(0.05)) bytes.resize(prng.below(bytes.size() + 20));
}

mcast::Packet draw_packet(Prng& prng, ByteSpan payload) {
    const auto small = [&](std::uint64_t bound) {
        return static_cast<std::uint32_t>(prng.below(bound));
    };
    const auto length = [&] { return static_cast<std::uint8_t>(prng.below(5)); };
    switch (prng.below(6)) {
        case 0: return mcast::DataPacket{small(160), payload, length()};
        case 1: return mcast::RepairPacket{small(8) * 4 + 3, length(), small(20), payload};
        case 2: {
            mcast::StatusPacket status;
            status.state = static_cast<mcast::StreamState>(1 + prng.below(3));
            status.poll = static_cast<std::uint16_t>(prng.below(9));
            status.members = small(1000);
            status.sent_at_us = prng.next();
            status.feedback_period_ms = static_cast<std::uint16_t>(prng.below(200));
            for (std::uint32_t i = small(5); i > 0; --i) {
                const std::uint32_t rows = small(20);
                status.adverts.push_back({small(8) * 4 + 3, rows, rows + small(20), length()});
            }
            return status;
        }
        case 3: {
            const std::uint64_t any = prng.next();
            const std::uint64_t some = prng.below(100'000);
            return mcast::FeedbackPacket{1,          any,        small(~0u), some,
                                         some,       small(99),  some,       some,
                                         small(~0u), small(~0u), small(~0u), small(~0u)};
        }
        case 4: return mcast::ProbePacket{static_cast<std::uint16_t>(prng.below(40))};
        default: break;
    }
    mcast::NakPacket nak;
    nak.member = 1;
    nak.highest_seen = prng.below(300);
    nak.entries.push_back(
        {small(8) * 4 + 3, small(20), static_cast<std::uint16_t>(prng.next()), length()});
    return nak;
}

Bytes draw_datagrams(Prng& prng) {
    Bytes input;
    for (std::uint64_t i = 0; i < 200; ++i) {
        const Bytes payload(16);
        const mcast::Packet packet = draw_packet(prng, payload);
        const bool carries = packet.index() < 2;
        const std::size_t body = mcast::body_bytes(packet, carries ? payload.size() : 0);
        Bytes datagram(mcast::kHeaderBytes + body);
        ByteWriter out(datagram);
        mcast::Header header;
        header.type = mcast::packet_type(packet);
        header.flags = mcast::header_flags(packet);
        header.packet_number = i;
        mcast::encode_header(header, out);
        mcast::encode_body(packet, carries ? ByteSpan(payload) : ByteSpan(), out);
        const auto size = static_cast<std::uint16_t>(datagram.size());
        input.push_back(static_cast<std::byte>(size >> 8));
        input.push_back(static_cast<std::byte>(size & 0xff));
        input.insert(input.end(), datagram.begin(), datagram.end());
    }
    return input;
}

TEST(Property, AnyRowOfDatagramsIsTakenOrRefused) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        Bytes input = seed % 10 == 0 ? noise(prng, prng.below(4000)) : draw_datagrams(prng);
        if (seed % 3 > 0) change_some(prng, input, prng.below(100));
        check_datagrams(input);
    }
}

TEST(Property, AnyQueryIsTakenOrRefused) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        Bytes input = net::general_query(seed % 2 == 0, {});
        if (seed % 4 > 1) change_some(prng, input, prng.below(3));
        check_igmp(input);
        check_igmp(noise(prng, prng.below(60)));
    }
}

TEST(Property, AnyManifestIsExactOrRefused) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        content::ManifestBuilder builder(static_cast<std::uint32_t>(1 + prng.below(200)));
        builder.add(noise(prng, 1 + prng.below(2000)));
        Bytes input = builder.finish().value().encode();
        if (seed % 4 > 0) change_some(prng, input, prng.below(3));
        check_manifest(input);
        check_manifest(noise(prng, prng.below(200)));
    }
}

TEST(Property, AnyJournalIsReadAsFarAsItIsGood) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        Bytes input;
        if (prng.chance(0.3)) {
            const auto header = content::Journal::encode_header({1'000'000, 1000, {}});
            input.assign(header.begin(), header.end());
        }
        for (std::uint64_t i = prng.below(30); i > 0; --i) {
            const auto begin = static_cast<std::uint32_t>(prng.below(1010));
            const auto length = static_cast<std::uint32_t>(1 + prng.below(20));
            const auto record = content::Journal::encode_record(begin, begin + length);
            input.insert(input.end(), record.begin(), record.end());
        }
        if (seed % 3 > 0) change_some(prng, input, prng.below(3));
        check_journal(input);
        check_journal(noise(prng, prng.below(200)));
    }
}

}  // namespace
}  // namespace muster::fuzz
