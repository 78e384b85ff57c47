// SPDX-License-Identifier: GPL-3.0-or-later
//
// The site's records as documents of the API; their shapes are the schemas of docs/api.yaml.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "session/sender_engine.h"
#include "site/deployment.h"
#include "site/device.h"
#include "site/image.h"
#include "site/progress.h"
#include "store/audit_table.h"
#include "store/token_table.h"

namespace muster::server {

// ISO 8601 in UTC; null when it is not set.
Value time_document(site::WallTime time);

Value document(const site::Device& device);
Value document(const std::vector<site::Variable>& variables);  // values of secret ones are null
Value document(const site::ImagePackage& image);
Value document(const site::SequenceRecord& sequence);
Value document(const site::Deployment& deployment);
Value document(const site::DeviceProgress& progress, const std::string& device_name);
Value document(const site::StepEvent& event);
Value document(const site::LogLine& line);
Value document(const session::SenderSnapshot& session);
Value document(const store::AdminToken& token);
Value document(const store::AuditRecord& record);

}  // namespace muster::server
