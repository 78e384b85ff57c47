// SPDX-License-Identifier: GPL-3.0-or-later
//
// The routes of /api/v1 for administrators. Every handler has already been given an authenticated
// administrator; agents have their own endpoints in SiteServer.
#pragma once

#include "server/agent_hub.h"
#include "server/import_jobs.h"
#include "server/router.h"
#include "server/session_manager.h"
#include "store/database.h"

namespace muster::server {

struct ApiParts {
    store::SiteDatabase& database;
    store::ContentStore& content;
    ImportJobs& imports;
    SessionManager& sessions;
    AgentHub& agents;
    std::string fingerprint;
};

void add_image_routes(Router& router, ApiParts& parts);
void add_device_routes(Router& router, ApiParts& parts);
void add_deployment_routes(Router& router, ApiParts& parts);

// Makes a token for the device, registers it and returns the file's contents for the agent.
Result<Value> enrol(ApiParts& parts, const site::Device& device);

}  // namespace muster::server
