// SPDX-License-Identifier: GPL-3.0-or-later
//
// What should this computer do now, and why? The answer re-images a disk, so it is one pure
// function, with rules a person can repeat:
//
// 1. A computer that waits for approval does nothing.
// 2. Of the deployments that reach it, have begun, have not expired and are offered where it asks
//    from, the newest counts. An available one counts only when it was chosen for this computer;
//    a required one before its deadline likewise. So an older one may count meanwhile.
// 3. A computer that was interrupted in the one that counts goes on with it.
// 4. A computer that never ran the one that counts starts it while that is armed: until the end
//    of the deployment's arming, or because a person armed this computer. One that did run it
//    starts it again only when a person armed it since, and the rerun rule allows that. So a
//    computer that always boots from the network first is not imaged again by accident.
// 5. It starts in a maintenance window of the collection, when that has any.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "site/deployment.h"
#include "site/device.h"
#include "site/progress.h"

namespace muster::site {

struct Situation {
    const Device& device;
    std::span<const Deployment> deployments;   // that reach the device, in any order
    std::span<const DeviceProgress> progress;  // of the device, in any order
    std::span<const Arming> armings = {};      // of the device, in any order
    WallTime now;
    Environment environment = Environment::network_boot;
    // When a maintenance window of the deployment's collection opens: now or earlier, when one is
    // open or there is none; nothing, when never. Left out: always open.
    std::function<std::optional<WallTime>(const Deployment&)> opens = {};
};

struct Decision {
    std::optional<DeploymentId> run;    // nothing to do when empty
    std::string reason;                 // one sentence, for people
    std::vector<DeploymentId> offered;  // what may be chosen, newest first
    std::optional<WallTime> ask_again;  // when the answer changes by itself
};

Decision decide(const Situation& situation);

}  // namespace muster::site
