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
};

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
    bool multicast_only = false;  // computers that multicast does not reach wait for it
    WallTime created_at;
};

// Name, version, comment, content id and sizes of a package to be added; an empty version becomes
// "1". Errc::invalid_argument.
Result<ImagePackage> checked_image(ImagePackage image);

// Errc::invalid_argument unless `text` is 64 lower-case hexadecimal digits.
Status check_content_id(std::string_view text);

// Errc::not_found, naming the indices there are.
Result<WimImage> image_at(const ImagePackage& package, std::int64_t index);

}  // namespace muster::site
