// SPDX-License-Identifier: GPL-3.0-or-later
//
// An order that ends what is under way (retry, skip, cancel) is written down in `after_stop` until
// the work has stopped; then it decides what comes next, however the work ended.
#include "agent/sequence_run.h"

#include "agent/image_staging.h"
#include "agent/image_step.h"
#include "disk/block_device.h"
#include "disk/partition.h"
#include "session/worker.h"

namespace muster::agent {

namespace {
constexpr Duration kProgressInterval = std::chrono::milliseconds(500);
}

std::optional<ControlAction> control_action_from(std::string_view text) {
    if (text == "cancel") return ControlAction::cancel;
    if (text == "pause") return ControlAction::pause;
    if (text == "resume") return ControlAction::resume;
    if (text == "retry") return ControlAction::retry;
    if (text == "skip") return ControlAction::skip;
    return std::nullopt;
}

struct SequenceRun::Impl : std::enable_shared_from_this<SequenceRun::Impl> {
    Impl(net::Loop& owner, const AgentOptions& agent_options, sequence::TaskSequence sequence,
         Value image_documents, Callbacks owner_callbacks)
        : loop(owner),
          options(agent_options),
          runner(std::move(sequence)),
          images(std::move(image_documents)),
          callbacks(std::move(owner_callbacks)) {}

    struct Order {
        ControlAction action;
        std::string reason;
    };
    void next_step();
    void finish_step(std::size_t index, const Status& status);
    void tell_events();
    void report_progress();
    void run(const sequence::StepOrder& order, const sequence::PartitionDisk& step);
    void run(const sequence::StepOrder& order, const sequence::ApplyImage& step);
    void partition(std::size_t index, std::function<void()> then);
    void apply(std::size_t index, const sequence::ApplyImage& step);
    Result<std::string> disk_path(std::int64_t number) const;
    Result<std::uint64_t> staging_for(std::size_t partition_step) const;
    Result<std::pair<std::uint64_t, std::uint64_t>> image_sizes(const sequence::ApplyImage&) const;
    Result<disk::PartitionPlan> partition_plan(std::size_t index) const;
    void post(std::function<void(Impl&)> function);
    std::string step_words() const;
    Result<std::string> pause();
    Result<std::string> resume();
    Result<std::string> stop_and(Order order);
    void carry_out(const Order& order);

    net::Loop& loop;
    const AgentOptions options;
    sequence::Runner runner;
    Value images;
    Callbacks callbacks;
    // What the last "partition disk" was to do, and what it made.
    std::string planned_path;
    disk::PartitionPlan plan;
    std::optional<disk::PartitionedDisk> disk;
    bool disk_touched = false;  // something was applied to it since
    bool step_under_way = false;
    bool paused = false;
    std::optional<Order> after_stop;
    std::unique_ptr<ImageStep> image_step;
    ProgressReport progress;
    std::string step_message;
    net::Timer progress_timer;
    bool any_verified = false;
    StepGate gate;
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
            callbacks.on_step({done->index, done->name, "succeeded", step_message});
        } else if (const auto* skipped = std::get_if<sequence::StepSkipped>(&*event)) {
            callbacks.on_step(
                {skipped->index, skipped->name, "succeeded", "skipped by the administrator"});
        } else if (const auto* failed = std::get_if<sequence::StepFailed>(&*event)) {
            callbacks.on_step({failed->index, failed->name, "failed", failed->error.message()});
        } else if (const auto* over = std::get_if<sequence::SequenceFailed>(&*event)) {
            callbacks.on_finished(Error(Errc::internal, over->message), false);
        } else if (const auto* ended = std::get_if<sequence::SequenceCancelled>(&*event)) {
            callbacks.on_finished(Error(Errc::cancelled, ended->message), false);
        } else {
            callbacks.on_finished({}, any_verified);
        }
    }
}

