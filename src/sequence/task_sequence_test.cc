// SPDX-License-Identifier: GPL-3.0-or-later
//
// The texts are YAML, read with the reader that the product uses, so lines and columns are the
// ones a person sees.
#include "sequence/task_sequence.h"

#include <gtest/gtest.h>

#include "text/json.h"
#include "text/yaml.h"

namespace muster::sequence {
namespace {

Value tree_of(std::string_view yaml) {
    auto tree = text::parse_yaml(yaml, "");
    EXPECT_TRUE(tree.ok()) << tree.error().message();
    return tree.ok() ? *tree : Value();
}

std::vector<std::string> faults_of(std::string_view yaml) {
    std::vector<std::string> messages;
    for (const auto& error : check(tree_of(yaml))) {
        EXPECT_EQ(error.code(), Errc::invalid_argument);
        messages.push_back(error.message());
    }
    return messages;
}

using Faults = std::vector<std::string>;

constexpr std::string_view kRoomImage =
    "name: Room image\n"
    "description: for the room on the left\n"
    "steps:\n"
    "  - partition disk: { disk: 0, layout: windows-uefi }\n"
    "  - name: Apply Windows\n"
    "    apply operating system image: { image: lab-image, index: 3 }\n";

TEST(TaskSequenceTest, StepsAreReadInShortAndLongForm) {
    auto sequence = parse(tree_of(kRoomImage));
    ASSERT_TRUE(sequence.ok()) << sequence.error().message();
    EXPECT_EQ(sequence->name, "Room image");
    EXPECT_EQ(sequence->description, "for the room on the left");
    ASSERT_EQ(sequence->steps.size(), 2u);
    EXPECT_EQ(sequence->steps[0].name, "partition disk");
    EXPECT_EQ(sequence->steps[0].location.line, 4u);
    EXPECT_EQ(sequence->steps[1].name, "Apply Windows");
    const auto& apply = std::get<ApplyImage>(sequence->steps[1].parameters);
    EXPECT_EQ(apply.image, "lab-image");
    EXPECT_EQ(apply.index, 3);
}

TEST(TaskSequenceTest, DiskAndIndexHaveDefaults) {
    auto sequence =
        parse(tree_of("name: x\n"
                      "steps:\n"
                      "  - partition disk: { layout: windows-uefi }\n"
                      "  - apply operating system image: { image: a }\n"));
    ASSERT_TRUE(sequence.ok()) << sequence.error().message();
    EXPECT_EQ(std::get<PartitionDisk>(sequence->steps[0].parameters).disk, 0);
    EXPECT_EQ(std::get<ApplyImage>(sequence->steps[1].parameters).index, 1);
}

TEST(TaskSequenceTest, WhatIsSentIsReadBackTheSame) {
    auto sequence = parse(tree_of(kRoomImage));
    ASSERT_TRUE(sequence.ok());
    const std::string sent = text::to_json(to_value(*sequence));
    auto again = parse(*text::parse_json(sent));
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(text::to_json(to_value(*again)), sent);
}

TEST(TaskSequenceTest, AnUnknownStepTypeNamesTheKnownOnes) {
    EXPECT_EQ(faults_of("name: x\n"
                        "steps:\n"
                        "  - partiton disk: { layout: windows-uefi }\n"
                        "  - apply operating system image: { image: a }\n"),
              (Faults{"line 3, column 5: partiton disk: no such step type (known: partition disk, "
                      "apply operating system image)"}));
}

TEST(TaskSequenceTest, EveryFaultIsReportedInTheOrderOfTheText) {
    EXPECT_EQ(
        faults_of("nome: x\n"
                  "description: [1]\n"
                  "steps:\n"
                  "  - partition disk: { disk: 300, layout: windows-bios, format: ntfs }\n"
                  "  - apply operating system image: { index: 0 }\n"
                  "  - name: 12\n"
                  "    apply operating system image: { image: 7, index: one }\n"
                  "  - reboot\n"
                  "  - name: nothing\n"
                  "  - restart: {}\n"),
        (Faults{
            "line 1, column 1: nome: unknown key (known here: name, description, steps)",
            "line 1, column 1: name: missing, expected the name of the task sequence",
            "line 2, column 14: description: expected a string, got a list",
            "line 4, column 29: disk: 300 is outside 0 to 255",
            "line 4, column 42: layout: 'windows-bios' is not known (known: windows-uefi)",
            "line 4, column 56: format: unknown key (known here: disk, layout)",
            "line 5, column 5: image: missing, expected the name of an image",
            "line 5, column 44: index: 0 is outside 1 to 65535",
            "line 6, column 11: name: expected a string, got a whole number (write it in quotes)",
            "line 7, column 44: image: expected a string, got a whole number (write it in quotes)",
            "line 7, column 54: index: expected a whole number, got a string",
            "line 8, column 5: a step is a map like 'partition disk: { disk: 0 }', got 'reboot'",
            "line 9, column 5: this step has no type (known: partition disk, apply operating "
            "system image)",
            "line 10, column 5: restart: no such step type (known: partition disk, apply operating "
            "system image)",
        }));
}

TEST(TaskSequenceTest, ParseReportsAllFaultsOneALine) {
    auto sequence = parse(tree_of("name: x\nsteps:\n  - a: 1\n  - b: 2\n"));
    ASSERT_FALSE(sequence.ok());
    const std::string& message = sequence.error().message();
    EXPECT_NE(message.find("line 3, column 5: a: no such step type"), std::string::npos);
    EXPECT_NE(message.find("\nline 4, column 5: b: no such step type"), std::string::npos);
}

TEST(TaskSequenceTest, AnImageNeedsAPartitionedDisk) {
    EXPECT_EQ(faults_of("name: x\n"
                        "steps:\n"
                        "  - apply operating system image: { image: a }\n"
                        "  - partition disk: { layout: windows-uefi }\n"),
              (Faults{"line 3, column 5: an image is applied before a disk is partitioned: put a "
                      "'partition disk' step before this one"}));
}

TEST(TaskSequenceTest, ADiskIsNotErasedAfterItsImageWasApplied) {
    EXPECT_EQ(faults_of("name: x\n"
                        "steps:\n"
                        "  - partition disk: { disk: 1, layout: windows-uefi }\n"
                        "  - apply operating system image: { image: a }\n"
                        "  - partition disk: { disk: 1, layout: windows-uefi }\n"),
              (Faults{"line 5, column 5: disk 1 is partitioned after an image was applied to it in "
                      "step 2, which would erase it"}));
    EXPECT_EQ(faults_of("name: x\n"
                        "steps:\n"
                        "  - partition disk: { layout: windows-uefi }\n"
                        "  - apply operating system image: { image: a }\n"
                        "  - apply operating system image: { image: b }\n"),
              (Faults{"line 5, column 5: a second image for the volume that got one in step 2"}));
    EXPECT_EQ(faults_of("name: x\n"
                        "steps:\n"
                        "  - partition disk: { disk: 0, layout: windows-uefi }\n"
                        "  - apply operating system image: { image: a }\n"
                        "  - partition disk: { disk: 1, layout: windows-uefi }\n"
                        "  - apply operating system image: { image: b }\n"),
              Faults{});
}

TEST(TaskSequenceTest, AFaultyStepBringsNoSecondFaultAboutTheOrder) {
    EXPECT_EQ(faults_of("name: x\n"
                        "steps:\n"
                        "  - partition disk: { layout: gpt }\n"
                        "  - apply operating system image: { image: a }\n")
                  .size(),
              1u);
    const auto faults = faults_of(
        "name: x\n"
        "steps:\n"
        "  - apply operating system image: { image: a }\n"
        "  - partitoin disk: {}\n"
        "  - apply operating system image: { image: b }\n");
    ASSERT_EQ(faults.size(), 2u);
    EXPECT_TRUE(faults[0].starts_with("line 3, column 5: an image is applied before"));
    EXPECT_TRUE(faults[1].starts_with("line 4, column 5: partitoin disk: no such step type"));
}

TEST(TaskSequenceTest, AStepHasOneType) {
    EXPECT_EQ(faults_of("name: x\n"
                        "steps:\n"
                        "  - partition disk: { layout: windows-uefi }\n"
                        "    apply operating system image: { image: a }\n"),
              (Faults{"line 4, column 5: apply operating system image: a step has one type, this "
                      "one is already 'partition disk'"}));
}

TEST(TaskSequenceTest, ParametersAreAMap) {
    EXPECT_EQ(faults_of("name: x\nsteps:\n  - partition disk: windows-uefi\n"),
              (Faults{"line 3, column 21: partition disk: expected a map of parameters, got a "
                      "string"}));
    EXPECT_EQ(faults_of("name: x\nsteps:\n  - partition disk:\n"),
              (Faults{"line 3, column 5: layout: missing (known: windows-uefi)"}));
}

TEST(TaskSequenceTest, WhatIsNoSequenceAtAllIsSaid) {
    EXPECT_EQ(faults_of("[1, 2]"),
              (Faults{"line 1, column 1: a task sequence is a map with 'name' and 'steps', got a "
                      "list"}));
    EXPECT_EQ(check(Value()).size(), 1u);
    EXPECT_EQ(faults_of("name: x\n"),
              (Faults{"line 1, column 1: steps: missing, expected a list of steps"}));
    EXPECT_EQ(faults_of("name: x\nsteps: []\n"),
              (Faults{"line 2, column 8: steps: there is none"}));
    EXPECT_EQ(faults_of("name: x\nsteps: { partition disk: {} }\n"),
              (Faults{"line 2, column 8: steps: expected a list of steps, got a map"}));
    EXPECT_EQ(faults_of("name: a/b\nsteps:\n  - name: ''\n    partition disk: { layout: "
                        "windows-uefi }\n"),
              (Faults{"line 1, column 7: task sequence name 'a/b': no control characters, no / and "
                      "no \\, text in UTF-8",
                      "line 3, column 11: name: must not be empty"}));
}

TEST(TaskSequenceTest, TheNumberOfStepsIsLimited) {
    std::string yaml = "name: x\nsteps:\n";
    for (std::size_t i = 0; i <= kMaxSteps; ++i) {
        yaml += "  - partition disk: { layout: windows-uefi }\n";
    }
    EXPECT_EQ(faults_of(yaml), (Faults{"line 3, column 3: steps: at most 500, these are 501"}));
}

}  // namespace
}  // namespace muster::sequence
