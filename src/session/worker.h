// SPDX-License-Identifier: GPL-3.0-or-later
//
// One thread for what takes longer than a packet: decoding, hashing, disk. Jobs run in the order
// they were given. The queue is bounded by those who fill it: a receiver has at most its open
// groups' worth of jobs, a sender the rows it has asked for.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "net/poll.h"

namespace muster::session {

class Worker {
public:
    // The name is what top and /proc call its thread.
    explicit Worker(const char* name) : thread_([this, name] { run(name); }) {}
    ~Worker() { stop(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void post(std::function<void()> job) {
        {
            std::lock_guard lock(mutex_);
            if (stopping_) return;
            jobs_.push_back(std::move(job));
        }
        wake_.notify_one();
    }
    // Waits for the running job; those behind it are dropped.
    void stop() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
            jobs_.clear();
        }
        wake_.notify_one();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run(const char* name) {
        net::name_this_thread(name);
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
            if (stopping_) return;
            auto job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            job = nullptr;
            lock.lock();
        }
    }
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace muster::session
