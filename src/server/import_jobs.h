// SPDX-License-Identifier: GPL-3.0-or-later
//
// Adding an image takes minutes: the file is checked, brought into the form in which it is sent,
// hashed and stored. That is a job, done by a worker one after the other, whose progress can be
// asked for. Until its last step nothing of it is visible; then the whole image is.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/loop.h"
#include "session/worker.h"
#include "site/image.h"
#include "store/content_store.h"

namespace muster::server {

struct ImportRequest {
    std::string name;
    std::string version;
    std::string comment;
    std::string source_path;  // on the server
    bool multicast_only = false;
};

enum class JobState { waiting, running, succeeded, failed };
std::string_view to_string(JobState state);

struct ImportStatus {
    JobState state = JobState::waiting;
    std::string stage;    // "checking and converting", "hashing"
    double progress = 0;  // of the stage
    std::string error;
};

class ImportJobs {
public:
    // on_imported runs on the loop and puts the finished package into the database.
    using Imported = std::function<Status(site::ImagePackage)>;
    ImportJobs(net::Loop& loop, store::ContentStore& content, Imported on_imported);
    ~ImportJobs();

    std::int64_t add(ImportRequest request);
    // Errc::not_found.
    Result<ImportStatus> status(std::int64_t job) const;

private:
    struct Job {
        ImportStatus status;  // loop's thread
        std::atomic<double> progress = 0;
        std::atomic<int> stage = 0;
    };
    Result<site::ImagePackage> import(const ImportRequest& request, Job& job);

    net::Loop& loop_;
    store::ContentStore& content_;
    Imported on_imported_;
    std::map<std::int64_t, std::shared_ptr<Job>> jobs_;
    std::int64_t next_job_ = 1;
    std::atomic<bool> stopping_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    session::Worker worker_{"import"};
};

}  // namespace muster::server
