// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/slow_computers.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace muster::mcast {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Action = SlowAction::Kind;

constexpr Duration kAnswers = seconds(2);  // who was heard since takes part in its turn
// More than a cable that was out for a moment leaves behind, interleaved as groups may be.
constexpr std::size_t kGreedyGroups = 24;
constexpr Duration kRemind = seconds(1);
constexpr Duration kCalled = seconds(3);
constexpr double kSlowest = 100e3;  // bits per second
constexpr double kDip = 0.7;
constexpr double kLeastToDipFrom = 1e6;  // bits per second
constexpr std::size_t kLeastOfARoom = 3;
constexpr Duration kLookAtRoom = milliseconds(20);
constexpr std::size_t kUnknownGroups = 2;
constexpr std::uint32_t kHeardAtOnce = 50;  // members, every 100 ms
constexpr double kMuchSlower = 0.25;        // than another that is served
constexpr Duration kShortestDip = milliseconds(350);
constexpr Duration kLongestDip = seconds(2);
constexpr std::uint32_t kMostDips = 3;  // for one member
constexpr double kWirePerPayload = 1486.0 / 1408;
constexpr double kOfSink = 0.97;
constexpr double kLittleBacklogBytes = 1 << 20;
constexpr double kLittleBacklogSeconds = 0.15;
constexpr double kIdleGrowth = 0.5;        // per second
constexpr std::uint32_t kLittleMore = 96;  // symbols: chance and bursts, in small groups

std::string megabits(double bits_per_second) {
    const long tenths = std::lround(bits_per_second / 1e5);
    if (tenths >= 100) return std::to_string((tenths + 5) / 10) + " Mbit/s";
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " Mbit/s";
}

std::string percent(double share) { return std::to_string(static_cast<int>(100 * share)) + " %"; }

bool wants(const Member& member) { return member.is_live() && member.blocks_missing > 0; }

}  // namespace

std::string_view to_string(SlowPolicy policy) {
    switch (policy) {
        case SlowPolicy::defer: return "defer";
        case SlowPolicy::wait: return "wait";
        case SlowPolicy::evict: return "evict";
    }
    return "defer";
}

std::optional<SlowPolicy> slow_policy_from(std::string_view text) {
    for (const auto policy : {SlowPolicy::defer, SlowPolicy::wait, SlowPolicy::evict}) {
        if (to_string(policy) == text) return policy;
    }
    return std::nullopt;
}

void SlowComputers::on_joined(MemberNumber number, const std::string& name) {
    const auto it = slow_names_.find(name);
    if (it == slow_names_.end()) return;
    Record record = it->second;
    record.told = record.left = false;
    record.big_requests.clear();
    record.called_at.reset();
    record.probe = {};
    records_.insert_or_assign(number, std::move(record));
}

void SlowComputers::on_feedback(MemberNumber number, const Member& member,
                                const std::optional<ReceptionInterval>& told) {
    const FeedbackPacket& latest = member.reception.latest();
    const bool slow_sink = latest.takes_share && latest.sink_kbps > 0;
    // Nothing to remember of those that follow the stream.
    const bool heavy = told && told->loss() > PortProbe::kHeavyLoss / 2;
    auto it = records_.find(number);
    if (it == records_.end()) {
        if (!slow_sink && !heavy && !latest.away) return;
        it = records_.try_emplace(number).first;
    }
    Record& record = it->second;
    if (slow_sink || record.sink_bits_per_second > 0) follow_sink(member, told, record);
    if (latest.away && member.state == MemberState::active) record.left = true;
    if (!latest.away && record.called_at) record.called_at.reset();
    if (!told || latest.away || member.state == MemberState::away) return;
    record.interval = told->length;
    const Duration delay = std::max(member.reception.queue_delay() - room_delay_, Duration::zero());
    const bool paced = policy_ == SlowPolicy::wait || member.state == MemberState::deferred;
    if (record.port && paced) {
        record.port->on_interval(*told, delay);
    } else {
        record.probe.on_interval(*told, delay);
    }
}

