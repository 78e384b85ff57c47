// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/image.h"

#include "site/names.h"

namespace muster::site {

std::string_view to_string(ImageState state) {
    switch (state) {
        case ImageState::available: return "available";
        case ImageState::damaged: return "damaged";
    }
    return "available";
}

std::optional<ImageState> image_state_from(std::string_view text) {
    for (auto state : {ImageState::available, ImageState::damaged}) {
        if (to_string(state) == text) return state;
    }
    return std::nullopt;
}

Status check_content_id(std::string_view text) {
    const bool hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (text.size() == 64 && hex) return {};
    return Error(Errc::invalid_argument,
                 "content id '" + printable(text) + "': expected 64 lower-case hexadecimal digits");
}

Result<ImagePackage> checked_image(ImagePackage image) {
    if (image.version.empty()) image.version = "1";
    TRY(check_name("image", image.name));
    TRY(check_text("image version", image.version, 32));
    TRY(check_text("image comment", image.comment, 256));
    TRY(check_content_id(image.content_id));
    if (image.image_bytes <= 0) {
        return Error(Errc::invalid_argument, "image " + image.name + ": it has no bytes");
    }
    return image;
}

Result<WimImage> image_at(const ImagePackage& package, std::int64_t index) {
    std::string known;
    for (const auto& image : package.images) {
        if (image.index == index) return image;
        known += (known.empty() ? "" : ", ") + std::to_string(image.index) + " " + image.name;
    }
    return Error(Errc::not_found, "image " + package.name + " has no index " +
                                      std::to_string(index) + " (it has: " + known + ")");
}

}  // namespace muster::site
