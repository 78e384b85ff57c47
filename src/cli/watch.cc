// SPDX-License-Identifier: GPL-3.0-or-later
//
// `muster watch DEPLOYMENT`: the room, live. Redraws itself on a terminal; elsewhere it prints a
// line a computer when its stage changes. Ends when every computer is done, with a table.
#include <unistd.h>

#include <cmath>
#include <map>

#include "cli/site_command.h"
#include "net/monotonic.h"
#include "net/poll.h"
#include "text/json.h"

namespace muster::cli {

namespace {

struct WatchOptions {
    std::string deployment;
    bool json = false;
};

std::string fixed(double value, int digits) {
    char buffer[48];
    std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
    return buffer;
}

double number(const Value& document, std::string_view key) {
    auto value = document.number_or(key, 0);
    return value.ok() ? *value : 0;
}

const Value::List& list_of(const Value& document, std::string_view key) {
    static const Value::List kNone;
    const Value* value = document.find(key);
    return value != nullptr && value->as_list() != nullptr ? *value->as_list() : kNone;
}

// The last step ended well, and the installed system has not reported yet.
constexpr std::string_view kApplied = "applied, not confirmed";

bool is_over(const Value& device) {
    const std::string state = cell(device, "state");
    return state != "waiting" && state != "running";
}

std::string stage_of(const Value& device) {
    const std::string stage = cell(device, "stage");
    if (!stage.empty()) return stage;
    const std::string step = cell(device, "step");
    return step.empty() ? cell(device, "state") : step;
}

std::string by_https(const Value& session) {
    const Value* bytes = session.find("bytes_sent");
    const double unicast = bytes == nullptr ? 0 : number(*bytes, "unicast");
    if (unicast <= 0) return "";
    return ", " + human_bytes(static_cast<std::uint64_t>(unicast)) + " by HTTPS";
}

std::string session_line(const Value& session) {
    const Value* bytes = session.find("bytes_sent");
    const auto total = static_cast<std::uint64_t>(bytes == nullptr ? 0 : number(*bytes, "total"));
    return "session " + cell(session, "session") + " of " + cell(session, "image") + ": " +
           cell(session, "state") + ", " + cell(session, "live_members") + " members, " +
           human_bytes(total) + " sent at " + human_rate(number(session, "rate_bits_per_second")) +
           ", limited by " + cell(session, "rate_limited_by") + by_https(session);
}

// Who cannot follow the stream, and what becomes of it.
std::string slow_lines(const Value& session) {
    std::string text;
    for (const auto& member : list_of(session, "members")) {
        const std::string state = cell(member, "state");
        if (state != "deferred" && state != "away" && state != "unicast") continue;
        text += cell(member, "name") + ": " + state + ": " + cell(member, "why") + "\n";
    }
    return text;
}

std::string live_view(const Value& document) {
    Table table({"COMPUTER", "STAGE", "PROGRESS", "", "RATE", "MISSING", "LOSS"});
    for (const auto& device : list_of(document, "devices")) {
        const double progress = number(device, "progress");
        const double rate = number(device, "rate_bytes_per_second");
        const double missing = number(device, "missing_blocks");
        table.row({cell(device, "device"), stage_of(device), bar(progress, 20),
                   fixed(100 * progress, 0) + " %", rate > 0 ? human_rate(8 * rate) : "",
                   missing > 0 ? fixed(missing, 0) + " blocks" : "",
                   fixed(100 * number(device, "loss"), 2) + " %"});
    }
    std::string text = table.to_string();
    for (const auto& session : list_of(document, "sessions")) {
        text += session_line(session) + "\n" + slow_lines(session);
    }
    for (const auto& device : list_of(document, "devices")) {
        const std::string message = cell(device, "message");
        if (!message.empty() && !is_over(device))
            text += cell(device, "device") + ": " + message + "\n";
    }
    return text;
}

std::string result_of(const Value& device) {
    const std::string name = cell(device, "device");
    const std::string state = cell(device, "state");
    if (state == kApplied) return name + " verified; " + state;
    if (cell(device, "verified") == "true") return name + " verified";
    if (state == "succeeded") return name + " succeeded; no step applied an image";
    return name + " NOT verified: " + state + ": " + cell(device, "message");
}

void print_final(const Value& document) {
    Table table({"COMPUTER", "BLOCKS", "REPAIRED", "BY HTTPS", "LOSS", "SECONDS", "RESULT"});
    for (const auto& device : list_of(document, "devices")) {
        table.row({cell(device, "device"), cell(device, "blocks_received"),
                   cell(device, "blocks_repaired"),
                   human_bytes(static_cast<std::uint64_t>(number(device, "unicast_bytes"))),
                   fixed(100 * number(device, "loss"), 2) + " %",
                   fixed(number(device, "seconds"), 1), result_of(device)});
    }
    std::printf("\n%s\n", table.to_string().c_str());
    for (const auto& session : list_of(document, "sessions")) {
        const Value* bytes = session.find("bytes_sent");
        const double total = bytes == nullptr ? 0 : number(*bytes, "total");
        const double image = number(session, "image_bytes");
        if (image <= 0) continue;
        std::printf("session %s: %s of datagrams sent for an image of %s: %.3f x the image%s\n",
                    cell(session, "session").c_str(),
                    human_bytes(static_cast<std::uint64_t>(total)).c_str(),
                    human_bytes(static_cast<std::uint64_t>(image)).c_str(), total / image,
                    by_https(session).c_str());
    }
}

// Prints what changed, for logs and pipes.
void print_changes(const Value& document, std::map<std::string, std::string>& last) {
    for (const auto& device : list_of(document, "devices")) {
        const std::string name = cell(device, "device");
        const std::string state = cell(device, "state");
        const std::string now =
            state == "failed" ? state + ": " + cell(device, "message") : stage_of(device);
        if (last[name] == now) continue;
        last[name] = now;
        std::printf("%s: %s\n", name.c_str(), now.c_str());
        std::fflush(stdout);
    }
}

// Waits for something to happen, without asking again and again.
class Changes {
public:
    explicit Changes(const std::string& deployment)
        : target_("/api/v1/events?deployment=" + escape(deployment)) {}

