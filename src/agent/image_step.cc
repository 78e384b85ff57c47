// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/image_step.h"

#include "agent/image_staging.h"
#include "net/random.h"

namespace muster::agent {

ImageStep::ImageStep(Surroundings surroundings, const sequence::ApplyImage& step,
                     const Value& image, disk::PartitionedDisk& disk, Callbacks callbacks)
    : around_(surroundings),
      step_(step),
      image_(image),
      disk_(disk),
      callbacks_(std::move(callbacks)) {}

ImageStep::~ImageStep() { *alive_ = false; }

// Runs functions on the loop, unless this is gone by then. Any thread may use what it returns.
std::function<void(std::function<void()>)> ImageStep::poster() {
    return [&loop = around_.loop, alive = alive_](std::function<void()> function) {
        loop.post([alive, function = std::move(function)] {
            if (*alive) function();
        });
    };
}

void ImageStep::finish(Result<std::string> outcome) {
    if (finished_) return;
    finished_ = true;
    receiving_ = false;
    poster()([tell = callbacks_.on_finished, outcome = std::move(outcome)] { tell(outcome); });
}

// ---- receiving ----

Result<session::MemberOptions> ImageStep::member_options() const {
    const AgentOptions& options = around_.options;
    session::MemberOptions member;
    member.target = TRY(image_.string_at("member"));
    member.server.server = options.server;
    member.server.fingerprint = options.fingerprint;
    member.server.bearer_token = options.token;
    member.interface = options.interface;
    member.wifi = options.wifi;
    member.memory_bytes = kWorkingBytes / 2;
    member.retry_for = Duration(-1);
    net::fill_random(std::as_writable_bytes(std::span(&member.seed, 1)));
    return member;
}

Result<std::unique_ptr<session::BlockStore>> ImageStep::open_store(const session::Offer& offer) {
    if (content::image_id(offer.image) != TRY(image_.string_at("content_id"))) {
        return Error(Errc::corrupt, "the session offers another image than the order named");
    }
    staged_bytes_ = offer.image.image_bytes;
    if (!disk_.staging && !fits_in_memory(staged_bytes_, around_.options.memory_bytes)) {
        return Error(Errc::no_space,
                     "the image fits neither in memory nor is there a staging partition: "
                     "partition the disk again before this step");
    }
    return open_staging(disk_.staging ? disk_.staging->device : "", offer.image, &staged_fd_);
}

void ImageStep::start() {
    auto options = member_options();
    if (!options.ok()) return finish(options.error());
    session::MemberSession::Callbacks callbacks;
    callbacks.open_store = [this](const session::Offer& offer) { return open_store(offer); };
    callbacks.on_finished = [this](const Status& status) { on_received(status); };
    callbacks.on_notice = [this](const std::string& words) {
        report_.message = words;
        waits_ = !member_->welcomed();
        callbacks_.on_notice(words);
    };
    receiving_ = true;
    report_.stage = "joining the session";
    member_ = std::make_unique<session::MemberSession>(around_.loop, std::move(*options),
                                                       std::move(callbacks));
    member_->start();
}

void ImageStep::on_received(const Status& status) {
    if (finished_) return;
    look_at_member();
    report_.rate_bytes_per_second = 0;
    if (!status.ok()) return finish(status.error());
    receiving_ = false;
    apply();
}

// ---- applying ----

void ImageStep::apply() {
    applying_ = true;
    report_.stage = "applying";
    report_.progress = 0;
    auto job = std::make_shared<ApplyJob>();
    job->staged = member_->take_store();
    job->disk = disk_;
    job->index = static_cast<int>(step_.index);
    job->staged_fd = staged_fd_;
    job->image_bytes = staged_bytes_;
    job->work_folder = around_.options.work_folder;
    job->gate = &around_.gate;
    job->on_progress = [this, post = poster()](const std::string& stage, double fraction) {
        post([this, stage, fraction] {
            report_.stage = stage;
            report_.progress = fraction;
        });
    };
    around_.worker.post([this, job, post = poster()] {
        auto outcome = apply_and_verify(*job);
        job->staged.reset();
        post([this, job, outcome = std::move(outcome)] {
            disk_ = job->disk;
            finish(outcome);
        });
    });
}

// ---- orders ----

void ImageStep::pause() {
    if (receiving_ && !paused_) {
        look_at_member();
        report_.rate_bytes_per_second = 0;
        member_->pause("paused by the administrator");
    }
    paused_ = true;
}

void ImageStep::resume() {
    paused_ = false;
    if (receiving_) member_->resume();
}

void ImageStep::stop(const std::string& why) {
    if (!receiving_) return;  // the gate ends the work on the worker
    member_->abandon(why);
    finish(Error(Errc::cancelled, "stopped"));
}

const ProgressReport& ImageStep::report() {
    if (receiving_ && !paused_) look_at_member();
    return report_;
}

void ImageStep::look_at_member() {
    const auto now = member_->snapshot();
    report_.stage = !member_->joined()                         ? "joining the session"
                    : !member_->started()                      ? "waiting for the session to start"
                    : now.delivery == mcast::Delivery::unicast ? "receiving by HTTPS"
                    : now.delivery == mcast::Delivery::waiting ? "waiting for multicast"
                                                               : "receiving";
    // What it waited for it has now.
    if (waits_ && member_->welcomed()) report_.message.clear();
    waits_ = waits_ && !member_->welcomed();
    if (!now.delivery_why.empty()) report_.message = now.delivery_why;
    report_.rate_bytes_per_second = now.rate_bits_per_second / 8;
    report_.blocks_repaired = now.counters.blocks_repaired;
    report_.unicast_bytes = now.counters.unicast_bytes;
    report_.loss = now.counters.loss();
    if (now.blocks == 0) return;  // between two connections; what was known stays
    report_.progress = 1 - static_cast<double>(now.missing) / now.blocks;
    report_.missing_blocks = now.missing;
    report_.blocks_received = now.counters.blocks_verified;
    report_.seconds = now.seconds;
}

}  // namespace muster::agent