// What it says it sustains was measured with the work it had: given little, it may say too little.
// While nothing waits it gets more, until something does.
void SlowComputers::follow_sink(const Member& member, const std::optional<ReceptionInterval>& told,
                                Record& record) {
    const FeedbackPacket& latest = member.reception.latest();
    const double says = 1000.0 * latest.sink_kbps;
    const double backlog = static_cast<double>(member.reception.backlog_bytes());
    const bool idle =
        !latest.takes_share && (backlog < kLittleBacklogBytes ||
                                8 * backlog < kLittleBacklogSeconds * record.sink_bits_per_second);
    if (!idle && says > 0) {
        record.sink_bits_per_second = says;
    } else if (told) {
        const double seconds = std::min(to_seconds(told->length), 0.5);
        record.sink_bits_per_second =
            std::max(says, record.sink_bits_per_second * (1 + kIdleGrowth * seconds));
    }
}

bool SlowComputers::holds_request(TimePoint now, MemberNumber number, const Member& member,
                                  double loss, const NakEntry& entry, std::uint32_t group_symbols,
                                  const Membership& membership) {
    const bool known = !member.reception.empty() && now - member.reception.heard_at() < seconds(1);
    const double recent = known ? member.reception.loss() : loss;
    const bool big =
        3ULL * entry.deficit > group_symbols + 3ULL * kLittleMore || recent > PortProbe::kHeavyLoss;
    if (big && now >= look_at_room_) {
        look_at_room_ = now + kLookAtRoom;
        room_is_lossy_ = is_room_lossy(membership);
    }
    if (room_is_lossy_) return false;
    const auto it = records_.find(number);
    if (!big) {
        if (it != records_.end()) it->second.big_requests.clear();
        return false;
    }
    Record& record = it != records_.end() ? it->second : records_[number];
    if (record.big_requests.size() < kGreedyGroups) record.big_requests.insert(entry.start_block);
    // Of a large fleet most have not spoken when the first group is over.
    const bool is_known = !member.reception.empty() || undemanding_ <= kHeardAtOnce ||
                          record.big_requests.size() > kUnknownGroups;
    return is_known && undemanding_ > 0 && member.state == MemberState::active;
}

// ---- decisions ----

void SlowComputers::begin_dip(TimePoint now, Record& record) {
    if (now < next_dip_) return;
    ++record.dips;
    // Of our own rate: what a member says of it may be false.
    dip_ = kDip * std::max(sending_at_, kLeastToDipFrom);
    dip_until_ = now + std::clamp<Duration>(record.interval * 7 / 2, kShortestDip, kLongestDip);
    next_dip_ = dip_until_ + (dip_until_ - now);
}

void SlowComputers::judge(TimePoint now, const Member& member, Record& record) {
    if (record.kind == Kind::slow_port || room_is_lossy_) return;
    auto verdict = record.probe.verdict();
    if (record.left && verdict != PortProbe::Verdict::lossy) {
        verdict = PortProbe::Verdict::slow_port;
    }
    if (verdict == PortProbe::Verdict::suspect && record.dips >= kMostDips && now > next_dip_) {
        verdict = PortProbe::Verdict::lossy;  // no sign of a port
    }
    const double sent = record.probe.sent_bits_per_second();
    const double delivered = record.probe.delivered_bits_per_second();
    switch (verdict) {
        case PortProbe::Verdict::sound: break;
        case PortProbe::Verdict::suspect: begin_dip(now, record); break;
        case PortProbe::Verdict::lossy:
            if (record.kind == Kind::lossy) break;
            record.kind = Kind::lossy;
            record.why = "loses " + percent(record.probe.loss()) + " of whatever is sent to it";
            record.told = false;
            break;
        case PortProbe::Verdict::slow_port:
            // Who left before anything was measured gets what was measured last.
            if (delivered <= 0 && !member.reception.empty()) {
                record.port.emplace(
                    std::max(kSlowest, member.reception.delivered_bits_per_second()));
            } else {
                record.port.emplace(std::max(kSlowest, delivered));
            }
            record.kind = Kind::slow_port;
            record.told = false;
            record.why = "its port carries " + megabits(delivered) +
                         (sent > delivered ? " of " + megabits(sent) : std::string());
            break;
    }
    const bool greedy = record.kind == Kind::normal &&
                        record.big_requests.size() >= kGreedyGroups && undemanding_ > 0;
    if (!greedy) return;
    record.kind = Kind::greedy;
    record.why = "asks for more than a third of what is sent, again and again";
    record.told = false;
}

