// SPDX-License-Identifier: GPL-3.0-or-later
//
// Hands every log line of the program on, beside where it is printed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace muster::agent {

class LogTap {
public:
    // On the thread that logs, which must not log again from within.
    using Function = std::function<void(std::string_view level, std::string text)>;
    // Lines of level info and above of spdlog's default logger, until this is destroyed.
    explicit LogTap(Function function);
    ~LogTap();
    LogTap(const LogTap&) = delete;
    LogTap& operator=(const LogTap&) = delete;

private:
    class Sink;
    std::shared_ptr<Sink> sink_;
};

}  // namespace muster::agent
