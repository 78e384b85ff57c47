// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/symbol_probe.h"

#include <algorithm>

namespace muster::mcast {

namespace {
constexpr std::size_t kUdpBytes = 8;
constexpr std::size_t kIpv4Bytes = 20;
constexpr std::size_t kIpv6Bytes = 40;
constexpr std::uint16_t kUsualSymbol = 1408;
}  // namespace

std::uint16_t largest_symbol(std::size_t mtu_bytes, bool v6) {
    const std::size_t around = (v6 ? kIpv6Bytes : kIpv4Bytes) + kUdpBytes + kHeaderBytes +
                               body_bytes(RepairPacket{}, 0) + kTagBytes;
    for (const std::uint16_t size : kSymbolSizes) {
        if (size + around <= mtu_bytes) return size;
    }
    return kSymbolSizes.back();
}

bool is_symbol_size(std::uint16_t symbol_bytes) {
    return std::find(kSymbolSizes.begin(), kSymbolSizes.end(), symbol_bytes) != kSymbolSizes.end();
}

void SymbolProbe::begin(TimePoint now) {
    if (rounds_left_ == 0) next_round_ = std::max(now, next_round_);
    rounds_left_ = kRounds;
}

void SymbolProbe::on_joined(TimePoint now, MemberNumber number) {
    answers_[number] = 0;
    begin(now);
}

void SymbolProbe::on_start(TimePoint now) {
    if (!all_have_answered()) begin(now);
}

void SymbolProbe::on_answer(MemberNumber number, std::uint16_t symbol_bytes) {
    const auto it = answers_.find(number);
    if (it == answers_.end() || !is_symbol_size(symbol_bytes)) return;
    it->second = std::max(it->second, symbol_bytes);
}

std::optional<TimePoint> SymbolProbe::next_deadline() const {
    if (rounds_left_ == 0) return std::nullopt;
    return next_round_;
}

std::optional<std::uint16_t> SymbolProbe::poll(TimePoint now) {
    if (rounds_left_ == 0 || now < next_round_) return std::nullopt;
    while (kSymbolSizes[step_] > largest_ && step_ + 1 < kSymbolSizes.size()) ++step_;
    const std::uint16_t size = kSymbolSizes[step_];
    if (++step_ == kSymbolSizes.size()) {
        step_ = 0;
        --rounds_left_;
        next_round_ = now + kRoundInterval;
    }
    return size;
}

bool SymbolProbe::all_have_answered() const {
    return std::all_of(answers_.begin(), answers_.end(),
                       [](const auto& answer) { return answer.second != 0; });
}

std::uint16_t SymbolProbe::choose() const {
    std::optional<std::uint16_t> least;
    for (const auto& [number, size] : answers_) {
        if (size != 0) least = std::min(size, least.value_or(size));
    }
    return std::min(least.value_or(kUsualSymbol), largest_);
}

}  // namespace muster::mcast
