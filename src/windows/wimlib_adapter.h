// SPDX-License-Identifier: GPL-3.0-or-later
//
// What every use of libwim in this folder shares: one global start, handles that free themselves,
// and errors with the library's own words. libwim prints its details to a FILE of the whole
// process; ours keeps what each thread printed, so that two imports do not mix their reasons.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

struct WIMStruct;

namespace muster::windows {

struct WimFree {
    void operator()(WIMStruct* wim) const;
};
using WimHandle = std::unique_ptr<WIMStruct, WimFree>;

// Starts libwim once per process; every function of this folder calls it. libwim's global settings
// (error file, case sensitivity) may change only here: they are not safe with several threads.
Status start_wimlib();

// "WHAT: libwim's words (its details)". The details are what this thread's last call printed.
Error wimlib_error(int code, const std::string& what);
// Before a call whose error is to be described: forgets older details.
void forget_wimlib_details();

Result<WimHandle> open_wim(const std::string& path);

}  // namespace muster::windows