    // Returns when something happened, or after 20 s. An error: the server is gone.
    Status wait(SiteClient& site) {
        const auto text = TRY(site.text(target_ + (last_.empty() ? "" : "&after=" + last_)));
        constexpr std::string_view kId = "id: ";
        const auto at = text.rfind(kId);
        if (at == std::string::npos) return {};
        const auto begin = at + kId.size();
        last_ = text.substr(begin, text.find('\n', begin) - begin);
        return {};
    }

private:
    std::string target_;
    std::string last_;
};

// At most so many times a second the room is read again.
constexpr Duration kLeastInterval = std::chrono::milliseconds(100);

int watch(SiteClient& site, const WatchOptions& options) {
    const std::string target = "/api/v1/deployments/" + escape(options.deployment) + "/progress";
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    std::map<std::string, std::string> last;
    std::size_t lines = 0;
    Value document;
    bool connected = false;
    Changes changes(options.deployment);
    while (true) {
        auto answer = site.get(target);
        if (!answer.ok()) {
            // The deployment goes on while the server is started again, and so do we.
            const bool ever = connected || !document.is_null();
            if (!ever || answer.error().code() != Errc::unavailable) return report(answer.error());
            if (connected) {
                std::fprintf(stderr, "muster: %s; trying again\n",
                             answer.error().message().c_str());
            }
            connected = false;
            lines = 0;
            net::sleep_until(net::monotonic_now() + std::chrono::seconds(1));
            continue;
        }
        connected = true;
        document = std::move(*answer);
        if (terminal) {
            const std::string view = live_view(document);
            if (lines > 0) std::printf("\033[%zuA\033[J", lines);
            std::printf("%s", view.c_str());
            std::fflush(stdout);
            lines = static_cast<std::size_t>(std::count(view.begin(), view.end(), '\n'));
        } else if (!options.json) {
            print_changes(document, last);
        }
        const auto& devices = list_of(document, "devices");
        if (!devices.empty() && std::all_of(devices.begin(), devices.end(), is_over)) break;
        net::sleep_until(net::monotonic_now() + kLeastInterval);
        (void)changes.wait(site).ok();  // the next look at the room says it better
    }
    if (options.json) {
        std::printf("%s\n", text::to_json(document).c_str());
    } else {
        print_final(document);
    }
    bool all = true;
    for (const auto& device : list_of(document, "devices")) {
        const std::string state = cell(device, "state");
        all = all && (state == "succeeded" || state == kApplied);
    }
    return all ? kOk : kNotAll;
}

}  // namespace

void add_watch_command(CLI::App& app, Run& run) {
    auto options = std::make_shared<WatchOptions>();
    auto site = std::make_shared<std::string>();
    auto* command = app.add_subcommand("watch", "See a deployment live, to its end");
    command->add_option("deployment", options->deployment, "Its number")->required();
    command->add_option("--site", *site, "Login file of the site");
    command->add_flag("--json", options->json, "Print the last state as JSON at the end");
    command->callback([options, site, &run] {
        run = [options, site] {
            auto client = SiteClient::open(site->empty() ? default_login_file() : *site);
            return client.ok() ? watch(*client, *options) : report(client.error());
        };
    });
}

}  // namespace muster::cli
