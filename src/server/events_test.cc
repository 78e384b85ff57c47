// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/events.h"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

class EventsTest : public testing::Test {
protected:
    // The answer, when it came at once; else it comes to `answers_`.
    void ask(const std::string& last, const std::string& deployment = "") {
        net::HttpRequest request;
        if (!last.empty()) request.headers.emplace_back("Last-Event-ID", last);
        if (!deployment.empty()) request.query["deployment"] = deployment;
        events_.answer(request, [this](const net::HttpResponse& response) {
            EXPECT_EQ(response.content_type, "text/event-stream");
            answers_.push_back(response.body);
            if (answers_.size() == wanted_) loop_.stop();
        });
    }
    // Runs the loop until there are that many answers.
    void wait_for(std::size_t count) {
        wanted_ = count;
        const auto limit = loop_.after(std::chrono::seconds(60), [this] { loop_.stop(); });
        if (answers_.size() < count) loop_.run();
        ASSERT_EQ(answers_.size(), count);
    }
    void publish(std::int64_t deployment, int number) {
        events_.publish("step", deployment, Value::map().set("number", number));
    }

    net::Loop loop_;
    Events events_{loop_};
    std::vector<std::string> answers_;
    std::size_t wanted_ = 0;
};

TEST_F(EventsTest, ANewWatcherLearnsTheNumberToGoOnFrom) {
    publish(1, 1);
    publish(1, 2);
    ask("");
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0], "retry: 100\nid: 2\nevent: reset\ndata: {}\n\n");
}

TEST_F(EventsTest, AReturningWatcherGetsWhatHeMissedAndNothingTwice) {
    for (int number = 1; number <= 3; ++number) publish(1, number);
    ask("1");
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0],
              "id: 2\nevent: step\ndata: {\"number\":2}\n\n"
              "id: 3\nevent: step\ndata: {\"number\":3}\n\n");
}

TEST_F(EventsTest, EventsOfOtherDeploymentsAreLeftOut) {
    publish(1, 1);
    publish(2, 2);
    publish(0, 3);  // concerns all
    ask("0", "2");
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0].find("\"number\":1"), std::string::npos);
    EXPECT_NE(answers_[0].find("\"number\":2"), std::string::npos);
    EXPECT_NE(answers_[0].find("\"number\":3"), std::string::npos);
}

TEST_F(EventsTest, WhoIsTooFarBehindOrOfAnotherServerReadsEverythingAgain) {
    for (int number = 1; number <= 20'010; ++number) publish(1, number);
    ask("5");
    ask("20011");
    ask("99999");
    ask("10");
    ASSERT_EQ(answers_.size(), 4U);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(answers_[static_cast<std::size_t>(i)], "id: 20010\nevent: reset\ndata: {}\n\n");
    }
    EXPECT_TRUE(answers_[3].starts_with("id: 11\n")) << answers_[3].substr(0, 40);
}

TEST_F(EventsTest, AWaitingWatcherIsToldWhenSomethingHappens) {
    publish(1, 1);
    ask("1");
    EXPECT_TRUE(answers_.empty());
    publish(1, 2);
    publish(1, 3);
    wait_for(1);
    EXPECT_TRUE(answers_[0].starts_with("id: 2\n"));
    EXPECT_NE(answers_[0].find("id: 3\n"), std::string::npos);
}

TEST_F(EventsTest, AWatcherOfNothingIsAnsweredWithACommentAfterAWhile) {
    publish(1, 1);
    ask("1");
    wait_for(1);
    EXPECT_EQ(answers_[0], ": nothing happened\n\n");
}

TEST_F(EventsTest, ItIsKnownWhetherAnybodyWatches) {
    EXPECT_FALSE(events_.anybody_watches());
    ask("");
    EXPECT_TRUE(events_.anybody_watches());
}

}  // namespace
}  // namespace muster::server
