// SPDX-License-Identifier: GPL-3.0-or-later
//
// An operating system image as an administrator sees it. The bytes lie in the content store under
// content_id, in the form in which they are sent; several packages may share them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/ids.h"

namespace muster::site {

// One image inside a WIM; index counts from 1.
struct WimImage {
    std::int64_t index = 0;
    std::string name;
    std::string description;
    std::string architecture;  // as the WIM says it, empty when it does not
    std::int64_t total_bytes = 0;
    std::int64_t file_count = 0;
    std::string details = "{}";  // JSON: edition, version, languages, as far as the WIM says
};

// What kind of thing is distributed.
enum class ContentKind { operating_system_image, disk_image, driver_package, package };
std::string_view to_string(ContentKind kind);
std::optional<ContentKind> content_kind_from(std::string_view text);

enum class Priority { low, medium, high };
std::string_view to_string(Priority priority);
std::optional<Priority> priority_from(std::string_view text);

enum class ImageState { available, damaged };
std::string_view to_string(ImageState state);
std::optional<ImageState> image_state_from(std::string_view text);

struct ImagePackage {
    ImageId id;
    std::string name;
    std::string version;  // the administrator's own, "1" when none was given
    std::string comment;
    std::string content_id;        // root of the manifest, 64 lower-case hexadecimal digits
    std::int64_t image_bytes = 0;  // in the form in which it is sent
    std::string source_path;       // where the original was
    std::vector<WimImage> images;  // ascending index
    ImageState state = ImageState::available;
    ContentKind kind = ContentKind::operating_system_image;
    bool allow_multicast = true;
    bool encrypt = true;
    bool multicast_only = false;  // computers that multicast does not reach wait for it
    Priority priority = Priority::medium;
    WallTime created_at;
};

// Name, version, comment, content id and sizes of a package to be added; an empty version becomes
// "1". Errc::invalid_argument.
Result<ImagePackage> checked_image(ImagePackage image);

// State of a package on a distribution point.
enum class LocationState { pending, hashing, available, damaged, removed };
std::string_view to_string(LocationState state);
std::optional<LocationState> location_state_from(std::string_view text);

struct ImageLocation {
    ImageId image_id;
    PointId point_id;
    LocationState state = LocationState::pending;
    std::string detail;   // what is damaged, what it waits for
    WallTime checked_at;  // when the state was last found true
};

// Errc::invalid_argument unless `text` is 64 lower-case hexadecimal digits.
Status check_content_id(std::string_view text);

// Errc::not_found, naming the indices there are.
Result<WimImage> image_at(const ImagePackage& package, std::int64_t index);

}  // namespace muster::site
