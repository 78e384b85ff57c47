// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/values.h"

#include <charconv>
#include <string>

namespace muster::cli {

namespace {

Result<std::uint64_t> parse_scaled(std::string_view text, double step, std::string_view what,
                                   std::string_view example) {
    const Error wrong(Errc::invalid_argument, "not a " + std::string(what) + ": '" +
                                                  std::string(text) + "' (write it like " +
                                                  std::string(example) + ")");
    double number = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || number < 0) return wrong;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    double factor = 1;
    if (unit == "k" || unit == "K")
        factor = step;
    else if (unit == "M")
        factor = step * step;
    else if (unit == "G")
        factor = step * step * step;
    else if (!unit.empty())
        return wrong;
    if (number * factor > 1e15) return wrong;
    return static_cast<std::uint64_t>(number * factor);
}

}  // namespace

Result<std::uint64_t> parse_rate(std::string_view text) {
    return parse_scaled(text, 1000, "rate", "200M or 1G, in bits per second");
}

Result<RateChoice> parse_rate_choice(const std::string& rate, const std::string& mode) {
    RateChoice choice;
    if (!rate.empty()) {
        choice.bits_per_second = TRY(parse_rate(rate).context("--rate"));
        choice.mode = mcast::RateMode::fixed;
    }
    if (mode == "adaptive") {
        choice.mode = mcast::RateMode::adaptive;
    } else if (mode == "fixed") {
        choice.mode = mcast::RateMode::fixed;
    } else if (!mode.empty()) {
        return Error(Errc::invalid_argument, "--rate-mode: '" + mode + "': adaptive or fixed");
    }
    return choice;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    return parse_scaled(text, 1024, "size", "128M or 1G");
}

}  // namespace muster::cli
