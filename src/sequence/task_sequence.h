// SPDX-License-Identifier: GPL-3.0-or-later
//
// A task sequence: the steps that turn a blank computer into a finished one, as the administrator
// wrote them.
//
//   name: Room image
//   description: Windows for the room on the left
//   steps:
//     - partition disk: { disk: 0, layout: windows-uefi }
//     - name: Apply Windows
//       apply operating system image: { image: lab-image, index: 1 }
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace muster::sequence {

// GPT: EFI system partition, Microsoft reserved, Windows on NTFS.
enum class DiskLayout { windows_uefi };
std::string_view to_string(DiskLayout layout);

// Erases a disk and gives it partitions; later steps apply onto them.
struct PartitionDisk {
    std::int64_t disk = 0;  // in the order the computer lists its disks, from 0
    DiskLayout layout = DiskLayout::windows_uefi;
};

// Receives an image package and applies one image of it onto the Windows volume of the disk that
// was partitioned last.
struct ApplyImage {
    std::string image;       // name of the image package
    std::int64_t index = 1;  // of the image inside it, from 1
};

using StepParameters = std::variant<PartitionDisk, ApplyImage>;
// "partition disk", "apply operating system image": what the step is called in the text.
std::string_view type_name(const StepParameters& parameters);

struct Step {
    std::string name;  // the type's name when the text gives none
    StepParameters parameters;
    Location location;  // of the step in the text
};

struct TaskSequence {
    std::string name;
    std::string description;
    std::vector<Step> steps;  // at least one
};

inline constexpr std::size_t kMaxSteps = 500;

// Every fault of the text, in its order, each "line L, column C: what"; empty: it can be run.
// Beside form and types: an image is applied before a disk is partitioned, a disk is partitioned
// again after an image was applied to it, a second image onto the same volume.
std::vector<Error> check(const Value& tree);

// Errc::invalid_argument: all faults of check(), one a line.
Result<TaskSequence> parse(const Value& tree);

// The form parse() reads, so that a sequence can be sent and read again.
Value to_value(const TaskSequence& sequence);

}  // namespace muster::sequence
