// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/control.h"

namespace muster::mcast {

std::string_view to_string(OrderMode mode) {
    switch (mode) {
        case OrderMode::multicast: return "multicast";
        case OrderMode::away: return "away";
        case OrderMode::unicast: return "unicast";
    }
    return "multicast";
}

std::optional<OrderMode> order_mode_from(std::string_view text) {
    for (const auto mode : {OrderMode::multicast, OrderMode::away, OrderMode::unicast}) {
        if (to_string(mode) == text) return mode;
    }
    return std::nullopt;
}

}  // namespace muster::mcast
