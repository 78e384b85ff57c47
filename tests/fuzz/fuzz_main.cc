// SPDX-License-Identifier: GPL-3.0-or-later
//
// libFuzzer's way into one property, named when it is compiled.
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    muster::fuzz::MUSTER_FUZZ_PROPERTY(std::as_bytes(std::span(data, size)));
    return 0;
}
