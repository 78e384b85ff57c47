// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/image.h"

#include "base/enum_words.h"
#include "site/names.h"

namespace muster::site {

namespace {

constexpr EnumWord<ImageState> kImageStates[] = {{ImageState::available, "available"},
                                                 {ImageState::damaged, "damaged"}};
constexpr EnumWord<ContentKind> kKinds[] = {
    {ContentKind::operating_system_image, "operating system image"},
    {ContentKind::disk_image, "disk image"},
    {ContentKind::driver_package, "driver package"},
    {ContentKind::package, "package"}};
constexpr EnumWord<Priority> kPriorities[] = {
    {Priority::low, "low"}, {Priority::medium, "medium"}, {Priority::high, "high"}};
constexpr EnumWord<LocationState> kLocationStates[] = {{LocationState::pending, "pending"},
                                                       {LocationState::hashing, "hashing"},
                                                       {LocationState::available, "available"},
                                                       {LocationState::damaged, "damaged"},
                                                       {LocationState::removed, "removed"}};

}  // namespace

std::string_view to_string(ImageState state) { return word_of(kImageStates, state); }
std::optional<ImageState> image_state_from(std::string_view text) {
    return value_of(kImageStates, text);
}
std::string_view to_string(ContentKind kind) { return word_of(kKinds, kind); }
std::optional<ContentKind> content_kind_from(std::string_view text) {
    return value_of(kKinds, text);
}
std::string_view to_string(Priority priority) { return word_of(kPriorities, priority); }
std::optional<Priority> priority_from(std::string_view text) { return value_of(kPriorities, text); }
std::string_view to_string(LocationState state) { return word_of(kLocationStates, state); }
std::optional<LocationState> location_state_from(std::string_view text) {
    return value_of(kLocationStates, text);
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
    if (image.multicast_only && !image.allow_multicast) {
        return Error(Errc::invalid_argument,
                     "image " + image.name + ": only via multicast needs allow multicast");
    }
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
