// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/report_queue.h"

#include <algorithm>

namespace muster::agent {

namespace {
constexpr Duration kBatchInterval = std::chrono::milliseconds(250);
constexpr std::size_t kBatchLines = 500;
constexpr std::size_t kBatchBytes = 256u << 10;
constexpr std::size_t kLineBytes = 4096;  // of a line's text
constexpr std::size_t kEntryBytes = 100;  // what an entry costs beside its text

// At most so many bytes, and no half of a UTF-8 character at the end.
void cut(std::string& text, std::size_t limit) {
    if (text.size() <= limit) return;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
    text.resize(limit);
    text += " ...";
}

Value step_message(const StepReport& report) {
    Value message = Value::map();
    message.set("type", "step").set("index", std::uint64_t{report.index});
    message.set("name", report.name).set("outcome", report.outcome);
    message.set("message", report.message);
    return message;
}

}  // namespace

std::size_t ReportQueue::Entry::bytes() const {
    const std::size_t words = report ? report->name.size() + report->message.size() : text.size();
    return kEntryBytes + words;
}

void ReportQueue::add_line(std::int64_t at_ms, std::string_view level,
                           std::optional<std::size_t> step, std::string text) {
    Entry entry;
    entry.at_ms = at_ms;
    entry.level = level;
    entry.step = step;
    entry.text = std::move(text);
    cut(entry.text, kLineBytes);
    add(std::move(entry));
}

void ReportQueue::add_step(std::int64_t at_ms, const StepReport& report) {
    Entry entry;
    entry.at_ms = at_ms;
    entry.report = report;
    cut(entry.report->message, kLineBytes);
    add(std::move(entry));
}

void ReportQueue::add(Entry entry) {
    entry.seq = ++last_seq_;
    bytes_ += entry.bytes();
    entries_.push_back(std::move(entry));
    while (entries_.size() > 1 && (entries_.size() > limits_.entries || bytes_ > limits_.bytes)) {
        drop_one();
    }
}

// The line that says how many are gone stands where the last of them stood.
void ReportQueue::drop_one() {
    std::uint64_t dropped = 1;
    const auto gap = std::find_if(entries_.begin(), entries_.end(),
                                  [](const Entry& entry) { return entry.dropped > 0; });
    if (gap != entries_.end()) {
        dropped += gap->dropped;
        bytes_ -= gap->bytes();
        entries_.erase(gap);
    }
    auto victim = std::find_if(entries_.begin(), entries_.end(),
                               [](const Entry& entry) { return !entry.report; });
    if (victim == entries_.end()) victim = entries_.begin();
    bytes_ -= victim->bytes();
    victim->report.reset();
    victim->level = "warning";
    victim->dropped = dropped;
    victim->text = std::to_string(dropped) +
                   " reports are missing here: the server did not acknowledge them, and no more "
                   "could be kept";
    bytes_ += victim->bytes();
}

void ReportQueue::on_acknowledged(std::uint64_t seq) {
    while (!entries_.empty() && entries_.front().seq <= seq && entries_.front().seq < next_seq_) {
        bytes_ -= entries_.front().bytes();
        entries_.pop_front();
    }
}

ReportQueue::Entries::const_iterator ReportQueue::first_unsent() const {
    return std::lower_bound(entries_.begin(), entries_.end(), next_seq_,
                            [](const Entry& entry, std::uint64_t seq) { return entry.seq < seq; });
}

std::optional<TimePoint> ReportQueue::next_deadline() const {
    if (all_sent()) return std::nullopt;
    return next_batch_at_;
}

std::optional<Value> ReportQueue::poll_message(TimePoint now) {
    auto entry = first_unsent();
    if (entry == entries_.end()) return std::nullopt;
    if (entry->report) {
        next_seq_ = entry->seq + 1;
        Value message = step_message(*entry->report);
        message.set("seq", entry->seq).set("at_ms", entry->at_ms);
        return message;
    }
    auto end = entry;
    std::size_t bytes = 0;
    for (std::size_t lines = 0; end != entries_.end() && !end->report; ++end, ++lines) {
        bytes += end->bytes();
        if (lines == kBatchLines || (lines > 0 && bytes > kBatchBytes)) break;
    }
    const bool step_waits = end != entries_.end() && end->report;
    if (now < next_batch_at_ && !step_waits) return std::nullopt;
    next_batch_at_ = now + kBatchInterval;
    Value lines = Value::list();
    for (; entry != end; ++entry) {
        Value line = Value::map();
        line.set("seq", entry->seq).set("at_ms", entry->at_ms).set("level", entry->level);
        if (entry->step) line.set("step", std::uint64_t{*entry->step});
        line.set("text", entry->text);
        lines.push(std::move(line));
        next_seq_ = entry->seq + 1;
    }
    return Value::map().set("type", "log").set("lines", std::move(lines));
}

}  // namespace muster::agent
