// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/sequence_run.h"

#include <atomic>

#include "agent/image_apply.h"
#include "agent/image_staging.h"
#include "disk/block_device.h"
#include "disk/partition.h"
#include "net/random.h"
#include "session/member_session.h"
#include "session/worker.h"

namespace muster::agent {

namespace {
constexpr Duration kProgressInterval = std::chrono::milliseconds(500);
}

struct SequenceRun::Impl : std::enable_shared_from_this<SequenceRun::Impl> {
    Impl(net::Loop& owner, const AgentOptions& agent_options, sequence::TaskSequence sequence,
         Value image_documents, Callbacks owner_callbacks)
        : loop(owner),
          options(agent_options),
          runner(std::move(sequence)),
          images(std::move(image_documents)),
          callbacks(std::move(owner_callbacks)) {}

    void next_step();
    void finish_step(std::size_t index, const Status& status);
    void tell_events();
    void run(const sequence::StepOrder& order, const sequence::PartitionDisk& step);
    void run(const sequence::StepOrder& order, const sequence::ApplyImage& step);
    Result<std::string> disk_path(std::int64_t number) const;
    Result<std::uint64_t> staging_for(std::size_t partition_step) const;
    Result<std::pair<std::uint64_t, std::uint64_t>> image_sizes(const sequence::ApplyImage&) const;
    void on_received(const sequence::StepOrder& order, const sequence::ApplyImage& step,
                     const Status& status);
    void report_receiving();
    void post(std::function<void(Impl&)> function);

