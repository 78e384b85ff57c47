// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a Loop is made of, for the other sources of net. The gate is how objects that may outlive
// the loop (a Responder in a worker pool, a WebSocket handle) reach it or find it gone.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "net/beast.h"
#include "net/loop.h"

namespace muster::net {

class LoopGate {
public:
    explicit LoopGate(asio::io_context& context) : context_(&context) {}
    // Any thread; the function is dropped when the loop is gone.
    void post(std::function<void()> function);
    // On the loop's thread the function runs at once.
    void dispatch(std::function<void()> function);
    bool on_loop_thread();
    void close();

private:
    std::mutex mutex_;
    asio::io_context* context_;
};

struct Loop::Impl {
    asio::io_context context{1};
    std::shared_ptr<LoopGate> gate = std::make_shared<LoopGate>(context);
    std::optional<asio::signal_set> signals;
    std::function<void(int)> signal_function;
    // One thread for reading files that are being sent; made at the first one.
    std::optional<asio::thread_pool> file_pool;

    asio::thread_pool& files() {
        if (!file_pool) file_pool.emplace(1);
        return *file_pool;
    }
    void wait_for_signal();
};

}  // namespace muster::net
