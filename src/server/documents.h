// SPDX-License-Identifier: GPL-3.0-or-later
//
// The site's records as the API shows them.
#pragma once

#include "base/value.h"
#include "session/sender_engine.h"
#include "site/deployment.h"
#include "site/device.h"
#include "site/image.h"
#include "site/progress.h"

namespace muster::server {

Value document(const site::Device& device);
Value document(const site::Collection& collection);
Value document(const site::ImagePackage& image);
Value document(const site::SequenceRecord& sequence);
Value document(const site::Deployment& deployment);
Value document(const site::DeviceProgress& progress, const std::string& device_name);
Value document(const session::SenderSnapshot& session);

}  // namespace muster::server
