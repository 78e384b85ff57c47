// SPDX-License-Identifier: GPL-3.0-or-later
//
// CHECK is for promises between our own functions, in release builds too. Input from a network, a
// disk or a person never reaches one: it gives a Result.
#pragma once

namespace muster {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define CHECK(condition) \
    ((condition) ? static_cast<void>(0) : ::muster::check_failed(#condition, __FILE__, __LINE__))
