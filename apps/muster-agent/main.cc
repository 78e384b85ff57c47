// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/main_agent.h"

int main(int argc, char** argv) { return muster::agent::run_agent(argc, argv); }
