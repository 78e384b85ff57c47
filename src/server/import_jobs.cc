// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/import_jobs.h"

#include <fcntl.h>

#include <fstream>

#include "net/fd.h"
#include "server/clock.h"
#include "store/hash_file.h"
#include "windows/wim_import.h"

namespace muster::server {

namespace {

constexpr const char* kStages[] = {"waiting", "checking and converting", "hashing", "storing"};

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

ImportJobs::ImportJobs(net::Loop& loop, store::ContentStore& content, Imported on_imported)
    : loop_(loop), content_(content), on_imported_(std::move(on_imported)) {}

ImportJobs::~ImportJobs() {
    stopping_ = true;
    *alive_ = false;
    worker_.stop();
}

std::int64_t ImportJobs::add(ImportRequest request) {
    const std::int64_t id = next_job_++;
    auto job = std::make_shared<Job>();
    jobs_[id] = job;
    worker_.post([this, job, alive = alive_, request = std::move(request)] {
        auto result = std::make_shared<Result<site::ImagePackage>>(import(request, *job));
        loop_.post([this, job, alive, result] {
            if (!*alive) return;
            Status status =
                result->ok() ? on_imported_(**result) : Status(advised(result->error()));
            job->status.state = status.ok() ? JobState::succeeded : JobState::failed;
            if (!status.ok()) job->status.error = status.error().message();
        });
    });
    return id;
}

Result<ImportStatus> ImportJobs::status(std::int64_t id) const {
    auto it = jobs_.find(id);
    if (it == jobs_.end()) return Error(Errc::not_found, "no job " + std::to_string(id));
    ImportStatus status = it->second->status;
    status.stage = kStages[it->second->stage];
    status.progress = it->second->progress;
    if (status.state == JobState::waiting && it->second->stage > 0)
        status.state = JobState::running;
    return status;
}

Result<site::ImagePackage> ImportJobs::import(const ImportRequest& request, Job& job) {
    auto watch = [this, &job](std::uint64_t done, std::uint64_t total) {
        job.progress = fraction(done, total);
        return !stopping_;
    };
    job.stage = 1;
    auto pending = TRY(content_.begin_add());
    const auto image_path = pending.folder() / store::kImageFileName;
    const auto info =
        TRY(windows::export_delivery_form(request.source_path, image_path.string(), watch));
    job.stage = 2;
    const auto manifest =
        TRY(store::hash_file(image_path, [&](std::uint64_t done, std::uint64_t total) {
            if (watch(done, total)) return Status();
            return Status(Error(Errc::cancelled, "the server is stopping"));
        }));
    job.stage = 3;
    TRY(write_manifest(pending.folder() / store::kManifestFileName, manifest));
    const auto stored =
        TRY(content_.commit(std::move(pending), content::image_id(manifest.descriptor())));
    site::ImagePackage package;
    package.name = request.name;
    package.version = request.version;
    package.comment = request.comment;
    package.multicast_only = request.multicast_only;
    package.content_id = stored.id;
    package.image_bytes = static_cast<std::int64_t>(stored.image_bytes);
    package.source_path = request.source_path;
    for (const auto& image : info.images) package.images.push_back(site_image(image));
    package.created_at = wall_now();
    return package;
}

}  // namespace muster::server
