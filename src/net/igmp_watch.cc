// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/igmp_watch.h"

#include "net/igmp_socket.h"
#include "net/monotonic.h"

namespace muster::net {

namespace {
// Queries are minutes apart, so looking once a second costs less than a thread or a descriptor.
constexpr Duration kTick = std::chrono::seconds(1);
}  // namespace

struct IgmpWatch::Impl {
    Loop& loop;
    const IgmpWatchOptions options;
    std::function<void(const std::string&)> on_notice;
    IgmpSocket socket;
    Querier querier;
    Querier::State told = Querier::State::listening;
    Address told_of;
    bool send_failed = false;
    Timer timer;

    void tick();
    void tell();
    std::string words() const;
};

IgmpWatch::IgmpWatch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IgmpWatch::~IgmpWatch() = default;

Result<std::unique_ptr<IgmpWatch>> IgmpWatch::start(
    Loop& loop, const IgmpWatchOptions& options,
    std::function<void(const std::string&)> on_notice) {
    auto socket = TRY(IgmpSocket::open(options.interface, options.v6));
    const Address own = socket.own();
    std::unique_ptr<Impl> impl(new Impl{.loop = loop,
                                        .options = options,
                                        .on_notice = std::move(on_notice),
                                        .socket = std::move(socket),
                                        .querier = {monotonic_now(), own, options.querier},
                                        .told_of = {},
                                        .timer = {}});
    impl->tick();
    return std::unique_ptr<IgmpWatch>(new IgmpWatch(std::move(impl)));
}

void IgmpWatch::Impl::tick() {
    timer = loop.after(kTick, [this] { tick(); });
    const TimePoint now = monotonic_now();
    if (const auto heard = socket.receive(); heard.ok()) {
        for (const auto& [from, query] : *heard) {
            if (query.general) querier.on_query(now, from);
        }
    }
    if (querier.poll(now)) {
        const auto sent =
            socket.send(query_destination(options.v6), general_query(options.v6, querier.times()));
        if (!sent.ok() && !send_failed) on_notice(sent.error().message());
        send_failed = !sent.ok();
    }
    tell();
}

void IgmpWatch::Impl::tell() {
    const bool news =
        querier.state() != told || (told == Querier::State::other && !(querier.other() == told_of));
    if (!news) return;
    told = querier.state();
    told_of = querier.other();
    on_notice(words());
}

std::string IgmpWatch::Impl::words() const {
    const std::string protocol = options.v6 ? "MLD" : "IGMP";
    const std::string on = options.interface.name + ": ";
    const std::string silence =
        on + "no " + protocol + " querier heard for " +
        std::to_string(static_cast<int>(to_seconds(options.querier.patience))) + " s: ";
    switch (querier.state()) {
        case Querier::State::other:
            return on + querier.other().ip() + " is the " + protocol + " querier";
        case Querier::State::asking: return silence + "asking ourselves";
        case Querier::State::absent:
            return silence +
                   "a switch that snoops will stop passing multicast after some minutes; turn on "
                   "its querier, or start with --igmp-querier";
        case Querier::State::listening: break;
    }
    return on + "listening for an " + protocol + " querier";
}

}  // namespace muster::net