int SlowComputers::rank(const Member& member, const Record& record) const {
    // What it will be in a moment counts, not its state.
    if (record.kind == Kind::greedy) return kTurnOfGreedy;
    if (policy_ == SlowPolicy::wait && member.state == MemberState::active) return 0;
    if (record.kind == Kind::lossy) return 1;
    if (record.kind == Kind::slow_port || member.state == MemberState::away) {
        const bool far_slower = limit(record) < kMuchSlower * fastest_port_;
        return far_slower ? kTurnOfSlowest : kTurnOfPorts;
    }
    return member.state == MemberState::active ? 0 : kTurnOfGreedy;
}

double SlowComputers::limit(const Record& record) const {
    double limit = record.port ? record.port->bits_per_second() : 0;
    if (record.sink_bits_per_second > 0) {
        const double sink = kOfSink * kWirePerPayload * record.sink_bits_per_second;
        limit = limit == 0 ? sink : std::min(limit, sink);
    }
    return limit;
}

bool SlowComputers::is_room_lossy(const Membership& membership) const {
    std::size_t all = 0;
    std::size_t heavy = 0;
    for (const auto& [number, member] : membership.all()) {
        // Of a large fleet few have spoken at first: they stand for all.
        if (!wants(member) || (member.reception.empty() && member.loss == 0)) continue;
        ++all;
        const auto it = records_.find(number);
        const bool loses = member.loss > PortProbe::kHeavyLoss;
        const bool known = it != records_.end() &&
                           (it->second.left || it->second.probe.loss() > PortProbe::kHeavyLoss);
        heavy += loses || known;
    }
    return heavy >= kLeastOfARoom && 3 * heavy > 2 * all;
}

double SlowComputers::fastest_slow_port(const Membership& membership) const {
    double fastest = 0;
    for (const auto& [number, record] : records_) {
        const Member* member = membership.find(number);
        const bool served = member != nullptr && wants(*member);
        if (served && record.kind == Kind::slow_port) fastest = std::max(fastest, limit(record));
    }
    return fastest;
}

void SlowComputers::find_turn(TimePoint now, Membership& membership) {
    fastest_port_ = fastest_slow_port(membership);
    int lowest = kTurnOfGreedy + 1;
    undemanding_ = 0;
    std::optional<Duration> delay;
    static const Record kNobody;
    for (const auto& [number, unused] : membership.all()) {
        Member& member = *membership.find(number);
        if (!wants(member) || member.state == MemberState::unicast) continue;
        const auto it = records_.find(number);
        const Record& record = it == records_.end() ? kNobody : it->second;
        member.rank = rank(member, record);
        const Duration patience = std::max<Duration>(kAnswers, 3 * record.interval);
        const bool answers =
            member.state == MemberState::away || now - member.last_heard < patience;
        if (!answers) continue;
        lowest = std::min(lowest, member.rank);
        if (member.state != MemberState::active) continue;
        if (record.big_requests.empty() && record.kind == Kind::normal) ++undemanding_;
        if (member.reception.empty()) continue;
        const Duration its = member.reception.queue_delay();
        delay = delay ? std::min(*delay, its) : its;
    }
    // When nobody answers, those who are served now are waited for.
    if (lowest <= kTurnOfGreedy) turn_ = lowest;
    // Alone it has no room to compare with.
    room_delay_ = undemanding_ > 0 ? delay.value_or(Duration{}) : Duration{};
}

