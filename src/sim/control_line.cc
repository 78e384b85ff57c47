// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/control_line.h"

#include <algorithm>
#include <utility>

namespace muster::sim {

namespace {

constexpr std::size_t kSegmentBytes = 300;
constexpr Duration kFirstPatience = std::chrono::milliseconds(200);
constexpr Duration kMostPatience = std::chrono::seconds(30);

}  // namespace

void ControlLine::send(std::function<void()> arrive) {
    waiting_.push_back(std::move(arrive));
    if (trying_) return;
    patience_ = kFirstPatience;
    try_first();
}

void ControlLine::try_first() {
    trying_ = !waiting_.empty();
    if (!trying_) return;
    const auto arrivals = port_.send(queue_.now(), kSegmentBytes);
    if (arrivals.count > 0) {
        last_arrival_ = std::max(last_arrival_, arrivals.list[0].at);
        queue_.at(last_arrival_, std::move(waiting_.front()));
        waiting_.pop_front();
        patience_ = kFirstPatience;
        return try_first();
    }
    queue_.after(patience_, [this] { try_first(); });
    patience_ = std::min(2 * patience_, kMostPatience);
}

}  // namespace muster::sim
