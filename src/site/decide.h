// SPDX-License-Identifier: GPL-3.0-or-later
//
// What should this computer do now, and why? The answer re-images a disk, so it is one pure
// function with one rule a person can repeat: the newest deployment that was not withdrawn counts,
// older ones are superseded, and it runs once.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "site/deployment.h"
#include "site/device.h"
#include "site/progress.h"

namespace muster::site {

struct Decision {
    std::optional<DeploymentId> run;  // nothing to do when empty
    std::string reason;               // one sentence, for people
};

// `deployments`: those whose collection has the device, in any order. `progress`: this device's
// records, in any order; records of other devices and deployments are ignored. A deployment the
// device was already running is run again: the computer asks because it was restarted half-way.
Decision decide(const Device& device, std::span<const Deployment> deployments,
                std::span<const DeviceProgress> progress);

}  // namespace muster::site
