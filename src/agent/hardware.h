// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a computer is made of, as firmware and kernel tell it: sent in the hello, so that the site
// knows its computers, can choose by model and find drivers. Nothing here decides anything on this
// computer. The value has the form of docs/protocol.md, section 12; what cannot be read is left
// out, never an error.
#pragma once

#include <string>

#include "base/result.h"
#include "base/value.h"

namespace muster::agent {

// `root` stands before /sys and /proc: empty, or a made-up tree.
Value read_hardware(const std::string& root = "");

// What `--hardware FILE` stands for, in a room of virtual computers that share one firmware: what
// the firmware would say is the file's alone, any other field of it replaces the one that was
// read. Errc::invalid_argument: a field that is not known here, by its name, or of another type.
Result<Value> with_stated_hardware(const Value& read, const Value& stated);

}  // namespace muster::agent
