// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/group_plan.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace muster::mcast {

namespace {

constexpr double kGoal = 0.01;  // of e / K
constexpr std::uint32_t kMostInterleave = 8;
// By so much more interleaving must bring e down to be worth its memory.
constexpr double kWorthwhile = 0.9;
// To go back to less interleaving the prediction must be so much below the goal: at depth 8 little
// is left of a burst to predict from.
constexpr double kSafety = 0.8;
// After so long the first requests for a group are in: T_b and what a round trip takes.
constexpr Duration kSettling = std::chrono::milliseconds(30);
constexpr std::size_t kSamples = 9;
constexpr std::size_t kMostRecent = 512;

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Of N normal deviates the expected greatest (Cramér's asymptotic form, at least that of two).
double expected_maximum(std::uint32_t n) {
    const double l = std::log(std::max(3.0, static_cast<double>(n)));
    const double root = std::sqrt(2 * l);
    return std::max(0.56, root - (std::log(l) + std::log(4 * M_PI)) / (2 * root) + 0.5772 / root);
}

// V(I) for a correlation r between neighbours.
double spread_factor(double r, std::uint32_t interleave) {
    const double power = std::pow(r, interleave);
    return (1 + power) / (1 - power);
}

}  // namespace

void GroupPlan::on_sources_sent(TimePoint now, GroupId group, std::uint32_t interleave) {
    if (layout_.is_manifest(group) || recent_.size() == kMostRecent) return;
    recent_.push_back({group, now, interleave});
}

void GroupPlan::on_deficit(GroupId group, double deficit, double loss, std::uint64_t datagrams) {
    for (auto* list : {&recent_, &settled_}) {
        for (auto& sample : *list) {
            if (sample.group != group || deficit <= sample.deficit) continue;
            sample.deficit = deficit;
            const double symbols = layout_.symbols_in_group(group);
            // Its loss so far includes this group, which is why it speaks, and others that shared
            // the same bursts; that would hide e.
            const double before = static_cast<double>(datagrams) - symbols * sample.interleave;
            const double lost = loss * static_cast<double>(datagrams) - deficit * sample.interleave;
            sample.loss_before = before < symbols ? -1 : std::clamp(lost / before, 0.0, 0.99);
        }
    }
}

std::optional<GroupPlan::Spread> GroupPlan::measure() const {
    std::vector<double> a;
    std::vector<double> losses;
    for (const auto& sample : settled_) {
        if (sample.interleave != interleave_) continue;
        if (sample.deficit > 0 && sample.loss_before < 0) continue;
        const double symbols = layout_.symbols_in_group(sample.group);
        const double loss = std::max(0.0, sample.loss_before);
        a.push_back(std::max(0.0, sample.deficit - symbols * loss) / std::sqrt(symbols));
        losses.push_back(loss);
    }
    if (a.empty()) return std::nullopt;
    return Spread{median(std::move(a)), median(std::move(losses))};
}

GroupShape GroupPlan::shape_for(const Spread& spread, std::uint32_t members,
                                std::uint32_t most_interleave) const {
    const double z = expected_maximum(members);
    const double independent = z * z * std::max(1e-4, spread.loss * (1 - spread.loss));
    const double v = std::max(1.0, spread.a * spread.a / independent);
    const double r = std::pow((v - 1) / (v + 1), 1.0 / interleave_);
    const auto excess = [&](std::uint8_t blocks_log2, std::uint32_t interleave) {
        const double symbols = layout_.symbols_per_block() << blocks_log2;
        const double factor = spread_factor(r, interleave) / v;
        const double predicted = spread.a * std::sqrt(factor / symbols);
        return interleave < interleave_ ? predicted / kSafety : predicted;
    };
    const std::uint8_t longest = layout_.longest_group_log2();
    for (std::uint8_t g = layout_.shortest_group_log2(); g <= longest; ++g) {
        if (excess(g, 1) <= kGoal) return {g, 1};
    }
    GroupShape shape{longest, 1};
    while (excess(longest, shape.interleave) > kGoal && shape.interleave * 2 <= most_interleave &&
           excess(longest, shape.interleave * 2) <
               kWorthwhile * excess(longest, shape.interleave)) {
        shape.interleave *= 2;
    }
    return shape;
}

GroupShape GroupPlan::choose(TimePoint now, std::uint32_t members, std::uint32_t room_blocks) {
    while (!recent_.empty() && recent_.front().sent_at + kSettling <= now) {
        settled_.push_back(recent_.front());
        recent_.pop_front();
        if (settled_.size() > kSamples) settled_.pop_front();
    }
    std::uint32_t most = kMostInterleave;
    while (most > 1 && (2 * most << layout_.longest_group_log2()) > room_blocks) most /= 2;
    GroupShape shape{layout_.longest_group_log2(), std::min(interleave_, most)};
    if (const auto spread = measure()) shape = shape_for(*spread, members, most);
    interleave_ = shape.interleave;
    return shape;
}

}  // namespace muster::mcast
