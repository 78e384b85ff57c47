// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "net/monotonic.h"

namespace muster::cli {

namespace {
constexpr Duration kRedraw = std::chrono::milliseconds(200);

std::string format(const char* pattern, double value) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, pattern, value);
    return buffer;
}

// Characters on the screen, not bytes: continuation bytes of UTF-8 do not count.
std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}
}  // namespace

int report(const Error& error) {
    std::fprintf(stderr, "muster: %s\n", error.message().c_str());
    return kFailed;
}

std::string human_bytes(std::uint64_t bytes) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        ++unit;
    }
    return format(unit == 0 ? "%.0f " : value < 10 ? "%.2f " : "%.1f ", value) + units[unit];
}

std::string human_rate(double bits_per_second) {
    if (bits_per_second >= 1e9) return format("%.2f Gbit/s", bits_per_second / 1e9);
    if (bits_per_second >= 1e6) return format("%.1f Mbit/s", bits_per_second / 1e6);
    return format("%.0f kbit/s", bits_per_second / 1e3);
}

std::string human_time(double seconds) {
    const auto whole = static_cast<long>(std::lround(seconds));
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%ld:%02ld", whole / 60, whole % 60);
    return buffer;
}

std::string bar(double fraction, std::size_t width) {
    const double clamped = std::clamp(fraction, 0.0, 1.0);
    const auto full = static_cast<std::size_t>(std::floor(clamped * static_cast<double>(width)));
    return "[" + std::string(full, '#') + std::string(width - full, '-') + "]";
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const std::string& text) {
    const TimePoint now = net::monotonic_now();
    if (!terminal_ || (shown_ && now - last_ < kRedraw)) return;
    last_ = now;
    shown_ = true;
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    std::fflush(stderr);
}

void ProgressLine::clear() {
    if (!shown_) return;
    shown_ = false;
    std::fprintf(stderr, "\r\033[K");
    std::fflush(stderr);
}

std::string Table::to_string() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()), 0);
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], columns(row[i]));
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i] + std::string(widths[i] - columns(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace muster::cli
