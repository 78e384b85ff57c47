// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/events.h"

#include <charconv>

#include "net/monotonic.h"
#include "text/json.h"

namespace muster::server {

namespace {

constexpr std::size_t kKept = 20'000;
constexpr Duration kLongest = std::chrono::seconds(20);
constexpr Duration kGather = std::chrono::milliseconds(50);  // what comes together goes together
constexpr Duration kForgotten = std::chrono::seconds(60);

std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc() && end == text.data() + text.size() ? number : 0;
}

net::HttpResponse stream(std::string text) {
    auto response = net::HttpResponse::text(200, "");
    response.body = std::move(text);
    response.content_type = "text/event-stream";
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

std::string reset_event(std::uint64_t id) {
    return "id: " + std::to_string(id) + "\nevent: reset\ndata: {}\n\n";
}

}  // namespace

bool Events::anybody_watches() const {
    return !waiting_.empty() || net::monotonic_now() < last_asked_ + kForgotten;
}

void Events::publish(std::string_view type, std::int64_t deployment, const Value& document) {
    const std::uint64_t id = next_id_++;
    kept_.push_back({id, deployment,
                     "id: " + std::to_string(id) + "\nevent: " + std::string(type) +
                         "\ndata: " + text::to_json(document) + "\n\n"});
    if (kept_.size() > kKept) kept_.pop_front();
    if (serving_ || waiting_.empty()) return;
    serving_ = true;
    tick_ = loop_.after(kGather, [this] { serve(); });
}

// Empty: nothing has happened since.
std::string Events::since(std::uint64_t after, std::int64_t deployment) const {
    const bool too_old = after + 1 < next_id_ && (kept_.empty() || after + 1 < kept_.front().id);
    if (after >= next_id_ || too_old) return reset_event(next_id_ - 1);
    std::string text;
    for (const auto& event : kept_) {
        if (event.id <= after) continue;
        if (deployment != 0 && event.deployment != 0 && event.deployment != deployment) continue;
        text += event.text;
    }
    return text;
}

void Events::answer(const net::HttpRequest& request, const Respond& respond) {
    last_asked_ = net::monotonic_now();
    const auto query = request.query.find("deployment");
    const std::int64_t deployment =
        query == request.query.end() ? 0 : static_cast<std::int64_t>(number_in(query->second));
    std::string_view last = request.header("Last-Event-ID");
    const auto given = request.query.find("after");
    if (last.empty() && given != request.query.end()) last = given->second;
    if (last.empty()) {
        // From now on, with the number to go on from.
        return respond(stream("retry: 100\n" + reset_event(next_id_ - 1)));
    }
    const std::uint64_t after = number_in(last);
    const std::string text = since(after, deployment);
    if (!text.empty()) return respond(stream(text));
    waiting_.push_back({respond, after, deployment, last_asked_ + kLongest});
    if (!serving_) tick();
}

void Events::serve() {
    serving_ = false;
    const TimePoint now = net::monotonic_now();
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        std::string text = since(it->after, it->deployment);
        if (text.empty() && now >= it->until) text = ": nothing happened\n\n";
        if (text.empty()) {
            ++it;
            continue;
        }
        it->respond(stream(std::move(text)));
        it = waiting_.erase(it);
    }
    if (!waiting_.empty()) tick();
}

void Events::tick() {
    tick_ = loop_.after(std::chrono::seconds(1), [this] { serve(); });
}

}  // namespace muster::server
