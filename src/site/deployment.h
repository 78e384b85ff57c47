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

// "3 computers or after 20 s", whichever comes first.
struct StartRule {
    std::int64_t min_clients = 1;
    std::int64_t max_wait_seconds = 0;  // after the first computer has joined
};

// Errc::invalid_argument: below 1 client, a negative wait, or above 10,000 clients or 7 days.
Status check_start_rule(const StartRule& rule);
// "at 3 computers or after 20 s", for people.
std::string to_string(const StartRule& rule);
// joined: computers in the session now. waited: since the first of them joined. A session never
// starts for nobody.
bool session_may_start(const StartRule& rule, std::int64_t joined, Duration waited);

enum class DeploymentPurpose { required };
std::string_view to_string(DeploymentPurpose purpose);
std::optional<DeploymentPurpose> deployment_purpose_from(std::string_view text);

enum class DeploymentState {
    active,     // computers that ask are told to run it
    cancelled,  // withdrawn; nobody starts it any more
};
std::string_view to_string(DeploymentState state);
std::optional<DeploymentState> deployment_state_from(std::string_view text);

struct Deployment {
    DeploymentId id;
    SequenceId sequence_id;
    std::string sequence_name;          // of sequence_id, filled in by the store
    std::int64_t sequence_version = 0;  // of sequence_id, filled in by the store
    CollectionId collection_id;
    std::string collection_name;     // of collection_id, filled in by the store
    std::vector<ImageId> image_ids;  // what its sequence named when it was made, ascending
    StartRule start_rule;
    DeploymentPurpose purpose = DeploymentPurpose::required;
    DeploymentState state = DeploymentState::active;
    WallTime created_at;
};

}  // namespace muster::site
