// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/wire.h"

#include <algorithm>

#include "base/hex.h"
#include "base/value.h"
#include "text/json.h"

namespace muster::session {

namespace {

constexpr std::uint64_t kMaxBlocks = 1ULL << 32;

Value object(std::string_view type) {
    Value value = Value::map();
    value.set("type", type);
    return value;
}

Value counters_value(const mcast::MemberCounters& counters) {
    Value value = Value::map();
    value.set("received", counters.datagrams_received).set("lost", counters.datagrams_lost);
    value.set("rejected", counters.datagrams_rejected).set("local_drops", counters.local_drops);
    value.set("duplicates", counters.duplicates).set("verified", counters.blocks_verified);
    value.set("repaired", counters.blocks_repaired).set("forged", counters.blocks_forged);
    value.set("naks", counters.naks_sent);
    value.set("unicast_blocks", counters.unicast_blocks);
    value.set("unicast_bytes", counters.unicast_bytes);
    return value;
}

Result<std::uint64_t> unsigned_at(const Value& value, std::string_view key, std::uint64_t limit) {
    const std::int64_t number = TRY(value.int_at(key));
    if (number < 0 || static_cast<std::uint64_t>(number) > limit) {
        return value.error(std::string(key) + ": " + std::to_string(number) + " is outside 0 to " +
                           std::to_string(limit));
    }
    return static_cast<std::uint64_t>(number);
}

Result<mcast::MemberCounters> parse_counters(const Value& message) {
    const Value* value = message.find("counters");
    if (value == nullptr) return message.error("counters: missing");
    constexpr std::uint64_t kMax = 1ULL << 62;
    mcast::MemberCounters counters;
    counters.datagrams_received = TRY(unsigned_at(*value, "received", kMax));
    counters.datagrams_lost = TRY(unsigned_at(*value, "lost", kMax));
    counters.datagrams_rejected = TRY(unsigned_at(*value, "rejected", kMax));
    counters.local_drops = TRY(unsigned_at(*value, "local_drops", kMax));
    counters.duplicates = TRY(unsigned_at(*value, "duplicates", kMax));
    counters.blocks_verified = TRY(unsigned_at(*value, "verified", kMax));
    counters.blocks_repaired = TRY(unsigned_at(*value, "repaired", kMax));
    counters.blocks_forged = TRY(unsigned_at(*value, "forged", kMax));
    counters.naks_sent = TRY(unsigned_at(*value, "naks", kMax));
    counters.unicast_blocks = TRY(unsigned_at(*value, "unicast_blocks", kMax));
    counters.unicast_bytes = TRY(unsigned_at(*value, "unicast_bytes", kMax));
    return counters;
}

template <std::size_t N>
Result<std::array<std::byte, N>> bytes_at(const Value& value, std::string_view key) {
    const Bytes bytes = TRY(from_hex(TRY(value.string_at(key))).context(key));
    if (bytes.size() != N) {
        return value.error(std::string(key) + ": expected " + std::to_string(N) + " bytes");
    }
    std::array<std::byte, N> array;
    std::copy(bytes.begin(), bytes.end(), array.begin());
    return array;
}

// ---- writing ----

Value write(const Hello& hello) {
    return object("hello").set("protocol", hello.protocol_version).set("name", hello.name);
}

Value write(const mcast::JoinRequest& join) {
    return object("join")
        .set("want", join.wants_all ? std::string("all") : join.want.to_string())
        .set("open_blocks", join.open_blocks);
}

Value write(const mcast::MemberReport& report) {
    Value deficits = Value::list();
    for (const auto& entry : report.deficits) {
        Value item = Value::list();
        item.push(entry.start_block).push(unsigned{entry.group_blocks_log2});
        item.push(entry.rows_seen).push(unsigned{entry.deficit});
        deficits.push(std::move(item));
    }
    Value value = object("report");
    value.set("verified", report.verified.to_string()).set("missed", report.missed.to_string());
    value.set("deficits", std::move(deficits)).set("highest_seen", report.highest_seen);
    value.set("missing", report.blocks_missing).set("counters", counters_value(report.counters));
    value.set("delivery", to_string(report.delivery)).set("delivery_why", report.delivery_why);
    return value;
}

Value write(const mcast::MemberFinished& finished) {
    Value value = object("finished");
    value.set("verified", finished.verified).set("failure", finished.failure);
    value.set("counters", counters_value(finished.counters));
    return value;
}

Value write(const Offer& offer) {
    const auto& layout = offer.layout;
    Value value = object("offer");
    value.set("session", offer.session).set("name", offer.name);
    value.set("image_bytes", layout.image_bytes).set("manifest_bytes", layout.manifest_bytes);
    value.set("block_bytes", layout.block_bytes).set("symbol_bytes", unsigned{layout.symbol_bytes});
    value.set("stretch_blocks_log2", unsigned{layout.stretch_blocks_log2});
    value.set("root", to_hex(offer.image.root));
    value.set("public_key", to_hex(offer.public_key)).set("signature", to_hex(offer.signature));
    Value unicast = Value::map();
    unicast.set("path", offer.unicast.path).set("rate", offer.unicast.rate_bits_per_second);
    unicast.set("connections", offer.unicast.max_connections);
    value.set("unicast", std::move(unicast)).set("multicast_only", offer.multicast_only);
    return value;
}

void write_secret(Value& value, const mcast::GroupSecret& secret) {
    value.set("group_secret", to_hex(secret.secret));
    value.set("rekeys", secret.rekeys).set("step", secret.step);
}

Value write(const Rekey& rekey) {
    Value value = object("rekey");
    write_secret(value, rekey.secret);
    return value;
}

Value write(const Rekeyed& rekeyed) { return object("rekeyed").set("rekeys", rekeyed.rekeys); }

Value write(const Welcome& welcome) {
    Value value = object("welcome");
    value.set("member", welcome.member.value).set("stream", unsigned{welcome.stream});
    value.set("group", welcome.group);
    value.set("source", welcome.source).set("uplink", welcome.uplink);
    write_secret(value, welcome.group_secret);
    value.set("epoch_packets", welcome.epoch_packets);
    value.set("uplink_secret", to_hex(welcome.uplink_secret));
    value.set("rate", welcome.rate_bits_per_second);
    return value;
}

Value write(const mcast::SessionStarted& started) {
    return object("started").set("symbol_bytes", unsigned{started.symbol_bytes});
}
Value write(const mcast::MemberProbed& probed) {
    return object("probed").set("symbol_bytes", unsigned{probed.symbol_bytes});
}
Value write(const mcast::SessionEnded& ended) {
    return object("ended").set("reason", ended.reason);
}

Value write(const mcast::MemberLeft& left) { return object("left").set("reason", left.reason); }
Value write(const mcast::MemberOrder& order) {
    return object("order").set("mode", to_string(order.mode)).set("reason", order.reason);
}

// ---- reading ----

Result<ToServer> read_report(const Value& value) {
    mcast::MemberReport report;
    report.verified = TRY(IntervalSet::parse(TRY(value.string_at("verified")), kMaxBlocks));
    report.missed = TRY(IntervalSet::parse(TRY(value.string_at("missed")), kMaxBlocks));
    report.highest_seen = TRY(unsigned_at(value, "highest_seen", 1ULL << 62));
    report.blocks_missing = static_cast<std::uint32_t>(TRY(unsigned_at(value, "missing", ~0u)));
    report.counters = TRY(parse_counters(value));
    const std::string delivery = TRY(value.string_at("delivery"));
    const auto known = mcast::delivery_from(delivery);
    if (!known) return value.error("delivery: " + delivery + " is none");
    report.delivery = *known;
    report.delivery_why = TRY(value.string_at("delivery_why"));
    const Value* deficits = value.find("deficits");
    if (deficits == nullptr || deficits->as_list() == nullptr) {
        return value.error("deficits: expected a list");
    }
    for (const auto& item : *deficits->as_list()) {
        const auto* parts = item.as_list();
        if (parts == nullptr || parts->size() != 4) {
            return item.error("deficits: expected four numbers each");
        }
        std::uint32_t numbers[4] = {};
        for (std::size_t i = 0; i < 4; ++i) {
            const auto* number = (*parts)[i].as_int();
            if (number == nullptr || *number < 0 || *number > ~0u) {
                return item.error("deficits: expected numbers of 32 bits");
            }
            numbers[i] = static_cast<std::uint32_t>(*number);
        }
        report.deficits.push_back({numbers[0], numbers[2],
                                   static_cast<std::uint16_t>(std::min(numbers[3], 65535u)),
                                   static_cast<std::uint8_t>(std::min(numbers[1], 255u))});
    }
    return ToServer(std::move(report));
}

Result<UnicastOffer> read_unicast(const Value& offer) {
    const Value* value = offer.find("unicast");
    if (value == nullptr) return offer.error("unicast: missing");
    UnicastOffer unicast;
    unicast.path = TRY(value->string_at("path"));
    unicast.rate_bits_per_second = TRY(unsigned_at(*value, "rate", 1ULL << 50));
    unicast.max_connections =
        static_cast<std::uint32_t>(TRY(unsigned_at(*value, "connections", ~0u)));
    return unicast;
}

Result<ToMember> read_offer(const Value& value) {
    Offer offer;
    offer.session = static_cast<std::uint32_t>(TRY(unsigned_at(value, "session", ~0u)));
    offer.name = TRY(value.string_at("name"));
    auto& layout = offer.layout;
    layout.image_bytes = TRY(unsigned_at(value, "image_bytes", 1ULL << 47));
    layout.manifest_bytes = TRY(unsigned_at(value, "manifest_bytes", 1ULL << 47));
    layout.block_bytes =
        static_cast<std::uint32_t>(TRY(unsigned_at(value, "block_bytes", 1u << 30)));
    layout.symbol_bytes =
        static_cast<std::uint16_t>(TRY(unsigned_at(value, "symbol_bytes", 65535)));
    layout.stretch_blocks_log2 =
        static_cast<std::uint8_t>(TRY(unsigned_at(value, "stretch_blocks_log2", 31)));
    offer.image.image_bytes = layout.image_bytes;
    offer.image.block_bytes = layout.block_bytes;
    offer.image.root = TRY(bytes_at<32>(value, "root"));
    offer.public_key = TRY(from_hex(TRY(value.string_at("public_key"))).context("public_key"));
    offer.signature = TRY(from_hex(TRY(value.string_at("signature"))).context("signature"));
    offer.unicast = TRY(read_unicast(value));
    offer.multicast_only = TRY(value.bool_at("multicast_only"));
    return ToMember(std::move(offer));
}

Result<mcast::GroupSecret> read_secret(const Value& value) {
    mcast::GroupSecret secret;
    secret.rekeys = static_cast<std::uint32_t>(TRY(unsigned_at(value, "rekeys", ~0u)));
    secret.step = TRY(unsigned_at(value, "step", 1ULL << 60));
    secret.secret = TRY(bytes_at<32>(value, "group_secret"));
    return secret;
}

Result<ToMember> read_welcome(const Value& value) {
    Welcome welcome;
    welcome.member =
        mcast::MemberNumber(static_cast<std::uint32_t>(TRY(unsigned_at(value, "member", ~0u))));
    welcome.stream = static_cast<std::uint8_t>(TRY(unsigned_at(value, "stream", 255)));
    welcome.group = TRY(value.string_at("group"));
    welcome.source = TRY(value.string_at("source"));
    welcome.uplink = TRY(value.string_at("uplink"));
    welcome.group_secret = TRY(read_secret(value));
    welcome.epoch_packets = TRY(unsigned_at(value, "epoch_packets", 1ULL << 32));
    if (welcome.epoch_packets < mcast::kMinEpochPackets) {
        return value.error("epoch_packets: " + std::to_string(welcome.epoch_packets) +
                           " is below " + std::to_string(mcast::kMinEpochPackets));
    }
    welcome.uplink_secret = TRY(bytes_at<32>(value, "uplink_secret"));
    welcome.rate_bits_per_second = TRY(unsigned_at(value, "rate", 1ULL << 50));
    return ToMember(welcome);
}

Result<ToServer> read_to_server(const Value& value) {
    const std::string type = TRY(value.string_at("type"));
    if (type == "hello") {
        Hello hello;
        hello.protocol_version =
            static_cast<std::uint32_t>(TRY(unsigned_at(value, "protocol", ~0u)));
        hello.name = TRY(value.string_at("name"));
        return ToServer(std::move(hello));
    }
    if (type == "join") {
        mcast::JoinRequest join;
        const std::string want = TRY(value.string_at("want"));
        join.wants_all = want == "all";
        if (!join.wants_all) join.want = TRY(IntervalSet::parse(want, kMaxBlocks));
        if (value.find("open_blocks") != nullptr) {
            const auto blocks = TRY(unsigned_at(value, "open_blocks", ~0u));
            join.open_blocks = static_cast<std::uint32_t>(blocks);
        }
        return ToServer(std::move(join));
    }
    if (type == "report") return read_report(value);
    if (type == "rekeyed") {
        return ToServer(
            Rekeyed{static_cast<std::uint32_t>(TRY(unsigned_at(value, "rekeys", ~0u)))});
    }
    if (type == "probed") {
        const auto size = TRY(unsigned_at(value, "symbol_bytes", 65535));
        return ToServer(mcast::MemberProbed{static_cast<std::uint16_t>(size)});
    }
    if (type == "finished") {
        mcast::MemberFinished finished;
        finished.verified = TRY(value.bool_at("verified"));
        finished.failure = TRY(value.string_at("failure"));
        finished.counters = TRY(parse_counters(value));
        return ToServer(std::move(finished));
    }
    if (type == "left") return ToServer(mcast::MemberLeft{TRY(value.string_at("reason"))});
    return value.error("message of unknown type " + type);
}

Result<ToMember> read_order(const Value& value) {
    const std::string text = TRY(value.string_at("mode"));
    const auto mode = mcast::order_mode_from(text);
    if (!mode) return value.error("mode: " + text + " is not multicast, away or unicast");
    return ToMember(mcast::MemberOrder{*mode, TRY(value.string_at("reason"))});
}

Result<ToMember> read_to_member(const Value& value) {
    const std::string type = TRY(value.string_at("type"));
    if (type == "offer") return read_offer(value);
    if (type == "welcome") return read_welcome(value);
    if (type == "rekey") return ToMember(Rekey{TRY(read_secret(value))});
    if (type == "started") {
        const auto size = TRY(unsigned_at(value, "symbol_bytes", 65535));
        return ToMember(mcast::SessionStarted{static_cast<std::uint16_t>(size)});
    }
    if (type == "order") return read_order(value);
    if (type == "ended") return ToMember(mcast::SessionEnded{TRY(value.string_at("reason"))});
    return value.error("message of unknown type " + type);
}

}  // namespace

std::string to_text(const ToServer& message) {
    return text::to_json(std::visit([](const auto& m) { return write(m); }, message));
}

std::string to_text(const ToMember& message) {
    return text::to_json(std::visit([](const auto& m) { return write(m); }, message));
}

Result<ToServer> parse_to_server(std::string_view text) {
    const auto value = TRY(text::parse_json(text).context("control message"));
    return read_to_server(value).context("control message");
}

Result<ToMember> parse_to_member(std::string_view text) {
    const auto value = TRY(text::parse_json(text).context("control message"));
    return read_to_member(value).context("control message");
}

}  // namespace muster::session
