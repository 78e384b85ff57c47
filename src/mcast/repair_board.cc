// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/repair_board.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace muster::mcast {

namespace {
// A requester that claims more loss than this is answered as if it had this: one that loses half
// belongs into another stream, and one that lies should not double the room's traffic.
constexpr double kMaxInflationLoss = 0.5;
constexpr std::size_t kFreshAdverts = 24;
}  // namespace

RepairBoard::RepairBoard(const Layout& layout) : layout_(layout) {}

RepairBoard::Group RepairBoard::state_of(GroupId group) const {
    const auto it = groups_.find(group);
    return it == groups_.end() ? Group() : it->second;
}

void RepairBoard::on_sources_sent(GroupId group, std::uint64_t packet_number) {
    Group& state = groups_[group];
    state.closed_at_packet = packet_number;
    state.rows_target = state.rows_sent;
    if (state.open) std::erase(open_, group);
    state.open = true;
    open_.push_back(group);
    std::erase(pending_, group);
}

void RepairBoard::close(GroupId group) {
    const auto it = groups_.find(group);
    if (it == groups_.end() || !it->second.open) return;
    Group& state = it->second;
    state.open = false;
    state.rows_target = state.rows_sent;
    std::erase(open_, group);
    std::erase(pending_, group);
}

std::uint32_t RepairBoard::on_request(const Request& request) {
    const auto it = groups_.find(request.group);
    if (it == groups_.end() || !it->second.open) return 0;
    Group& state = it->second;
    if (request.highest_seen < state.closed_at_packet) return 0;
    const std::uint32_t symbols = layout_.symbols_in_group(request.group);
    const std::uint32_t deficit = std::min(request.deficit, symbols);
    const double loss = std::clamp(request.loss, 0.0, kMaxInflationLoss);
    const auto rows = static_cast<std::uint32_t>(std::ceil(deficit / (1 - loss)));
    const std::uint32_t seen = std::min(request.rows_seen, state.rows_sent);
    // What was sent after the requester looked will mostly reach it, so it counts.
    const std::uint32_t needed = seen + deficit;
    if (needed <= state.rows_target) return 0;
    const std::uint32_t target = std::max(seen + rows, needed);
    const std::uint32_t capped = std::min(target, state.rows_sent + 2 * symbols);
    if (capped <= state.rows_target) return 0;
    const std::uint32_t raised = capped - state.rows_target;
    if (state.rows_target == state.rows_sent) pending_.push_back(request.group);
    state.rows_target = capped;
    return raised;
}

std::vector<RepairBoard::Row> RepairBoard::next_rows(std::size_t count) const {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < std::min(count, pending_.size()); ++i) {
        rows.push_back({pending_[i], state_of(pending_[i]).rows_sent});
    }
    return rows;
}

void RepairBoard::on_row_sent(const Row& row) {
    Group& state = groups_.at(row.group);
    CHECK(row.row == state.rows_sent && state.rows_sent < state.rows_target);
    if (++state.rows_sent == state.rows_target) std::erase(pending_, row.group);
}

GroupAdvert RepairBoard::advert(GroupId group) const {
    const Group state = state_of(group);
    return {group.start_block, state.rows_sent, state.rows_target, group.blocks_log2};
}

std::vector<GroupAdvert> RepairBoard::adverts() {
    std::vector<GroupAdvert> list;
    std::vector<GroupId> chosen;
    auto choose = [&](GroupId group) {
        if (list.size() >= kMaxAdverts) return;
        if (std::find(chosen.begin(), chosen.end(), group) != chosen.end()) return;
        chosen.push_back(group);
        list.push_back(advert(group));
    };
    const std::size_t fresh = std::min(open_.size(), kFreshAdverts);
    for (std::size_t i = 0; i < fresh; ++i) choose(open_[open_.size() - 1 - i]);
    for (std::size_t i = 0; i < std::min(pending_.size(), kFreshAdverts); ++i) choose(pending_[i]);
    for (std::size_t i = 0; i < open_.size() && list.size() < kMaxAdverts; ++i) {
        choose(open_[turn_++ % open_.size()]);
    }
    return list;
}

}  // namespace muster::mcast
