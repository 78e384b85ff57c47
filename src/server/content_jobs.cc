// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/content_jobs.h"

#include <spdlog/spdlog.h>

#include <fstream>

#include "server/clock.h"
#include "store/copy_blocks.h"
#include "store/hash_file.h"
#include "windows/wim_import.h"

namespace muster::server {

namespace {

constexpr const char* kStages[] = {"waiting", "checking and converting", "hashing",
                                   "storing", "reading the original",    "repairing"};
enum Stage { kWaiting, kConverting, kHashing, kStoring, kReadingOriginal, kRepairing };

site::WimImage site_image(const windows::WimImage& image) {
    site::WimImage one;
    one.index = image.index;
    one.name = image.name;
    one.description = image.description;
    one.architecture = image.architecture;
    one.total_bytes = static_cast<std::int64_t>(image.total_bytes);
    one.file_count = static_cast<std::int64_t>(image.file_count);
    return one;
}

Status write_manifest(const std::filesystem::path& path, const content::Manifest& manifest) {
    const Bytes bytes = manifest.encode();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file)
        return Error(Errc::no_space, "writing " + path.string() + ": the disk did not take it");
    return {};
}

// The error with what the administrator can do about it.
Error advised(const Error& error) {
    std::string advice;
    if (error.code() == Errc::not_found) advice = "; name a file that lies on the server";
    if (error.code() == Errc::no_space) advice = "; make room for the image in the data folder";
    return {error.code(), error.message() + advice};
}

Status stopping() { return Error(Errc::cancelled, "the server is stopping"); }

double fraction(std::uint64_t done, std::uint64_t total) {
    return total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
}

}  // namespace

std::string_view to_string(JobState state) {
    switch (state) {
        case JobState::waiting: return "waiting";
        case JobState::running: return "running";
        case JobState::succeeded: return "succeeded";
        case JobState::failed: return "failed";
    }
    return "failed";
}

ContentJobs::ContentJobs(net::Loop& loop, store::ContentStore& content, Callbacks callbacks)
    : loop_(loop), content_(content), callbacks_(std::move(callbacks)) {}

ContentJobs::~ContentJobs() {
    stopping_ = true;
    *alive_ = false;
    worker_.stop();
}

std::shared_ptr<ContentJobs::Job> ContentJobs::make(std::int64_t id, std::string what) {
    auto job = std::make_shared<Job>();
    job->status.what = std::move(what);
    jobs_[id] = job;
    return job;
}

void ContentJobs::end(std::shared_ptr<Job> job, std::function<Status()> finish) {
    loop_.post([job = std::move(job), alive = alive_, finish = std::move(finish)] {
        if (!*alive) return;
        const Status status = finish();
        job->status.state = status.ok() ? JobState::succeeded : JobState::failed;
        if (!status.ok()) job->status.error = status.error().message();
    });
}

void ContentJobs::start(std::int64_t id, ImportRequest request) {
    auto job = make(id, "add " + request.name);
    worker_.post([this, job, request = std::move(request)] {
        auto result = std::make_shared<Result<site::ImagePackage>>(import(request, *job));
        end(job, [this, result] {
            return result->ok() ? callbacks_.on_imported(**result)
                                : Status(advised(result->error()));
        });
    });
}

void ContentJobs::validate(std::int64_t id, const site::ImagePackage& image, bool repair) {
    auto job = make(id, "validate " + image.name);
    callbacks_.on_validating(image.id);
    worker_.post([this, job, image, repair] {
        auto result = std::make_shared<Result<Validated>>(examine(image, repair, *job));
        end(job, [this, result, image]() -> Status {
            if (!result->ok()) {
                TRY(callbacks_.on_validated({image.id, false, result->error().message()}));
                return result->error();
            }
            TRY(callbacks_.on_validated(**result));
            return (*result)->sound ? Status() : Error(Errc::corrupt, (*result)->detail);
        });
    });
}

void ContentJobs::discard(const std::string& content_id) {
    worker_.post([this, content_id] {
        const Status status = content_.remove(content_id);
        if (!status.ok()) spdlog::warn("{}", status.error().message());
    });
}

JobStatus ContentJobs::status_of(const Job& job) const {
    JobStatus status = job.status;
    status.stage = kStages[job.stage];
    status.progress = job.progress;
    if (status.state == JobState::waiting && job.stage > kWaiting) status.state = JobState::running;
    return status;
}

Result<JobStatus> ContentJobs::status(std::int64_t id) const {
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) return Error(Errc::not_found, "no job " + std::to_string(id));
    return status_of(*it->second);
}

