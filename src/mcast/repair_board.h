// SPDX-License-Identifier: GPL-3.0-or-later
//
// The sender's side of repair: for every group whose sources were sent, how many repair rows have
// been sent and how many somebody needs.
//
// A NAK says "having seen rows 0..s-1, I still miss d". That is a request for the row stream to go
// on to row s+d at least, whatever else was sent meanwhile, so requests merge by maximum, are
// idempotent, and never make the sender send too much because they arrived late or twice. The
// rows on request go through the same loss, so s+d is reached sooner when a requester with loss p
// gets d/(1-p): fewer rounds for less than 0.1 % more symbols. Row numbers are never used twice.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "mcast/layout.h"
#include "mcast/packet.h"

namespace muster::mcast {

class RepairBoard {
public:
    explicit RepairBoard(const Layout& layout);

    // Sources of the group are being sent (again): until all are, nobody can know what it lacks.
    void on_sources_begun(GroupId group) { close(group); }
    // The group's sources have all been sent; packet_number is the last of them. From now on it
    // is advertised, and older NAKs about it are void.
    void on_sources_sent(GroupId group, std::uint64_t packet_number);
    // Nobody wants it any more: no more rows, no more adverts.
    void on_satisfied(GroupId group) { close(group); }
    bool is_open(GroupId group) const { return state_of(group).open; }

    // True when whoever had seen packets up to `highest_seen` knew nothing of the last sources.
    bool is_void(GroupId group, std::uint64_t highest_seen) const {
        return highest_seen < state_of(group).closed_at_packet;
    }

    struct Request {
        GroupId group;
        std::uint32_t rows_seen = 0;
        std::uint32_t deficit = 0;
        double loss = 0;
        std::uint64_t highest_seen = 0;
    };
    // By how many rows the target rose; 0 when it was void or already covered.
    std::uint32_t on_request(const Request& request);

    struct Row {
        GroupId group;
        std::uint32_t row = 0;
    };
    // The next row of each of the first `count` groups that have any to send, oldest request
    // first. Take one by on_row_sent().
    std::vector<Row> next_rows(std::size_t count) const;
    void on_row_sent(const Row& row);
    bool has_rows() const { return !pending_.empty(); }
    // Rows below this one are wanted.
    std::uint32_t target(GroupId group) const { return state_of(group).rows_target; }
    std::uint32_t rows_sent(GroupId group) const { return state_of(group).rows_sent; }

    // At most kMaxAdverts open groups: the most recently closed first, then those with rows to
    // send, then the others in turn.
    std::vector<GroupAdvert> adverts();
    std::size_t open_count() const { return open_.size(); }
    // In the order of closing.
    const std::deque<GroupId>& open_groups() const { return open_; }

private:
    struct Group {
        std::uint32_t rows_sent = 0;
        std::uint32_t rows_target = 0;
        std::uint64_t closed_at_packet = 0;
        bool open = false;
    };
    Group state_of(GroupId group) const;
    void close(GroupId group);
    GroupAdvert advert(GroupId group) const;

    const Layout& layout_;
    std::unordered_map<GroupId, Group> groups_;  // those that were ever sent
    std::deque<GroupId> open_;
    std::deque<GroupId> pending_;  // groups with rows to send, oldest request first
    std::size_t turn_ = 0;
};

}  // namespace muster::mcast
