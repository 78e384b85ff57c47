// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/report_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::agent {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kStart{std::chrono::seconds(100)};

// "log 1 2 3", "step 4"
std::string describe(const Value& message) {
    if (*message.string_at("type") == "step") {
        return "step " + std::to_string(*message.int_at("seq"));
    }
    std::string words = *message.string_at("type");
    for (const auto& line : *message.find("lines")->as_list()) {
        words += " " + std::to_string(*line.int_at("seq"));
    }
    return words;
}

using Sent = std::vector<std::string>;

Sent sent(ReportQueue& queue, TimePoint now) {
    Sent messages;
    while (auto message = queue.poll_message(now)) messages.push_back(describe(*message));
    return messages;
}

void add_lines(ReportQueue& queue, int count) {
    for (int i = 0; i < count; ++i) queue.add_line(5, "info", 1, "line");
}

TEST(ReportQueue, NumbersLinesAndStepsInOneRowAndSendsThemInItsOrder) {
    ReportQueue queue;
    add_lines(queue, 2);
    queue.add_step(6, {0, "Partition", "started", ""});
    queue.add_step(7, {0, "Partition", "succeeded", ""});
    add_lines(queue, 1);
    EXPECT_EQ(sent(queue, kStart), (Sent{"log 1 2", "step 3", "step 4"}));
    EXPECT_EQ(sent(queue, kStart + milliseconds(250)), (Sent{"log 5"}));
    EXPECT_TRUE(queue.all_sent());
    EXPECT_FALSE(queue.next_deadline());
}

TEST(ReportQueue, SaysEverythingOfALineAndOfAStep) {
    ReportQueue queue;
    queue.add_line(1'700'000'000'123, "warning", std::nullopt, "cable out");
    queue.add_line(2, "info", 1, "again");
    queue.add_step(3, {1, "Apply", "failed", "no room"});
    const auto log = queue.poll_message(kStart);
    const auto& lines = *log->find("lines")->as_list();
    EXPECT_EQ(*lines[0].int_at("at_ms"), 1'700'000'000'123);
    EXPECT_EQ(*lines[0].string_at("level"), "warning");
    EXPECT_EQ(*lines[0].string_at("text"), "cable out");
    EXPECT_EQ(lines[0].find("step"), nullptr) << "no step was under way";
    EXPECT_EQ(*lines[1].int_at("step"), 1);
    const auto step = queue.poll_message(kStart);
    EXPECT_EQ(*step->int_at("index"), 1);
    EXPECT_EQ(*step->string_at("name"), "Apply");
    EXPECT_EQ(*step->string_at("outcome"), "failed");
    EXPECT_EQ(*step->string_at("message"), "no room");
    EXPECT_EQ(*step->int_at("at_ms"), 3);
}

TEST(ReportQueue, SendsAtMostFourBatchesASecond) {
    ReportQueue queue;
    int batches = 0;
    for (auto now = kStart; now < kStart + milliseconds(1000); now += milliseconds(10)) {
        add_lines(queue, 1);
        batches += static_cast<int>(sent(queue, now).size());
    }
    EXPECT_EQ(batches, 4);
    EXPECT_EQ(queue.next_deadline(), kStart + milliseconds(1000));
}

TEST(ReportQueue, ManyLinesGoInSeveralBatches) {
    ReportQueue queue;
    add_lines(queue, 700);
    const auto first = queue.poll_message(kStart);
    EXPECT_EQ(first->find("lines")->as_list()->size(), 500u);
    EXPECT_FALSE(queue.poll_message(kStart));
    EXPECT_EQ(queue.poll_message(kStart + milliseconds(250))->find("lines")->as_list()->size(),
              200u);
}

TEST(ReportQueue, KeepsWhatIsNotAcknowledgedAndSendsItAgainOnANewConnection) {
    ReportQueue queue;
    add_lines(queue, 2);
    queue.add_step(6, {0, "Partition", "started", ""});
    sent(queue, kStart);
    queue.on_acknowledged(1);
    EXPECT_EQ(queue.size(), 2u);
    queue.on_connected();
    EXPECT_EQ(sent(queue, kStart + milliseconds(1)), (Sent{"log 2", "step 3"}));
    queue.on_acknowledged(3);
    queue.on_connected();
    EXPECT_EQ(sent(queue, kStart + milliseconds(2)), Sent{});
    EXPECT_EQ(queue.size(), 0u);
}

TEST(ReportQueue, AnAcknowledgementOfWhatWasNeverSentDropsNothing) {
    ReportQueue queue;
    add_lines(queue, 1);
    queue.on_acknowledged(1'000'000);
    EXPECT_EQ(sent(queue, kStart), (Sent{"log 1"}));
    add_lines(queue, 1);
    queue.on_acknowledged(1'000'000);
    EXPECT_EQ(sent(queue, kStart + milliseconds(250)), (Sent{"log 2"}));
}

TEST(ReportQueue, DropsTheOldestLinesAndSaysHowManyAndKeepsTheSteps) {
    ReportQueue queue({.entries = 10, .bytes = 1 << 20});
    queue.add_step(6, {0, "Partition", "started", ""});
    add_lines(queue, 20);
    EXPECT_EQ(queue.size(), 10u);
    const auto step = queue.poll_message(kStart);
    EXPECT_EQ(describe(*step), "step 1");
    const auto log = queue.poll_message(kStart);
    EXPECT_EQ(describe(*log), "log 13 14 15 16 17 18 19 20 21");
    const auto& gap = log->find("lines")->as_list()->front();
    EXPECT_EQ(*gap.string_at("level"), "warning");
    EXPECT_EQ(gap.string_at("text")->substr(0, 30), "12 reports are missing here: t");
}

TEST(ReportQueue, DropsStepsWhenThereIsNothingElseToDrop) {
    ReportQueue queue({.entries = 3, .bytes = 1 << 20});
    for (int i = 0; i < 5; ++i) queue.add_step(1, {0, "Partition", "started", ""});
    EXPECT_EQ(queue.size(), 3u);
    EXPECT_EQ(sent(queue, kStart), (Sent{"log 3", "step 4", "step 5"}));
}

TEST(ReportQueue, IsBoundedInBytesToo) {
    ReportQueue queue({.entries = 1000, .bytes = 20'000});
    for (int i = 0; i < 100; ++i) {
        queue.add_line(1, "info", 1, std::string(1'000'000, 'x'));
        EXPECT_LE(queue.size(), 6u);
    }
    const auto log = queue.poll_message(kStart);
    const auto& lines = *log->find("lines")->as_list();
    EXPECT_LT(lines.back().string_at("text")->size(), 5000u) << "a long line is cut";
    EXPECT_EQ(*lines.back().int_at("seq"), 100);
}

TEST(ReportQueue, WhoeverNeverAcknowledgesIsNotToldOnTheSameConnectionWhatWasDropped) {
    ReportQueue queue({.entries = 5, .bytes = 1 << 20});
    auto now = kStart;
    for (int i = 1; i <= 20; ++i, now += milliseconds(250)) {
        add_lines(queue, 1);
        EXPECT_EQ(sent(queue, now), (Sent{"log " + std::to_string(i)}));
    }
    queue.on_connected();
    EXPECT_EQ(sent(queue, now), (Sent{"log 16 17 18 19 20"}));
}

}  // namespace
}  // namespace muster::agent
