// SPDX-License-Identifier: GPL-3.0-or-later
//
// How commands speak: one line for an error, a progress line that redraws itself on a terminal and
// stays silent elsewhere, numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace muster::cli {

// Exit codes of every command.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNotAll = 3;  // some computers did not verify; each is named
inline constexpr int kNobody = 4;  // nobody came

// "muster: MESSAGE" on standard error; returns kFailed.
int report(const Error& error);

// "12.3 MiB", "1.23 GiB"
std::string human_bytes(std::uint64_t bytes);
// "194.2 Mbit/s"
std::string human_rate(double bits_per_second);
// "1:23"
std::string human_time(double seconds);
// "[#######-----]"
std::string bar(double fraction, std::size_t width);

// One line on standard error that redraws itself, at most five times a second; nothing when
// standard error is no terminal.
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine() { clear(); }
    void show(const std::string& text);
    void clear();
    bool is_terminal() const { return terminal_; }

private:
    bool terminal_;
    bool shown_ = false;
    TimePoint last_{};
};

// Columns padded to their widest cell; numbers are the caller's to format.
class Table {
public:
    explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    std::string to_string() const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace muster::cli