void SequenceRun::Impl::next_step() {
    if (runner.state() != sequence::RunState::running) {
        paused = false;
        return progress_timer.cancel();
    }
    progress = {};
    if (paused) {
        progress.stage = "before " + step_words();
        return report_progress();
    }
    auto order = runner.next();
    tell_events();
    step_under_way = true;
    step_message.clear();
    gate.reset(false);
    std::visit([&](const auto& step) { run(*order, step); }, order->step.parameters);
}

void SequenceRun::Impl::finish_step(std::size_t index, const Status& status) {
    if (image_step) {
        progress = image_step->report();
        progress.paused = paused;
        callbacks.on_progress(progress);
    }
    image_step.reset();
    step_under_way = false;
    if (after_stop) {
        const Order order = *std::exchange(after_stop, std::nullopt);
        return carry_out(order);
    }
    runner.on_step_finished(index, status);
    tell_events();
    next_step();
}

void SequenceRun::Impl::report_progress() {
    if (image_step) progress = image_step->report();
    progress.paused = paused;
    callbacks.on_progress(progress);
    progress_timer = loop.after(kProgressInterval, [this] { report_progress(); });
}

std::string SequenceRun::Impl::step_words() const {
    const std::size_t index = runner.finished_steps();
    return "step " + std::to_string(index + 1) + " (" + runner.sequence().steps[index].name + ")";
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

Result<disk::PartitionPlan> SequenceRun::Impl::partition_plan(std::size_t index) const {
    disk::PartitionPlan wanted;
    wanted.staging_bytes = TRY(staging_for(index));
    for (const auto& later : runner.sequence().steps) {
        const auto* apply = std::get_if<sequence::ApplyImage>(&later.parameters);
        if (apply == nullptr) continue;
        const auto [image_bytes, files] = TRY(image_sizes(*apply));
        // Room for the files and for NTFS's own tables.
        wanted.least_windows_bytes =
            std::max(wanted.least_windows_bytes, files + files / 16 + (64u << 20));
    }
    return wanted;
}

void SequenceRun::Impl::run(const sequence::StepOrder& order, const sequence::PartitionDisk& step) {
    auto path = disk_path(step.disk);
    auto wanted = partition_plan(order.index);
    if (!path.ok()) return finish_step(order.index, path.error());
    if (!wanted.ok()) return finish_step(order.index, wanted.error());
    planned_path = *path;
    plan = *wanted;
    partition(order.index, [this, index = order.index] { finish_step(index, {}); });
}

// Carries out `plan`, which is not interrupted. `then` on the loop, unless it failed or the step
// is to end.
void SequenceRun::Impl::partition(std::size_t index, std::function<void()> then) {
    progress.stage = "partitioning";
    report_progress();
    worker.post([this, index, then = std::move(then), path = planned_path, wanted = plan] {
        auto made =
            std::make_shared<Result<disk::PartitionedDisk>>(disk::partition_disk(path, wanted));
        post([index, made, then](Impl& self) {
            if (!made->ok()) return self.finish_step(index, made->error());
            self.disk = **made;
            self.disk_touched = false;
            if (self.after_stop) return self.finish_step(index, {});
            then();
        });
    });
}

// ---- apply operating system image ----

void SequenceRun::Impl::run(const sequence::StepOrder& order, const sequence::ApplyImage& step) {
    const std::size_t index = order.index;
    if (!disk) return finish_step(index, Error(Errc::internal, "no disk was partitioned"));
    if (!disk_touched) return apply(index, step);
    // An earlier attempt left a half-filled volume and may have taken the staging partition away.
    callbacks.on_notice(disk->path + " is partitioned again: an earlier attempt wrote to it");
    partition(index, [this, index, step] { apply(index, step); });
}

void SequenceRun::Impl::apply(std::size_t index, const sequence::ApplyImage& step) {
    const Value* image = images.find(step.image);
    if (image == nullptr) {
        return finish_step(
            index, Error(Errc::not_found, "the server sent nothing about image " + step.image));
    }
    ImageStep::Callbacks step_callbacks;
    step_callbacks.on_notice = [this](const std::string& words) { callbacks.on_notice(words); };
    step_callbacks.on_finished = [this, index](const Result<std::string>& verified) {
        disk_touched = image_step->has_touched_disk();
        if (!verified.ok()) return finish_step(index, verified.error());
        if (!after_stop) any_verified = true;
        step_message = *verified;
        finish_step(index, {});
    };
    image_step = std::make_unique<ImageStep>(ImageStep::Surroundings{loop, options, worker, gate},
                                             step, *image, *disk, std::move(step_callbacks));
    image_step->start();
    if (paused) image_step->pause();
    report_progress();
}

// ---- what an administrator wants ----

Result<std::string> SequenceRun::Impl::pause() {
    if (runner.state() != sequence::RunState::running) {
        return Error(Errc::busy, "nothing to pause: the task sequence " +
                                     std::string(sequence::to_string(runner.state())));
    }
    if (after_stop) return Error(Errc::busy, step_words() + " is being stopped");
    if (paused) return Error(Errc::busy, "it is paused already");
    paused = true;
    gate.hold();
    if (image_step) image_step->pause();
    report_progress();
    return image_step ? "paused in " + step_words() : "it pauses after " + step_words();
}

Result<std::string> SequenceRun::Impl::resume() {
    if (!paused) return Error(Errc::busy, "it is not paused");
    if (after_stop) return Error(Errc::busy, step_words() + " is being stopped");
    paused = false;
    const std::string words = "goes on with " + step_words();
    gate.release();
    if (image_step) image_step->resume();
    if (step_under_way) {
        report_progress();
    } else {
        next_step();
    }
    return words;
}

// Retry, skip and cancel: at once when no step is under way, else when it has stopped.
Result<std::string> SequenceRun::Impl::stop_and(Order order) {
    const bool cancel = order.action == ControlAction::cancel;
    TRY(cancel                                 ? runner.may_cancel()
        : order.action == ControlAction::retry ? runner.may_retry()
                                               : runner.may_skip());
    if (after_stop && !cancel) return Error(Errc::busy, step_words() + " is being stopped");
    const std::string words = cancel                                 ? "cancelled in "
                              : order.action == ControlAction::retry ? "starts anew: "
                                                                     : "skipped: ";
    const std::string said = words + step_words();
    if (!step_under_way) {
        carry_out(order);
        return said;
    }
    after_stop = std::move(order);
    gate.stop();
    if (image_step) image_step->stop(said);
    return said;
}

void SequenceRun::Impl::carry_out(const Order& order) {
    Status done;
    if (order.action == ControlAction::cancel) {
        done = runner.cancel(order.reason);
    } else if (order.action == ControlAction::skip) {
        done = runner.skip();
    } else {
        done = runner.retry();
        paused = false;
    }
    if (!done.ok()) callbacks.on_notice(done.error().message());
    tell_events();
    next_step();
}

SequenceRun::SequenceRun(net::Loop& loop, const AgentOptions& options,
                         sequence::TaskSequence sequence, Value images, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, options, std::move(sequence), std::move(images),
                                   std::move(callbacks))) {}

SequenceRun::~SequenceRun() {
    impl_->gate.stop();
    impl_->worker.stop();
}

void SequenceRun::start() { impl_->next_step(); }

Result<std::string> SequenceRun::control(ControlAction action, const std::string& reason) {
    if (action == ControlAction::pause) return impl_->pause();
    if (action == ControlAction::resume) return impl_->resume();
    return impl_->stop_and({action, reason});
}

bool SequenceRun::failed() const { return impl_->runner.state() == sequence::RunState::failed; }

std::optional<std::size_t> SequenceRun::step() const {
    const std::size_t next = impl_->runner.finished_steps();
    if (next == impl_->runner.sequence().steps.size()) return std::nullopt;
    return next;
}

}  // namespace muster::agent
