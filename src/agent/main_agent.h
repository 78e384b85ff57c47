// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace muster::agent {

// muster-agent: parses its options, runs until its work is done or for ever, returns the exit code
// (0: well, 1: failed, 2: usage).
int run_agent(int argc, char** argv);

}  // namespace muster::agent
