// SPDX-License-Identifier: GPL-3.0-or-later
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    muster::fuzz::check_manifest(input);
    muster::fuzz::check_journal(input);
    return 0;
}
