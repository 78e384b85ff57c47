// SPDX-License-Identifier: GPL-3.0-or-later
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    muster::fuzz::check_datagrams(std::as_bytes(std::span(data, size)));
    return 0;
}
