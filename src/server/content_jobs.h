// SPDX-License-Identifier: GPL-3.0-or-later
//
// Work on content that takes minutes, done by a worker one after the other, whose progress can be
// asked for. Adding an image: the file is checked, brought into the form in which it is sent,
// hashed and stored; until its last step nothing of it is visible, then the whole image is.
// Validating one: every block on the disk is compared with its hash, and damaged ones are taken
// from the original again.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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
    bool allow_multicast = true;
    bool encrypt = true;
    bool multicast_only = false;
    site::Priority priority = site::Priority::medium;
};

enum class JobState { waiting, running, succeeded, failed };
std::string_view to_string(JobState state);

struct JobStatus {
    std::string what;  // "add win11", "validate win11"
    JobState state = JobState::waiting;
    std::string stage;    // "checking and converting", "hashing"
    double progress = 0;  // of the stage
    std::string error;
};

// How a validation ended.
struct Validated {
    site::ImageId image;
    bool sound = false;
    std::string detail;  // "3 of 812 blocks were damaged and are repaired"
};

class ContentJobs {
public:
    struct Callbacks {  // on the loop
        // Puts the finished package into the database.
        std::function<Status(site::ImagePackage)> on_imported;
        std::function<Status(const Validated&)> on_validated;
        std::function<void(site::ImageId)> on_validating;
    };
    ContentJobs(net::Loop& loop, store::ContentStore& content, Callbacks callbacks);
    ~ContentJobs();

    // A number for a job that is started, or never, soon after.
    std::int64_t reserve() { return next_job_++; }
    void start(std::int64_t job, ImportRequest request);
    void validate(std::int64_t job, const site::ImagePackage& image, bool repair);
    // Removes content that nothing refers to, after the jobs that are under way.
    void discard(const std::string& content_id);
    // Errc::not_found.
    Result<JobStatus> status(std::int64_t job) const;
    std::vector<std::pair<std::int64_t, JobStatus>> list() const;  // the newest first

private:
    struct Job {
        JobStatus status;  // loop's thread
        std::atomic<double> progress = 0;
        std::atomic<int> stage = 0;
    };
    std::shared_ptr<Job> make(std::int64_t id, std::string what);
    // Ends the job on the loop, with what `finish` says there.
    void end(std::shared_ptr<Job> job, std::function<Status()> finish);
    JobStatus status_of(const Job& job) const;
    Result<site::ImagePackage> import(const ImportRequest& request, Job& job);
    Result<Validated> examine(const site::ImagePackage& image, bool repair, Job& job);
    Result<std::vector<std::uint32_t>> damaged_blocks(const store::StoredContent& stored,
                                                      const content::Manifest& manifest, Job& job);
    Status repair_blocks(const site::ImagePackage& image, const store::StoredContent& stored,
                         const content::Manifest& manifest,
                         const std::vector<std::uint32_t>& blocks, Job& job);
    bool report(Job& job, std::uint64_t done, std::uint64_t total) const;

    net::Loop& loop_;
    store::ContentStore& content_;
    Callbacks callbacks_;
    std::map<std::int64_t, std::shared_ptr<Job>> jobs_;
    std::int64_t next_job_ = 1;
    std::atomic<bool> stopping_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    session::Worker worker_{"content"};
};

}  // namespace muster::server
