// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/decide.h"

#include <algorithm>

namespace muster::site {

namespace {

std::string describe(const Deployment& deployment) {
    return "deployment " + std::to_string(deployment.id.value) + " (" + deployment.sequence_name +
           " to " + deployment.collection_name + ")";
}

bool rerun_allows(Rerun rerun, ProgressState state) {
    const bool well = state == ProgressState::succeeded || state == ProgressState::applied;
    switch (rerun) {
        case Rerun::always: return true;
        case Rerun::if_failed: return !well;
        case Rerun::if_succeeded: return well;
        case Rerun::never: break;
    }
    return false;
}

class Judge {
public:
    explicit Judge(const Situation& situation) : is_(situation) {}

    Decision judge() {
        if (is_.device.approval == Approval::pending) {
            return finish("it waits for an administrator's approval (muster device approve " +
                          is_.device.name + ").");
        }
        if (is_.deployments.empty()) return finish("no deployment reaches a collection it is in.");
        std::vector<const Deployment*> newest_first;
        for (const auto& each : is_.deployments) newest_first.push_back(&each);
        std::sort(newest_first.begin(), newest_first.end(),
                  [](auto* a, auto* b) { return b->id < a->id; });
        for (const auto* each : newest_first) {
            if (consider(*each)) return std::move(decision_);
        }
        return finish(note_.empty() ? "every deployment that reaches it was cancelled." : note_);
    }

private:
    Decision finish(const std::string& why) {
        decision_.reason = is_.device.name + " has nothing to do: " + why;
        return std::move(decision_);
    }

    bool run(const Deployment& deployment, const std::string& why) {
        decision_.run = deployment.id;
        decision_.reason = is_.device.name + " runs " + describe(deployment) + why;
        return true;
    }

    bool stop(const Deployment& deployment, const std::string& why) {
        decision_.reason = is_.device.name + " has nothing to do: " + describe(deployment) + why;
        return true;
    }

    // The first that did not count says why nothing happens.
    bool pass_over(const Deployment& deployment, const std::string& why) {
        if (note_.empty()) note_ = describe(deployment) + why;
        return false;
    }

    void wait_until(WallTime time) {
        if (!decision_.ask_again || time < *decision_.ask_again) decision_.ask_again = time;
    }

    const DeviceProgress* record_of(const Deployment& deployment) const {
        for (const auto& record : is_.progress) {
            if (record.device_id == is_.device.id && record.deployment_id == deployment.id) {
                return &record;
            }
        }
        return nullptr;
    }

    const Arming* arming_of(const Deployment& deployment) const {
        for (const auto& arming : is_.armings) {
            if (arming.device_id == is_.device.id && arming.deployment_id == deployment.id &&
                is_.now < arming.until) {
                return &arming;
            }
        }
        return nullptr;
    }

    // True: the decision is made.
    bool consider(const Deployment& deployment) {
        if (deployment.state == DeploymentState::cancelled) return false;
        if (deployment.state == DeploymentState::paused) {
            return stop(deployment, " is paused (muster deploy resume " +
                                        std::to_string(deployment.id.value) + ").");
        }
        const auto* record = record_of(deployment);
        if (record != nullptr && record->state == ProgressState::running) {
            return run(deployment,
                       " again: it was interrupted in step '" + record->step_name + "'.");
        }
        if (is_set(deployment.expires) && is_.now >= deployment.expires) {
            return pass_over(deployment, " expired on " + to_text(deployment.expires) + ".");
        }
        const auto& places = deployment.offered_to;
        if (std::find(places.begin(), places.end(), is_.environment) == places.end()) {
            return pass_over(deployment,
                             " is not offered to " + std::string(to_string(is_.environment)) + ".");
        }
        if (is_set(deployment.available_from) && is_.now < deployment.available_from) {
            wait_until(deployment.available_from);
            return pass_over(deployment, " begins on " + to_text(deployment.available_from) + ".");
        }
        if (record != nullptr && record->state != ProgressState::waiting) {
            return consider_again(deployment, *record);
        }
        return consider_first(deployment);
    }

    bool consider_again(const Deployment& deployment, const DeviceProgress& record) {
        const auto* arming = arming_of(deployment);
        if (arming != nullptr && arming->at > record.updated_at &&
            rerun_allows(deployment.rerun, record.state)) {
            return start(deployment, " again: " + arming->who + " armed it.");
        }
        const bool in_vain = arming != nullptr && arming->at > record.updated_at;
        const std::string clear =
            (in_vain ? ", and although " + arming->who + " armed it its rerun rule is '" +
                           std::string(to_string(deployment.rerun)) + "'"
                     : std::string()) +
            "; to repeat it: muster deploy clear " + std::to_string(deployment.id.value) + " " +
            is_.device.name + ".";
        switch (record.state) {
            case ProgressState::succeeded: return stop(deployment, " succeeded here" + clear);
            case ProgressState::applied:
                return stop(deployment,
                            " is applied here, and the installed system has not reported yet.");
            case ProgressState::cancelled:
                return stop(deployment, " was cancelled for this computer" + clear);
            default:
                return stop(deployment, " failed here in step '" + record.step_name + "' (" +
                                            record.message + ")" + clear);
        }
    }

    bool consider_first(const Deployment& deployment) {
        const auto* arming = arming_of(deployment);
        if (arming != nullptr) return start(deployment, ": " + arming->who + " armed it.");
        if (deployment.purpose == DeploymentPurpose::available) {
            decision_.offered.push_back(deployment.id);
            return pass_over(
                deployment, " is offered and nobody has chosen it (muster deploy arm " +
                                std::to_string(deployment.id.value) + " " + is_.device.name + ").");
        }
        if (is_set(deployment.deadline) && is_.now < deployment.deadline) {
            decision_.offered.push_back(deployment.id);
            wait_until(deployment.deadline);
            return pass_over(deployment,
                             " must run from " + to_text(deployment.deadline) + " on, not before.");
        }
        if (is_set(deployment.armed_until) && is_.now >= deployment.armed_until) {
            return stop(deployment, " is not armed any more, since " +
                                        to_text(deployment.armed_until) + " (muster deploy arm " +
                                        std::to_string(deployment.id.value) + " " +
                                        is_.device.name + ").");
        }
        return start(deployment, ": it is required and has not started here yet.");
    }

    bool start(const Deployment& deployment, const std::string& why) {
        const auto opens = is_.opens && !deployment.ignore_windows
                               ? is_.opens(deployment)
                               : std::optional<WallTime>(is_.now);
        if (!opens || *opens > is_.now) {
            if (opens) wait_until(*opens);
            return stop(deployment, " waits for a maintenance window of " +
                                        deployment.collection_name + ", " +
                                        (opens ? "which opens on " + to_text(*opens)
                                               : std::string("which never opens")) +
                                        ".");
        }
        return run(deployment, why);
    }

    const Situation& is_;
    Decision decision_;
    std::string note_;
};

}  // namespace

Decision decide(const Situation& situation) { return Judge(situation).judge(); }

}  // namespace muster::site
