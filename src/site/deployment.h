// SPDX-License-Identifier: GPL-3.0-or-later
//
// A deployment says: these computers run this version of this task sequence, and the multicast
// session of its image starts by this rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "site/ids.h"

namespace muster::site {

// The text as the administrator wrote it, one record per version; a version is never changed, so a
// deployment keeps running what it was made with.
struct SequenceRecord {
    SequenceId id;
    std::string name;
    std::int64_t version = 0;  // from 1
    std::string text;          // YAML
    WallTime created_at;
};

// When the multicast session of a deployment starts, whichever comes first of what is set:
// "3 computers or after 20 s", a wall clock time, or when all of the collection are there. By hand:
// not before an administrator says so.
struct StartRule {
    std::int64_t min_clients = 1;       // 0: not set
    std::int64_t max_wait_seconds = 0;  // after the first computer has joined; 0: not set
    WallTime at;                        // 1970: not set
    bool when_all = false;
    bool by_hand = false;
};

// Errc::invalid_argument: a negative number, above 10,000 clients or 7 days, or nothing is set.
Status check_start_rule(const StartRule& rule);
// "at 3 computers or after 20 s", for people.
std::string to_string(const StartRule& rule);
// joined: computers in the session now. waited: since the first of them joined. of: computers of
// the collection that have not done it yet; 0: not known. A session never starts for nobody.
bool session_may_start(const StartRule& rule, std::int64_t joined, Duration waited, std::int64_t of,
                       WallTime now);

enum class DeploymentPurpose { required, available };
std::string_view to_string(DeploymentPurpose purpose);
std::optional<DeploymentPurpose> deployment_purpose_from(std::string_view text);

enum class DeploymentState {
    active,     // computers that ask are told to run it
    paused,     // nobody starts it until it is resumed
    cancelled,  // withdrawn; nobody starts it any more
};
std::string_view to_string(DeploymentState state);
std::optional<DeploymentState> deployment_state_from(std::string_view text);

// May a computer that has run it be armed to run it again?
enum class Rerun { never, always, if_failed, if_succeeded };
std::string_view to_string(Rerun rerun);
std::optional<Rerun> rerun_from(std::string_view text);

// Where a computer is while it asks.
enum class Environment { network_boot, media, running_system };
std::string_view to_string(Environment environment);
std::optional<Environment> environment_from(std::string_view text);

struct Deployment {
    DeploymentId id;
    SequenceId sequence_id;
    std::string sequence_name;          // of sequence_id, filled in by the store
    std::int64_t sequence_version = 0;  // of sequence_id, filled in by the store
    CollectionId collection_id;
    std::string collection_name;     // of collection_id, filled in by the store
    PointId point_id;                // 0: the default distribution point
    std::vector<ImageId> image_ids;  // what its sequence named when it was made, ascending
    StartRule start_rule;
    DeploymentPurpose purpose = DeploymentPurpose::required;
    DeploymentState state = DeploymentState::active;
    std::string comment;
    WallTime available_from;  // 1970: at once
    WallTime deadline;        // when a required one must run; 1970: as soon as it is available
    WallTime expires;         // 1970: never
    WallTime armed_until;     // until then computers that never ran it may start it
    std::string time_zone = "UTC";  // in which people wrote and read these
    Rerun rerun = Rerun::never;
    std::vector<Environment> offered_to = {Environment::network_boot, Environment::media,
                                           Environment::running_system};
    bool wake_on_lan = false;
    bool pre_stage = false;              // content is fetched before the deadline
    bool ignore_windows = false;         // starts outside of maintenance windows too
    std::int64_t readiness_minutes = 0;  // how long the installed system may take to report
    WallTime created_at;
};

// Permission for one computer to run a deployment, given by a person, for a while.
struct Arming {
    DeploymentId deployment_id;
    DeviceId device_id;
    WallTime at;
    WallTime until;
    std::string who;
};

}  // namespace muster::site
