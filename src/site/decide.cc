// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/decide.h"

namespace muster::site {

namespace {

std::string describe(const Deployment& deployment) {
    return "deployment " + std::to_string(deployment.id.value) + " (" + deployment.sequence_name +
           " to " + deployment.collection_name + ")";
}

const Deployment* newest_active(std::span<const Deployment> deployments) {
    const Deployment* newest = nullptr;
    for (const auto& deployment : deployments) {
        if (deployment.state != DeploymentState::active) continue;
        if (newest == nullptr || newest->id < deployment.id) newest = &deployment;
    }
    return newest;
}

Decision nothing(std::string reason) { return {std::nullopt, std::move(reason)}; }

Decision decide_by_progress(const Device& device, const Deployment& deployment,
                            const DeviceProgress& progress) {
    const std::string what = describe(deployment);
    switch (progress.state) {
        case ProgressState::waiting:
            return {deployment.id, device.name + " runs " + what +
                                       ": it is required and has not "
                                       "started here yet."};
        case ProgressState::running:
            return {deployment.id, device.name + " runs " + what +
                                       " again: it was interrupted in step '" + progress.step_name +
                                       "'."};
        case ProgressState::succeeded:
            return nothing(device.name + " has nothing to do: " + what + " succeeded here.");
        case ProgressState::failed:
            return nothing(device.name + " has nothing to do: " + what + " failed here in step '" +
                           progress.step_name + "' (" + progress.message +
                           "); deploy again to repeat it.");
        case ProgressState::cancelled:
            return nothing(device.name + " has nothing to do: " + what +
                           " was cancelled for this computer.");
    }
    return nothing(device.name + " has nothing to do.");
}

}  // namespace

Decision decide(const Device& device, std::span<const Deployment> deployments,
                std::span<const DeviceProgress> progress) {
    if (deployments.empty()) {
        return nothing(device.name +
                       " has nothing to do: no deployment reaches a collection it "
                       "is in.");
    }
    const Deployment* newest = newest_active(deployments);
    if (newest == nullptr) {
        return nothing(device.name +
                       " has nothing to do: every deployment that reaches it was "
                       "cancelled.");
    }
    for (const auto& record : progress) {
        if (record.device_id == device.id && record.deployment_id == newest->id) {
            return decide_by_progress(device, *newest, record);
        }
    }
    DeviceProgress untouched;
    untouched.state = ProgressState::waiting;
    return decide_by_progress(device, *newest, untouched);
}

}  // namespace muster::site
