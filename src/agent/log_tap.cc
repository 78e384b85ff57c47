// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/log_tap.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>

namespace muster::agent {

class LogTap::Sink : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit Sink(Function function) : function_(std::move(function)) {
        set_level(spdlog::level::info);
    }

protected:
    void sink_it_(const spdlog::details::log_msg& line) override {
        const auto level = spdlog::level::to_string_view(line.level);
        function_(std::string_view(level.data(), level.size()),
                  std::string(line.payload.data(), line.payload.size()));
    }
    void flush_() override {}

private:
    const Function function_;
};

LogTap::LogTap(Function function) : sink_(std::make_shared<Sink>(std::move(function))) {
    spdlog::default_logger_raw()->sinks().push_back(sink_);
}

LogTap::~LogTap() {
    auto& sinks = spdlog::default_logger_raw()->sinks();
    sinks.erase(std::remove(sinks.begin(), sinks.end(), sink_), sinks.end());
}

}  // namespace muster::agent
