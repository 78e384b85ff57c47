// SPDX-License-Identifier: GPL-3.0-or-later
//
// One walk over the tree fills the sequence and collects every fault; check() and parse() are two
// views of its outcome. A fault never stops the walk: what can still be judged is judged.
#include "sequence/task_sequence.h"

#include <algorithm>
#include <map>
#include <optional>

#include "site/names.h"

namespace muster::sequence {

namespace {

constexpr std::size_t kMaxStepNameCharacters = 100;
constexpr std::size_t kMaxDescriptionCharacters = 1000;
constexpr std::int64_t kMaxDisk = 255;
constexpr std::int64_t kMaxIndex = 65'535;
constexpr std::string_view kPartitionDisk = "partition disk";
constexpr std::string_view kApplyImage = "apply operating system image";
constexpr std::string_view kStepTypes[] = {kPartitionDisk, kApplyImage};
constexpr DiskLayout kLayouts[] = {DiskLayout::windows_uefi};

std::string join(const auto& words) {
    std::string joined;
    for (const auto& word : words) {
        if (!joined.empty()) joined += ", ";
        joined += std::string(word);
    }
    return joined;
}

std::string known_layouts() {
    std::vector<std::string_view> names;
    for (auto layout : kLayouts) names.push_back(to_string(layout));
    return join(names);
}

class Walk {
public:
    void sequence(const Value& tree);

    // In the order of the text.
    std::vector<Error> faults() const {
        std::vector<Error> errors;
        for (const auto& fault : faults_) errors.push_back(fault.error);
        return errors;
    }

    TaskSequence parsed;

private:
    struct Fault {
        Location at;
        Error error;
    };
    using Keys = std::initializer_list<std::string_view>;

    void step(const Value& node);
    std::optional<StepParameters> step_parameters(const Value::Member& member);
    PartitionDisk partition_disk(const Value& node, Location at);
    ApplyImage apply_image(const Value& node, Location at);
    void check_order();

    void fault(Location at, std::string_view message) {
        Value place;
        place.set_location(at);
        faults_.push_back({at, place.error(message)});
    }
    void check(Location at, const Status& status) {
        if (!status.ok()) fault(at, status.error().message());
    }
    void known_keys(const Value& node, Keys known);
    std::optional<std::string> text(const Value& node, std::string_view key);
    std::optional<std::int64_t> whole(const Value& node, std::string_view key,
                                      std::int64_t fallback, std::int64_t least, std::int64_t most);
    // From here on the order of the steps cannot be judged without guessing.
    void order_is_unclear() { order_end_ = std::min(order_end_, parsed.steps.size()); }