std::vector<std::pair<std::int64_t, JobStatus>> ContentJobs::list() const {
    std::vector<std::pair<std::int64_t, JobStatus>> list;
    for (auto it = jobs_.rbegin(); it != jobs_.rend(); ++it) {
        list.emplace_back(it->first, status_of(*it->second));
    }
    return list;
}

bool ContentJobs::report(Job& job, std::uint64_t done, std::uint64_t total) const {
    job.progress = fraction(done, total);
    return !stopping_;
}

Result<site::ImagePackage> ContentJobs::import(const ImportRequest& request, Job& job) {
    auto watch = [this, &job](std::uint64_t done, std::uint64_t total) {
        return report(job, done, total);
    };
    job.stage = kConverting;
    auto pending = TRY(content_.begin_add());
    const auto image_path = pending.folder() / store::kImageFileName;
    const auto info =
        TRY(windows::export_delivery_form(request.source_path, image_path.string(), watch));
    job.stage = kHashing;
    const auto manifest =
        TRY(store::hash_file(image_path, [&](std::uint64_t done, std::uint64_t total) {
            return watch(done, total) ? Status() : stopping();
        }));
    job.stage = kStoring;
    TRY(write_manifest(pending.folder() / store::kManifestFileName, manifest));
    const auto stored =
        TRY(content_.commit(std::move(pending), content::image_id(manifest.descriptor())));
    site::ImagePackage package;
    package.name = request.name;
    package.version = request.version;
    package.comment = request.comment;
    package.allow_multicast = request.allow_multicast;
    package.encrypt = request.encrypt;
    package.multicast_only = request.multicast_only;
    package.priority = request.priority;
    package.content_id = stored.id;
    package.image_bytes = static_cast<std::int64_t>(stored.image_bytes);
    package.source_path = request.source_path;
    for (const auto& image : info.images) package.images.push_back(site_image(image));
    package.created_at = wall_now();
    return package;
}

// ---- validation ----

Result<std::vector<std::uint32_t>> ContentJobs::damaged_blocks(const store::StoredContent& stored,
                                                               const content::Manifest& manifest,
                                                               Job& job) {
    job.stage = kHashing;
    const auto found =
        TRY(store::hash_file(stored.image_path, [&](std::uint64_t done, std::uint64_t total) {
            return report(job, done, total) ? Status() : stopping();
        }));
    std::vector<std::uint32_t> damaged;
    for (std::uint32_t block = 0; block < manifest.block_count(); ++block) {
        const bool there = block < found.block_count();
        if (!there || found.leaf(block) != manifest.leaf(block)) damaged.push_back(block);
    }
    return damaged;
}

// The original is brought into the form in which it is sent once more; when that is what it was,
// its blocks are put in the place of the damaged ones.
Status ContentJobs::repair_blocks(const site::ImagePackage& image,
                                  const store::StoredContent& stored,
                                  const content::Manifest& manifest,
                                  const std::vector<std::uint32_t>& blocks, Job& job) {
    job.stage = kReadingOriginal;
    auto watch = [&](std::uint64_t done, std::uint64_t total) { return report(job, done, total); };
    auto pending = TRY(content_.begin_add());
    const auto fresh = pending.folder() / store::kImageFileName;
    TRY(windows::export_delivery_form(image.source_path, fresh.string(), watch));
    job.stage = kRepairing;
    const auto again = TRY(store::hash_file(fresh));
    if (again.descriptor() != manifest.descriptor()) {
        return Error(Errc::corrupt, image.source_path +
                                        " is not what it was when the image was added: add it "
                                        "again as a new version");
    }
    return store::copy_blocks(fresh, stored.image_path, blocks, manifest.descriptor().block_bytes);
}

Result<Validated> ContentJobs::examine(const site::ImagePackage& image, bool repair, Job& job) {
    const auto stored = TRY(content_.find(image.content_id));
    const auto manifest = TRY(store::read_manifest(stored));
    const auto damaged = TRY(damaged_blocks(stored, manifest, job));
    Validated result{image.id, damaged.empty(), {}};
    if (damaged.empty()) return result;
    const std::string count = std::to_string(damaged.size()) + " of " +
                              std::to_string(manifest.block_count()) + " blocks";
    if (!repair) {
        result.detail = count + " are damaged; muster image validate --repair " + image.name;
        return result;
    }
    const Status repaired = repair_blocks(image, stored, manifest, damaged, job);
    const bool mended = repaired.ok() && TRY(damaged_blocks(stored, manifest, job)).empty();
    result.sound = mended;
    result.detail = mended ? count + " were damaged and are repaired"
                           : count + " are damaged and could not be repaired" +
                                 (repaired.ok() ? "" : ": " + repaired.error().message());
    return result;
}

}  // namespace muster::server
