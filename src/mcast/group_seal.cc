// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/group_seal.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "crypto/hkdf.h"

namespace muster::mcast {

namespace {

constexpr std::size_t kCiphersKept = 4;

std::uint8_t epoch_of(std::uint64_t rekeys, std::uint64_t step) {
    return static_cast<std::uint8_t>(rekeys + step);
}

}  // namespace

Secret next_step(const Secret& secret) {
    const Bytes material = crypto::hkdf_sha256(secret, {}, "muster next epoch v1", 32);
    Secret next;
    std::copy_n(material.begin(), next.size(), next.begin());
    return next;
}

// ---- sealing ----

GroupSealer::GroupSealer(std::uint32_t session, std::uint8_t stream, std::uint64_t epoch_packets,
                         const GroupSecret& first)
    : session_(session), stream_(stream), epoch_packets_(epoch_packets), secret_(first) {
    CHECK(epoch_packets_ >= kMinEpochPackets);
}

void GroupSealer::advance_to(std::uint64_t step) {
    for (; secret_.step < step; ++secret_.step) {
        secret_.secret = next_step(secret_.secret);
        cipher_.reset();
    }
}

void GroupSealer::rekey(const GroupSecret& secret) {
    CHECK(secret.rekeys == secret_.rekeys + 1);
    const std::uint64_t step = std::max(secret_.step, secret.step);
    secret_ = secret;
    advance_to(step);
    cipher_.reset();
}

std::size_t GroupSealer::seal(std::uint64_t packet_number, const Packet& packet, ByteSpan payload,
                              MutableByteSpan out) {
    CHECK(packet_number >= next_number_);
    next_number_ = packet_number + 1;
    const std::uint64_t step = packet_number / epoch_packets_;
    CHECK(step >= secret_.step);
    advance_to(step);
    Header header = header_of(packet, session_, packet_number);
    header.epoch = epoch_of(secret_.rekeys, step);
    header.stream = stream_;
    if (!cipher_) cipher_.emplace(derive_group_key(secret_.secret, stream_, header.epoch));
    return cipher_->seal(header, packet, payload, out);
}

// ---- opening ----

DatagramCipher* GroupOpener::Chain::cipher(std::uint8_t stream, std::uint64_t step) {
    for (auto it = kept_.begin(); it != kept_.end(); ++it) {
        if (it->step != step) continue;
        std::rotate(kept_.begin(), it, it + 1);
        return &kept_.front().cipher;
    }
    if (step < told_.step) return nullptr;
    const std::uint64_t place = step - told_.step;
    if (place >= kMaxSteps || place >= secrets_.size() + kMaxStepsAtOnce) return nullptr;
    while (secrets_.size() <= place) secrets_.push_back(next_step(secrets_.back()));
    const auto key = derive_group_key(secrets_[place], stream, epoch_of(told_.rekeys, step));
    if (kept_.size() == kCiphersKept) kept_.pop_back();
    kept_.insert(kept_.begin(), Kept{step, DatagramCipher(key)});
    return &kept_.front().cipher;
}

GroupOpener::GroupOpener(std::uint32_t session, std::uint8_t stream, std::uint64_t epoch_packets,
                         std::size_t payload_bytes, const GroupSecret& first)
    : session_(session),
      stream_(stream),
      epoch_packets_(epoch_packets),
      payload_bytes_(payload_bytes),
      newest_(first) {
    CHECK(epoch_packets_ >= kMinEpochPackets);
}

void GroupOpener::on_rekey(TimePoint now, const GroupSecret& secret) {
    if (secret.rekeys <= newest_.rekeys()) return;  // told twice
    old_ = std::exchange(newest_, Chain(secret));
    old_until_ = now + kKeepOld;
}

DatagramCipher* GroupOpener::find_cipher(TimePoint now, const Header& header) {
    const std::uint64_t step = header.packet_number / epoch_packets_;
    if (old_ && now >= old_until_) old_.reset();
    for (Chain* chain : {&newest_, old_ ? &*old_ : nullptr}) {
        if (chain == nullptr || header.epoch != epoch_of(chain->rekeys(), step)) continue;
        return chain->cipher(stream_, step);
    }
    return nullptr;
}

Result<Opened> GroupOpener::open(TimePoint now, ByteSpan datagram, MutableByteSpan scratch) {
    const Header header = TRY(decode_header(datagram));
    TRY(check_session(header, session_));
    if (header.stream != stream_) return Error(Errc::not_found, "datagram of another stream");
    const std::uint32_t mark = mark_of(datagram);
    if (window_.came_before(header.packet_number, mark)) return came_before();
    DatagramCipher* cipher = find_cipher(now, header);
    if (cipher == nullptr) {
        return Error(Errc::unauthenticated, "datagram of an epoch whose key we do not have");
    }
    const auto body = cipher->open(header, datagram, scratch);
    if (!body) return seal_broken();
    window_.remember(header.packet_number, mark);
    return Opened{header, TRY(decode_body(header.type, *body, payload_bytes_, header.flags))};
}

}  // namespace muster::mcast