    net::Loop& loop;
    const AgentOptions options;
    sequence::Runner runner;
    Value images;
    Callbacks callbacks;
    std::optional<disk::PartitionedDisk> disk;
    std::unique_ptr<session::MemberSession> member;
    std::unique_ptr<session::MemberSession> received_member;  // kept until its last words left
    int staged_fd = -1;
    std::uint64_t staged_bytes = 0;
    ProgressReport progress;
    net::Timer progress_timer;
    bool any_verified = false;
    std::atomic<bool> stopping = false;
    session::Worker worker{"sequence"};
};

void SequenceRun::Impl::post(std::function<void(Impl&)> function) {
    loop.post([weak = weak_from_this(), function = std::move(function)] {
        if (auto self = weak.lock()) function(*self);
    });
}

void SequenceRun::Impl::tell_events() {
    while (auto event = runner.poll_event()) {
        if (const auto* started = std::get_if<sequence::StepStarted>(&*event)) {
            callbacks.on_step({started->index, started->name, "started", ""});
        } else if (const auto* done = std::get_if<sequence::StepSucceeded>(&*event)) {
            callbacks.on_step({done->index, done->name, "succeeded", progress.message});
        } else if (const auto* failed = std::get_if<sequence::StepFailed>(&*event)) {
            callbacks.on_step({failed->index, failed->name, "failed", failed->error.message()});
        } else if (const auto* over = std::get_if<sequence::SequenceFailed>(&*event)) {
            callbacks.on_finished(Error(Errc::internal, over->message), false);
        } else {
            callbacks.on_finished({}, any_verified);
        }
    }
}

void SequenceRun::Impl::next_step() {
    auto order = runner.next();
    tell_events();
    if (!order) return;
    std::visit([&](const auto& step) { run(*order, step); }, order->step.parameters);
}

void SequenceRun::Impl::finish_step(std::size_t index, const Status& status) {
    runner.on_step_finished(index, status);
    tell_events();
    progress.message.clear();
    next_step();
}

// ---- partition disk ----

Result<std::string> SequenceRun::Impl::disk_path(std::int64_t number) const {
    std::vector<std::string> paths = options.disks;
    if (paths.empty()) {
        for (const auto& one : TRY(disk::list_disks())) {
            if (!one.is_virtual && !one.removable) paths.push_back(one.path);
        }
    }
    if (number < 0 || static_cast<std::size_t>(number) >= paths.size()) {
        std::string known;
        for (const auto& path : paths) known += (known.empty() ? " (" : ", ") + path;
        return Error(Errc::not_found,
                     "there is no disk " + std::to_string(number) + ": this computer has " +
                         std::to_string(paths.size()) + (known.empty() ? "" : known + ")") +
                         ", counted from 0; change the number in the task sequence");
    }
    return paths[static_cast<std::size_t>(number)];
}

// Size of the delivered image, and of the files of the index that is applied.
Result<std::pair<std::uint64_t, std::uint64_t>> SequenceRun::Impl::image_sizes(
    const sequence::ApplyImage& step) const {
    const Value* image = images.find(step.image);
    if (image == nullptr) {
        return Error(Errc::not_found, "the server sent nothing about image " + step.image);
    }
    const Value* indexes = image->find("indexes");
    const std::string index = std::to_string(step.index);
    if (indexes == nullptr || indexes->find(index) == nullptr) {
        return Error(Errc::not_found, "image " + step.image + " has no index " + index);
    }
    return std::pair(static_cast<std::uint64_t>(TRY(image->int_at("image_bytes"))),
                     static_cast<std::uint64_t>(TRY(indexes->int_at(index))));
}

// The room the disk must keep at its end for images applied to it that do not fit in memory.
Result<std::uint64_t> SequenceRun::Impl::staging_for(std::size_t partition_step) const {
    std::uint64_t most = 0;
    const auto& steps = runner.sequence().steps;
    for (std::size_t i = partition_step + 1; i < steps.size(); ++i) {
        if (std::holds_alternative<sequence::PartitionDisk>(steps[i].parameters)) break;
        const auto* apply = std::get_if<sequence::ApplyImage>(&steps[i].parameters);
        if (apply == nullptr) continue;
        const auto [image_bytes, files] = TRY(image_sizes(*apply));
        if (!fits_in_memory(image_bytes, options.memory_bytes)) {
            most = std::max(most, image_bytes);
        }
    }
    return most;
}

void SequenceRun::Impl::run(const sequence::StepOrder& order, const sequence::PartitionDisk& step) {
    auto plan = [&]() -> Result<std::pair<std::string, disk::PartitionPlan>> {
        disk::PartitionPlan wanted;
        wanted.staging_bytes = TRY(staging_for(order.index));
        for (const auto& later : runner.sequence().steps) {
            const auto* apply = std::get_if<sequence::ApplyImage>(&later.parameters);
            if (apply == nullptr) continue;
            const auto [image_bytes, files] = TRY(image_sizes(*apply));
            // Room for the files and for NTFS's own tables.
            wanted.least_windows_bytes =
                std::max(wanted.least_windows_bytes, files + files / 16 + (64u << 20));
        }
        return std::pair(TRY(disk_path(step.disk)), wanted);
    }();
    if (!plan.ok()) return finish_step(order.index, plan.error());
    progress.stage = "partitioning";
    progress.progress = 0;
    callbacks.on_progress(progress);
    worker.post([this, index = order.index, path = plan->first, wanted = plan->second] {
        auto made =
            std::make_shared<Result<disk::PartitionedDisk>>(disk::partition_disk(path, wanted));
        post([index, made](Impl& self) {
            if (!made->ok()) return self.finish_step(index, made->error());
            self.disk = **made;
            self.finish_step(index, {});
        });
    });
}

// ---- apply operating system image ----

void SequenceRun::Impl::run(const sequence::StepOrder& order, const sequence::ApplyImage& step) {
    const Value* image = images.find(step.image);
    auto target = image == nullptr ? Result<std::string>(Error(Errc::not_found, step.image))
                                   : image->string_at("member");
    auto expected = image == nullptr ? Result<std::string>(Error(Errc::not_found, step.image))
                                     : image->string_at("content_id");
    if (!target.ok()) return finish_step(order.index, target.error());
    if (!expected.ok()) return finish_step(order.index, expected.error());
    if (!disk) return finish_step(order.index, Error(Errc::internal, "no disk was partitioned"));
    session::MemberOptions member_options;
    member_options.server.server = options.server;
    member_options.server.fingerprint = options.fingerprint;
    member_options.server.bearer_token = options.token;
    member_options.target = *target;
    member_options.interface = options.interface;
    member_options.wifi = options.wifi;
    member_options.memory_bytes = kWorkingBytes / 2;
    member_options.retry_for = Duration(-1);
    net::fill_random(std::as_writable_bytes(std::span(&member_options.seed, 1)));
    session::MemberSession::Callbacks member_callbacks;
    member_callbacks.open_store =
        [this, content_id = *expected](
            const session::Offer& offer) -> Result<std::unique_ptr<session::BlockStore>> {
        if (content::image_id(offer.image) != content_id) {
            return Error(Errc::corrupt, "the session offers another image than the order named");
        }
        staged_bytes = offer.image.image_bytes;
        if (!disk->staging && !fits_in_memory(staged_bytes, options.memory_bytes)) {
            return Error(Errc::no_space,
                         "the image fits neither in memory nor is there a staging partition: "
                         "partition the disk again before this step");
        }
        return open_staging(disk->staging ? disk->staging->device : "", offer.image, &staged_fd);
    };
    member_callbacks.on_finished = [this, order, step](const Status& status) {
        on_received(order, step, status);
    };
    member_callbacks.on_notice = [this](const std::string& words) {
        progress.message = words;
        callbacks.on_notice(words);
    };
    progress = {};
    progress.stage = "joining the session";
    member =
        std::make_unique<session::MemberSession>(loop, member_options, std::move(member_callbacks));
    member->start();
    report_receiving();
}

void SequenceRun::Impl::report_receiving() {
    if (member) {
        const auto now = member->snapshot();
        progress.stage = !member->joined()    ? "joining the session"
                         : !member->started() ? "waiting for the session to start"
                         : now.delivery == mcast::Delivery::unicast ? "receiving by HTTPS"
                         : now.delivery == mcast::Delivery::waiting ? "waiting for multicast"
                                                                    : "receiving";
        if (!now.delivery_why.empty()) progress.message = now.delivery_why;
        progress.progress = now.blocks == 0 ? 0 : 1 - static_cast<double>(now.missing) / now.blocks;
        progress.rate_bytes_per_second = now.rate_bits_per_second / 8;
        progress.missing_blocks = now.missing;
        progress.blocks_received = now.counters.blocks_verified;
        progress.blocks_repaired = now.counters.blocks_repaired;
        progress.unicast_bytes = now.counters.unicast_bytes;
        progress.loss = now.counters.loss();
        progress.seconds = now.seconds;
    }
    callbacks.on_progress(progress);
    progress_timer = loop.after(kProgressInterval, [this] { report_receiving(); });
}

void SequenceRun::Impl::on_received(const sequence::StepOrder& order,
                                    const sequence::ApplyImage& step, const Status& status) {
    report_receiving();
    if (!status.ok()) {
        progress_timer.cancel();
        return finish_step(order.index, status);
    }
    progress.rate_bytes_per_second = 0;
    auto job = std::make_shared<ApplyJob>();
    job->staged = member->take_store();
    received_member = std::move(member);
    job->disk = *disk;
    job->index = static_cast<int>(step.index);
    job->staged_fd = staged_fd;
    job->image_bytes = staged_bytes;
    job->work_folder = options.work_folder;
    job->on_progress = [this](const std::string& stage, double fraction) {
        post([stage, fraction](Impl& self) {
            self.progress.stage = stage;
            self.progress.progress = fraction;
        });
        return !stopping;
    };
    worker.post([this, index = order.index, job] {
        auto verified = std::make_shared<Result<std::string>>(apply_and_verify(*job));
        post([index, verified, job](Impl& self) {
            self.progress_timer.cancel();
            self.disk = job->disk;
            self.callbacks.on_progress(self.progress);
            if (!verified->ok()) return self.finish_step(index, verified->error());
            self.any_verified = true;
            self.progress.message = **verified;
            self.finish_step(index, {});
        });
    });
}

SequenceRun::SequenceRun(net::Loop& loop, const AgentOptions& options,
                         sequence::TaskSequence sequence, Value images, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, options, std::move(sequence), std::move(images),
                                   std::move(callbacks))) {}

SequenceRun::~SequenceRun() {
    impl_->stopping = true;
    impl_->worker.stop();
}

void SequenceRun::start() { impl_->next_step(); }

}  // namespace muster::agent
