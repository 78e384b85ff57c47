// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/igmp.h"

#include <bit>

namespace muster::net {

namespace {

constexpr std::uint8_t kIgmpQuery = 0x11;
constexpr std::uint8_t kIgmpV2Report = 0x16;
constexpr std::uint8_t kIgmpLeave = 0x17;
constexpr std::uint8_t kMldQuery = 130;
constexpr std::uint8_t kMldV1Report = 131;
constexpr std::uint8_t kMldDone = 132;
constexpr std::size_t kIgmpBytes = 8;
constexpr std::size_t kIgmpV3QueryBytes = 12;
constexpr std::size_t kMldBytes = 24;
constexpr std::size_t kMldV2QueryBytes = 28;

void put_u16(Bytes& bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = std::byte(value >> 8);
    bytes[at + 1] = std::byte(value & 0xff);
}

// RFC 1071.
std::uint16_t internet_checksum(ByteSpan bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    }
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

std::uint32_t in_units(Duration duration, Duration unit) {
    return static_cast<std::uint32_t>(duration / unit);
}

// A message about one group; the group of an IGMP message stands at 4, that of MLD at 8.
Bytes message(const Address& group, std::uint8_t igmp_type, std::uint8_t mld_type) {
    const bool v6 = group.is_v6();
    Bytes bytes(v6 ? kMldBytes : kIgmpBytes);
    bytes[0] = std::byte(v6 ? mld_type : igmp_type);
    const ByteSpan ip = group.ip_bytes();
    std::copy(ip.begin(), ip.end(), bytes.begin() + (v6 ? 8 : 4));
    if (!v6) put_u16(bytes, 2, internet_checksum(bytes));
    return bytes;
}

std::uint8_t robustness_bits(std::uint8_t robustness) { return robustness > 7 ? 0 : robustness; }

}  // namespace

std::uint8_t igmp_code(std::uint32_t value) {
    if (value < 128) return static_cast<std::uint8_t>(value);
    if (value > 31744) value = 31744;  // (15 | 16) << (7 + 3)
    const auto exponent = static_cast<std::uint32_t>(std::bit_width(value)) - 8;
    const std::uint32_t mantissa = (value >> (exponent + 3)) & 0x0f;
    return static_cast<std::uint8_t>(0x80 | exponent << 4 | mantissa);
}

std::uint16_t mld_code(std::uint32_t value) {
    if (value < 32768) return static_cast<std::uint16_t>(value);
    if (value > 8387584) value = 8387584;  // (4095 | 4096) << (7 + 3)
    const auto exponent = static_cast<std::uint32_t>(std::bit_width(value)) - 16;
    const std::uint32_t mantissa = (value >> (exponent + 3)) & 0x0fff;
    return static_cast<std::uint16_t>(0x8000 | exponent << 12 | mantissa);
}

Bytes general_query(bool v6, const QueryTimes& times) {
    const std::uint8_t interval = igmp_code(in_units(times.interval, std::chrono::seconds(1)));
    if (v6) {
        Bytes bytes(kMldV2QueryBytes);
        bytes[0] = std::byte(kMldQuery);
        put_u16(bytes, 4, mld_code(in_units(times.response, std::chrono::milliseconds(1))));
        bytes[24] = std::byte(robustness_bits(times.robustness));
        bytes[25] = std::byte(interval);
        return bytes;
    }
    Bytes bytes(kIgmpV3QueryBytes);
    bytes[0] = std::byte(kIgmpQuery);
    bytes[1] = std::byte(igmp_code(in_units(times.response, std::chrono::milliseconds(100))));
    bytes[8] = std::byte(robustness_bits(times.robustness));
    bytes[9] = std::byte(interval);
    put_u16(bytes, 2, internet_checksum(bytes));
    return bytes;
}

Bytes old_report(const Address& group) { return message(group, kIgmpV2Report, kMldV1Report); }
Bytes old_leave(const Address& group) { return message(group, kIgmpLeave, kMldDone); }

Address query_destination(bool v6) {
    return v6 ? Address::ipv6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
              : Address::ipv4({224, 0, 0, 1});
}

Address leave_destination(bool v6) {
    return v6 ? Address::ipv6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2})
              : Address::ipv4({224, 0, 0, 2});
}

std::optional<HeardQuery> parse_query(bool v6, ByteSpan message) {
    const std::size_t least = v6 ? kMldBytes : kIgmpBytes;
    if (message.size() < least) return {};
    if (std::to_integer<std::uint8_t>(message[0]) != (v6 ? kMldQuery : kIgmpQuery)) return {};
    if (!v6 && internet_checksum(message) != 0) return {};
    HeardQuery query;
    for (std::byte octet : message.subspan(v6 ? 8 : 4, v6 ? 16 : 4)) {
        if (octet != std::byte{0}) query.general = false;
    }
    // RFC 3376, 7.1 and RFC 3810, 8.1: the length tells them apart, and the code IGMPv1.
    if (v6) {
        query.version = message.size() >= kMldV2QueryBytes ? 2 : 1;
    } else if (message.size() < kIgmpV3QueryBytes) {
        query.version = message[1] == std::byte{0} ? 1 : 2;
    }
    return query;
}

}  // namespace muster::net