    std::vector<Fault> faults_;
    std::size_t order_end_ = SIZE_MAX;
};

void Walk::known_keys(const Value& node, Keys known) {
    for (const auto& member : *node.as_map()) {
        if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
        fault(member.location,
              site::printable(member.key) + ": unknown key (known here: " + join(known) + ")");
    }
}

// A text member, or nothing when it is absent or no text (a fault).
std::optional<std::string> Walk::text(const Value& node, std::string_view key) {
    const Value* value = node.find(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* found = value->as_string()) return *found;
    fault(value->location(),
          std::string(key) + ": expected a string, got " + std::string(value->type_name()) +
              (value->as_map() || value->as_list() || value->is_null() ? ""
                                                                       : " (write it in quotes)"));
    return std::nullopt;
}

// `fallback` when it is absent, nothing when it is wrong (a fault).
std::optional<std::int64_t> Walk::whole(const Value& node, std::string_view key,
                                        std::int64_t fallback, std::int64_t least,
                                        std::int64_t most) {
    const Value* value = node.find(key);
    if (value == nullptr) return fallback;
    const auto* found = value->as_int();
    if (found == nullptr) {
        fault(value->location(), std::string(key) + ": expected a whole number, got " +
                                     std::string(value->type_name()));
        return std::nullopt;
    }
    if (*found >= least && *found <= most) return *found;
    fault(value->location(), std::string(key) + ": " + std::to_string(*found) + " is outside " +
                                 std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

PartitionDisk Walk::partition_disk(const Value& node, Location at) {
    known_keys(node, {"disk", "layout"});
    PartitionDisk parameters;
    const auto disk = whole(node, "disk", 0, 0, kMaxDisk);
    if (!disk) order_is_unclear();
    parameters.disk = disk.value_or(0);
    if (node.find("layout") == nullptr) {
        fault(at, "layout: missing (known: " + known_layouts() + ")");
        return parameters;
    }
    const auto name = text(node, "layout");
    if (!name) return parameters;
    for (auto layout : kLayouts) {
        if (to_string(layout) == *name) {
            parameters.layout = layout;
            return parameters;
        }
    }
    fault(node.find("layout")->location(),
          "layout: '" + site::printable(*name) + "' is not known (known: " + known_layouts() + ")");
    return parameters;
}

ApplyImage Walk::apply_image(const Value& node, Location at) {
    known_keys(node, {"image", "index"});
    ApplyImage parameters;
    parameters.index = whole(node, "index", 1, 1, kMaxIndex).value_or(1);
    if (node.find("image") == nullptr) {
        fault(at, "image: missing, expected the name of an image");
    } else if (auto name = text(node, "image")) {
        check(node.find("image")->location(), site::check_name("image", *name));
        parameters.image = *name;
    }
    return parameters;
}

std::optional<StepParameters> Walk::step_parameters(const Value::Member& member) {
    Value node = member.value;
    if (node.is_null()) {
        node = Value::map();
    } else if (node.as_map() == nullptr) {
        fault(node.location(),
              member.key + ": expected a map of parameters, got " + std::string(node.type_name()));
        return std::nullopt;
    }
    if (member.key == kPartitionDisk) return partition_disk(node, member.location);
    return apply_image(node, member.location);
}

void Walk::step(const Value& node) {
    if (node.as_map() == nullptr) {
        const auto* word = node.as_string();
        fault(node.location(),
              "a step is a map like 'partition disk: { disk: 0 }', got " +
                  (word ? "'" + site::printable(*word) + "'" : std::string(node.type_name())));
        order_is_unclear();
        return;
    }
    const Value::Member* type = nullptr;
    for (const auto& member : *node.as_map()) {
        if (member.key == "name") continue;
        if (std::find(std::begin(kStepTypes), std::end(kStepTypes), member.key) ==
            std::end(kStepTypes)) {
            fault(member.location, site::printable(member.key) +
                                       ": no such step type (known: " + join(kStepTypes) + ")");
        } else if (type != nullptr) {
            fault(member.location,
                  member.key + ": a step has one type, this one is already '" + type->key + "'");
        } else {
            type = &member;
        }
    }
    const auto name = text(node, "name");
    if (name) {
        check(node.find("name")->location(),
              name->empty() ? Status(Error(Errc::invalid_argument, "name: must not be empty"))
                            : site::check_text("name", *name, kMaxStepNameCharacters));
    }
    if (type == nullptr) {
        const auto* members = node.as_map();
        if (members->size() == (node.find("name") != nullptr ? 1 : 0)) {
            fault(node.location(), "this step has no type (known: " + join(kStepTypes) + ")");
        }
        order_is_unclear();
        return;
    }
    auto parameters = step_parameters(*type);
    if (!parameters) {
        order_is_unclear();
        return;
    }
    parsed.steps.push_back({name.value_or(type->key), std::move(*parameters), node.location()});
}

// What is wrong with the steps together. It stops where a faulty step may have been meant to be the
// one that is missed: a fault does not bring a second one after it.
void Walk::check_order() {
    std::optional<std::int64_t> disk;
    std::map<std::int64_t, std::size_t> applied;  // disk -> step number of its image
    std::size_t number = 0;
    for (const auto& step : parsed.steps) {
        if (number == order_end_) return;
        ++number;
        if (const auto* partition = std::get_if<PartitionDisk>(&step.parameters)) {
            disk = partition->disk;
            if (applied.contains(*disk)) {
                fault(step.location, "disk " + std::to_string(*disk) +
                                         " is partitioned after an "
                                         "image was applied to it in step " +
                                         std::to_string(applied[*disk]) + ", which would erase it");
            }
            continue;
        }
        if (!disk) {
            fault(step.location,
                  "an image is applied before a disk is partitioned: put a "
                  "'partition disk' step before this one");
        } else if (applied.contains(*disk)) {
            fault(step.location, "a second image for the volume that got one in step " +
                                     std::to_string(applied[*disk]));
        } else {
            applied[*disk] = number;
        }
    }
}

void Walk::sequence(const Value& tree) {
    if (tree.as_map() == nullptr) {
        fault(tree.location(), "a task sequence is a map with 'name' and 'steps', got " +
                                   std::string(tree.type_name()));
        return;
    }
    known_keys(tree, {"name", "description", "steps"});
    if (tree.find("name") == nullptr) {
        fault(tree.location(), "name: missing, expected the name of the task sequence");
    } else if (auto name = text(tree, "name")) {
        check(tree.find("name")->location(), site::check_name("task sequence", *name));
        parsed.name = *name;
    }
    if (auto description = text(tree, "description")) {
        check(tree.find("description")->location(),
              site::check_text("description", *description, kMaxDescriptionCharacters));
        parsed.description = *description;
    }
    const Value* steps = tree.find("steps");
    if (steps == nullptr) {
        fault(tree.location(), "steps: missing, expected a list of steps");
        return;
    }
    if (steps->as_list() == nullptr) {
        fault(steps->location(),
              "steps: expected a list of steps, got " + std::string(steps->type_name()));
        return;
    }
    if (steps->as_list()->empty()) fault(steps->location(), "steps: there is none");
    if (steps->as_list()->size() > kMaxSteps) {
        fault(steps->location(), "steps: at most " + std::to_string(kMaxSteps) + ", these are " +
                                     std::to_string(steps->as_list()->size()));
        return;
    }
    for (const auto& node : *steps->as_list()) step(node);
    check_order();
    std::stable_sort(faults_.begin(), faults_.end(), [](const Fault& a, const Fault& b) {
        return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
    });
}

}  // namespace

std::string_view to_string(DiskLayout) { return "windows-uefi"; }

std::string_view type_name(const StepParameters& parameters) {
    return std::holds_alternative<PartitionDisk>(parameters) ? kPartitionDisk : kApplyImage;
}

std::vector<Error> check(const Value& tree) {
    Walk walk;
    walk.sequence(tree);
    return walk.faults();
}

Result<TaskSequence> parse(const Value& tree) {
    Walk walk;
    walk.sequence(tree);
    const auto faults = walk.faults();
    if (faults.empty()) return std::move(walk.parsed);
    std::string all;
    for (const auto& fault : faults) all += (all.empty() ? "" : "\n") + fault.message();
    return Error(Errc::invalid_argument, all);
}

Value to_value(const TaskSequence& sequence) {
    Value steps = Value::list();
    for (const auto& step : sequence.steps) {
        Value parameters = Value::map();
        if (const auto* partition = std::get_if<PartitionDisk>(&step.parameters)) {
            parameters.set("disk", partition->disk).set("layout", to_string(partition->layout));
        } else if (const auto* apply = std::get_if<ApplyImage>(&step.parameters)) {
            parameters.set("image", apply->image).set("index", apply->index);
        }
        Value node = Value::map();
        node.set("name", step.name).set(type_name(step.parameters), std::move(parameters));
        steps.push(std::move(node));
    }
    Value tree = Value::map();
    tree.set("name", sequence.name);
    if (!sequence.description.empty()) tree.set("description", sequence.description);
    return tree.set("steps", std::move(steps));
}

}  // namespace muster::sequence
