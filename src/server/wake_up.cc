// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/wake_up.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "server/clock.h"

namespace muster::server {

site::WallTime beginning(const site::Deployment& deployment) {
    return std::max(deployment.available_from, deployment.deadline);
}

WakeUp::WakeUp(net::Loop& loop, store::SiteDatabase& database, Wake wake)
    : loop_(loop), database_(database), wake_(std::move(wake)), checked_(wall_now()) {
    reconsider();
}

void WakeUp::reconsider() {
    timer_ = loop_.after(Duration::zero(), [this] { run(); });
}

void WakeUp::run() {
    const Status status = check();
    if (status.ok()) return;
    spdlog::warn("wake-on-LAN: {}", status.error().message());
    timer_ = loop_.after(std::chrono::seconds(10), [this] { run(); });
}

Status WakeUp::check() {
    const auto now = wall_now();
    // Clocks are set; a day is soon enough to look again.
    site::WallTime next = now + std::chrono::hours(24);
    for (const auto& deployment : TRY(database_.deployments().list())) {
        const bool counts =
            deployment.wake_on_lan && deployment.state == site::DeploymentState::active;
        const auto begins = beginning(deployment);
        if (!counts || begins <= checked_) continue;
        if (begins > now) {
            next = std::min(next, begins);
        } else {
            wake_(deployment);
        }
    }
    checked_ = now;
    const auto wait = std::max<std::chrono::milliseconds>(
        std::chrono::duration_cast<std::chrono::milliseconds>(next - now),
        std::chrono::milliseconds(10));
    timer_ = loop_.after(wait, [this] { run(); });
    return {};
}

}  // namespace muster::server
