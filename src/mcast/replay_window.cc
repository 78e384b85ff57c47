// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/replay_window.h"

namespace muster::mcast {

bool ReplayWindow::came_before(std::uint64_t number, std::uint32_t mark) const {
    const Seen& seen = seen_[number % kNumbers];
    return seen.number == number && seen.mark == mark;
}

void ReplayWindow::remember(std::uint64_t number, std::uint32_t mark) {
    if (course_.on_number(number) == NumberCourse::Step::stray) return;
    Seen& seen = seen_[number % kNumbers];
    const bool older = seen.number != ~0ULL && number < seen.number;
    if (older && seen.number <= *course_.highest()) return;
    seen = {number, mark};
}

}  // namespace muster::mcast