// As slow as the slowest, but not for one that is far slower than another: one computer with a
// failing disk, or that lies, does not stop the others that are slow.
void SlowComputers::find_pace(TimePoint now, const Membership& membership) {
    std::vector<double> limits;
    bool somebody_follows = false;
    for (const auto& [number, member] : membership.all()) {
        if (!wants(member) || member.state == MemberState::unicast || member.rank > turn_) continue;
        if (now - member.last_heard >= kAnswers && member.state != MemberState::away) continue;
        const auto it = records_.find(number);
        const double its = it == records_.end() ? 0 : limit(it->second);
        if (its == 0) somebody_follows = true;
        if (its > 0) limits.push_back(its);
    }
    const bool applies = policy_ == SlowPolicy::wait || turn_ == kTurnOfPorts ||
                         turn_ == kTurnOfSlowest || !somebody_follows;
    pace_ = 0;
    if (!applies || limits.empty()) return;
    const double fastest = *std::max_element(limits.begin(), limits.end());
    const double enough = policy_ == SlowPolicy::wait ? 0 : kMuchSlower * fastest;
    pace_ = std::numeric_limits<double>::max();
    for (const double its : limits) pace_ = its < enough ? pace_ : std::min(pace_, its);
    pace_ = std::max(pace_, kSlowest);
}

void SlowComputers::settle(TimePoint now, MemberNumber number, const Member& member, Record& record,
                           std::vector<SlowAction>& actions) {
    if (member.state == MemberState::unicast) return;
    if (record.kind == Kind::normal) {
        const bool strays = room_is_lossy_ && std::exchange(record.left, false);
        if (strays) actions.push_back({number, Action::stay, "all lose much, not its port alone"});
        return;
    }
    auto act = [&](Action kind, const std::string& why) { actions.push_back({number, kind, why}); };
    const bool is_new = !std::exchange(record.told, true);
    const bool left = std::exchange(record.left, false);
    const bool port = record.kind == Kind::slow_port;
    if (is_new && port) slow_names_.insert_or_assign(member.name, record);
    if (record.kind == Kind::greedy) {
        if (member.state == MemberState::active) act(Action::postpone, record.why);
    } else if (policy_ == SlowPolicy::wait) {
        if (is_new) act(Action::note, record.why + (port ? "; the session waits for it" : ""));
        if (left) act(Action::stay, record.why);
    } else if (policy_ == SlowPolicy::evict) {
        act(Action::evict, record.why);
    } else if (!port) {
        if (is_new) act(Action::postpone, record.why + "; repaired when the others are done");
        if (is_new || left) act(Action::stay, record.why);
    } else if (turn_ < member.rank && member.state != MemberState::away) {
        record.reminded_at = now;
        record.called_at.reset();
        act(Action::send_away, record.why + "; served when the others are done");
    } else if (turn_ >= member.rank && member.state == MemberState::away) {
        record.called_at = now;
        act(Action::call_back, record.why + "; served now, at that rate");
    } else if (member.state == MemberState::active) {
        act(Action::postpone, record.why);  // nobody else is there: it need not leave
        if (left) act(Action::stay, record.why);
    } else if (member.state == MemberState::away && now - record.reminded_at >= kRemind) {
        record.reminded_at = now;
        act(Action::remind, record.why);
    }
}

std::vector<SlowAction> SlowComputers::decide(TimePoint now, Membership& membership,
                                              std::uint64_t sending_at) {
    // During a dip it is less than it would be.
    if (now >= dip_until_) sending_at_ = static_cast<double>(sending_at);
    std::erase_if(records_, [&](const auto& entry) {
        const Member* member = membership.find(entry.first);
        const bool gone = member == nullptr || !member->is_live();
        if (gone && member != nullptr && entry.second.kind == Kind::slow_port) {
            slow_names_.insert_or_assign(member->name, entry.second);
        }
        return gone;
    });
    room_is_lossy_ = is_room_lossy(membership);
    for (auto& [number, record] : records_) judge(now, *membership.find(number), record);
    find_turn(now, membership);
    std::vector<SlowAction> actions;
    for (auto& [number, record] : records_) {
        settle(now, number, *membership.find(number), record, actions);
    }
    find_pace(now, membership);
    return actions;
}

bool SlowComputers::waits_for_called(TimePoint now) const {
    return std::any_of(records_.begin(), records_.end(), [&](const auto& entry) {
        return entry.second.called_at && now < *entry.second.called_at + kCalled;
    });
}

std::uint64_t SlowComputers::ceiling(TimePoint now) const {
    double least = pace_;
    if (now < dip_until_ && dip_ > 0) least = least == 0 ? dip_ : std::min(least, dip_);
    return static_cast<std::uint64_t>(least);
}

}  // namespace muster::mcast
