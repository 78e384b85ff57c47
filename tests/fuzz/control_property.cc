// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/check.h"
#include "properties.h"
#include "session/signed_offer.h"
#include "session/wire.h"

namespace muster::fuzz {

namespace {

// What an offer is used for before anything else of it is believed.
void take_offer(const session::Offer& offer) {
    (void)session::check_offer(offer, std::string(64, '0'));
    const bool sound = offer.image.check().ok();
    const auto layout = mcast::Layout::create(offer.layout);
    if (!sound || !layout.ok()) return;
    CHECK(layout->block_count() > layout->manifest_blocks());
}

}  // namespace

void check_control(ByteSpan input) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    if (const auto said = session::parse_to_server(text); said.ok()) {
        const std::string once = session::to_text(*said);
        const auto again = session::parse_to_server(once);
        CHECK(again.ok() && session::to_text(*again) == once);
    }
    if (const auto said = session::parse_to_member(text); said.ok()) {
        const std::string once = session::to_text(*said);
        const auto again = session::parse_to_member(once);
        CHECK(again.ok() && session::to_text(*again) == once);
        if (const auto* offer = std::get_if<session::Offer>(&*said)) take_offer(*offer);
    }
}

}  // namespace muster::fuzz
