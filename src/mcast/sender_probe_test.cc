// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a sender settles the size of its symbols: with whom, when, and that content never waits.
#include <gtest/gtest.h>

#include "mcast/sender.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SenderProbe : public testing::Test, public Sender::Mediator {
protected:
    void prepare_rows(GroupId, std::uint32_t, std::uint32_t) override {}
    void prepare_sources(GroupId) override {}

    static SenderOptions options() {
        SenderOptions options;
        options.rate_bits_per_second = 100'000'000;
        options.start = {2, seconds(20), false};
        options.largest_symbol_bytes = 8192;
        return options;
    }
    static LayoutOptions layout_options() {
        LayoutOptions options;
        options.image_bytes = 3'000'000;
        options.manifest_bytes = 1112;
        return options;
    }
    MemberNumber join(const std::string& name) {
        JoinRequest request;
        request.name = name;
        request.wants_all = true;
        return sender_.on_join(now_, request).value();
    }
    // Everything sent in this time.
    void run(Duration duration) {
        for (const TimePoint end = now_ + duration; now_ < end;) {
            while (auto outgoing = sender_.poll_packet(now_)) {
                if (const auto* probe = std::get_if<ProbePacket>(&outgoing->packet)) {
                    probes_.push_back(probe->symbol_bytes);
                } else if (!first_data_ && std::holds_alternative<DataPacket>(outgoing->packet)) {
                    first_data_ = now_;
                }
            }
            for (const auto& event : sender_.take_events()) {
                if (const auto* chosen = std::get_if<LayoutChosen>(&event)) {
                    chosen_.push_back(chosen->symbol_bytes);
                    chosen_at_ = now_;
                }
            }
            const TimePoint next = sender_.next_deadline(now_);
            now_ = std::min(end, std::max(next, now_ + std::chrono::microseconds(100)));
        }
    }

    TimePoint now_{seconds(1000)};
    Sender sender_{now_, Layout::create(layout_options()).value(), options(), *this};
    std::vector<std::uint16_t> probes_;
    std::vector<std::uint16_t> chosen_;
    std::optional<TimePoint> first_data_;
    TimePoint chosen_at_{};
};

TEST_F(SenderProbe, probes_while_members_gather_and_takes_what_all_can) {
    const auto a = join("a");
    run(milliseconds(200));
    EXPECT_EQ(probes_.size(), 9u);
    EXPECT_TRUE(chosen_.empty());
    sender_.on_probed(a, {8192});
    const auto b = join("b");
    run(milliseconds(10));
    sender_.on_probed(b, {8192});
    run(milliseconds(5));
    EXPECT_EQ(chosen_, (std::vector<std::uint16_t>{8192}));
    EXPECT_EQ(sender_.layout().symbol_bytes(), 8192);
    run(seconds(1));
    EXPECT_TRUE(first_data_.has_value());
    EXPECT_EQ(chosen_.size(), 1u);
}

TEST_F(SenderProbe, content_does_not_wait_for_whoever_does_not_answer) {
    join("a");
    const TimePoint started = now_;
    const auto b = join("b");
    run(milliseconds(20));
    sender_.on_probed(b, {1024});
    run(seconds(1));
    EXPECT_EQ(chosen_, (std::vector<std::uint16_t>{1024}));
    EXPECT_LE(*first_data_ - started, milliseconds(101));
    EXPECT_GE(*first_data_ - chosen_at_, milliseconds(29)) << "members are told before";
    EXPECT_EQ(sender_.layout().symbols_per_block(), 88u);
}

TEST_F(SenderProbe, without_any_answer_it_takes_what_the_usual_mtu_carries) {
    join("a");
    join("b");
    run(seconds(1));
    EXPECT_EQ(chosen_, (std::vector<std::uint16_t>{1408}));
}

TEST_F(SenderProbe, who_comes_late_is_not_probed_for) {
    const auto a = join("a");
    const auto b = join("b");
    run(milliseconds(20));
    sender_.on_probed(a, {1408});
    sender_.on_probed(b, {1408});
    run(milliseconds(200));
    const auto sent = probes_.size();
    sender_.on_probed(join("late"), {1024});
    run(milliseconds(500));
    EXPECT_EQ(probes_.size(), sent);
    EXPECT_EQ(sender_.layout().symbol_bytes(), 1408);
}

}  // namespace
}  // namespace muster::mcast
