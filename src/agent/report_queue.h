// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the agent has to tell the server and must not get lost with a connection: its log lines and
// the reports of its steps, numbered in one row and kept until the server has acknowledged them.
// Everything leaves in the order of its number, because an acknowledgement covers all before it.
// The queue is bounded: the oldest lines go first, reports of steps last, and a line says how many
// are gone. No clock and no socket: time comes in, messages come out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "agent/reports.h"
#include "base/time.h"
#include "base/value.h"

namespace muster::agent {

struct ReportQueueLimits {
    std::size_t entries = 10'000;
    std::size_t bytes = 4u << 20;
};

class ReportQueue {
public:
    explicit ReportQueue(ReportQueueLimits limits = {}) : limits_(limits) {}

    // `at_ms`: wall clock, for people. `step`: the one under way. A very long text is cut.
    void add_line(std::int64_t at_ms, std::string_view level, std::optional<std::size_t> step,
                  std::string text);
    void add_step(std::int64_t at_ms, const StepReport& report);

    // A new connection: whatever is not acknowledged is to be sent, again or for the first time.
    void on_connected() { next_seq_ = 0; }
    // Everything up to `seq` is in the server's hands.
    void on_acknowledged(std::uint64_t seq);

    // The next message to send. Lines leave in batches, at most four a second and one more before
    // the report of a step.
    std::optional<Value> poll_message(TimePoint now);
    // When poll_message() will have something, unless it has now; nothing once all was sent.
    std::optional<TimePoint> next_deadline() const;
    bool all_sent() const { return first_unsent() == entries_.end(); }
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::uint64_t seq = 0;
        std::int64_t at_ms = 0;
        std::string level;
        std::optional<std::size_t> step;
        std::string text;
        std::optional<StepReport> report;  // then it is no line
        std::uint64_t dropped = 0;         // then it is the line that says so
        std::size_t bytes() const;
    };
    using Entries = std::deque<Entry>;

    Entries::const_iterator first_unsent() const;
    void add(Entry entry);
    void drop_one();

    const ReportQueueLimits limits_;
    Entries entries_;  // by number
    std::size_t bytes_ = 0;
    std::uint64_t last_seq_ = 0;
    std::uint64_t next_seq_ = 0;  // what is below was sent on this connection
    TimePoint next_batch_at_{};
};

}  // namespace muster::agent
