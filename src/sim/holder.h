// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a receiving computer does for its mcast::Receiver: keep symbols, decode, check, store. One
// object per life of the computer; what it had in memory dies with it.
#pragma once

#include <map>
#include <memory>

#include "base/prng.h"
#include "mcast/group_buffer.h"
#include "mcast/receiver.h"
#include "sim/disk.h"
#include "sim/world.h"

namespace muster::sim {

class Holder : public mcast::Receiver::Mediator {
public:
    Holder(World& world, Disk& disk, const GuestOptions& options)
        : world_(world), disk_(disk), options_(options) {}
    // The receiver whose orders are answered, and what to do after an answer.
    void attach(mcast::Receiver& receiver, std::function<TimePoint()> clock,
                std::function<void()> on_answered) {
        receiver_ = &receiver;
        clock_ = std::move(clock);
        on_answered_ = std::move(on_answered);
    }

protected:
    // `bytes`: what the sink has to do for it.
    void answer(std::uint64_t bytes, std::function<void(mcast::Receiver&, TimePoint)> what);
    // As answer(), a while later.
    void answer_later(Duration wait, std::function<void(mcast::Receiver&, TimePoint)> what);
    std::uint64_t bytes_of(mcast::BlockIndex block) const;

    World& world_;
    Disk& disk_;

private:
    const GuestOptions& options_;
    TimePoint sink_busy_until_{};
    mcast::Receiver* receiver_ = nullptr;
    std::function<TimePoint()> clock_;  // of the computer
    std::function<void()> on_answered_;
    // Answers on their way to a computer that has crashed find it gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class BytesHolder final : public Holder {
public:
    using Holder::Holder;

private:
    void store_symbol(mcast::GroupId group, std::uint32_t symbol, ByteSpan payload) override;
    void store_row(mcast::GroupId group, std::uint32_t row, ByteSpan payload) override;
    void decode(mcast::GroupId group, std::vector<std::uint32_t> missing) override;
    void check_block(mcast::GroupId group, mcast::BlockIndex block) override;
    void check_manifest() override;
    void fetch(mcast::BlockIndex block) override;
    void release(mcast::GroupId group) override { buffers_.erase(group); }

    void store(mcast::BlockIndex block, ByteSpan bytes);
    mcast::GroupBuffer& buffer(mcast::GroupId group);
    ByteSpan on_disk(mcast::BlockIndex block) const;

    std::map<mcast::GroupId, mcast::GroupBuffer> buffers_;
};

class IdentityHolder final : public Holder {
public:
    IdentityHolder(World& world, Disk& disk, const GuestOptions& options, Prng prng)
        : Holder(world, disk, options), prng_(prng) {}

private:
    void store_symbol(mcast::GroupId, std::uint32_t, ByteSpan) override {}
    void store_row(mcast::GroupId, std::uint32_t, ByteSpan) override {}
    // Exactly as many rows as symbols are missing are dependent once in 255.
    void decode(mcast::GroupId group, std::vector<std::uint32_t> missing) override;
    void check_block(mcast::GroupId group, mcast::BlockIndex block) override;
    void check_manifest() override;
    void release(mcast::GroupId) override {}

    Prng prng_;
};

}  // namespace muster::sim
