// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/wim_file.h"

#include <gtest/gtest.h>

#include "windows/wim_test_util.h"

namespace muster::windows {
namespace {

class WimFile : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(work_ / "a/dir");
        write_file(work_ / "a/dir/file", random_text(1, 100000));
        write_file(work_ / "a/same", "same contents");
        write_file(work_ / "a/same too", "same contents");
        fs::create_directories(work_ / "b");
        write_file(work_ / "b/other", random_text(2, 5000));
    }
    TemporaryDirectory work_;
};

TEST_F(WimFile, SaysWhatIsInAnImage) {
    capture({work_ / "a", work_ / "b"}, work_ / "x.wim");
    auto info = inspect_wim(work_ / "x.wim");
    ASSERT_TRUE(info.ok()) << info.error().message();
    EXPECT_EQ(info->file_bytes, fs::file_size(work_ / "x.wim"));
    EXPECT_EQ(info->compression, "XPRESS");
    EXPECT_EQ(info->chunk_bytes, 32768u);
    EXPECT_TRUE(info->has_integrity_table);
    EXPECT_FALSE(info->pipable);
    EXPECT_FALSE(info->solid);
    EXPECT_EQ(info->blob_count, 3u);
    EXPECT_EQ(info->original_bytes, 105013u);
    ASSERT_EQ(info->images.size(), 2u);
    EXPECT_EQ(info->images[0].index, 1);
    EXPECT_EQ(info->images[0].name, "Image 1");
    EXPECT_EQ(info->images[0].file_count, 3u);
    EXPECT_EQ(info->images[0].dir_count, 2u);
    EXPECT_EQ(info->images[0].total_bytes, 100026u);
}

TEST_F(WimFile, SaysWhichWindowsIsInAnImage) {
    capture({work_ / "a"}, work_ / "x.wim");
    {
        auto wim = open_wim(work_ / "x.wim");
        ASSERT_TRUE(wim.ok());
        const std::pair<const char*, const char*> properties[] = {
            {"DESCRIPTION", "Windows 11 Pro"},     {"WINDOWS/ARCH", "9"},
            {"WINDOWS/EDITIONID", "Professional"}, {"WINDOWS/LANGUAGES/LANGUAGE[1]", "en-US"},
            {"WINDOWS/VERSION/MAJOR", "10"},       {"WINDOWS/LANGUAGES/LANGUAGE[2]", "de-DE"},
            {"WINDOWS/VERSION/MINOR", "0"},        {"WINDOWS/VERSION/BUILD", "22631"}};
        for (const auto& [name, value] : properties) {
            ASSERT_EQ(wimlib_set_image_property(wim->get(), 1, name, value), 0) << name;
        }
        ASSERT_EQ(wimlib_overwrite(wim->get(), 0, 1), 0);
    }
    auto info = inspect_wim(work_ / "x.wim");
    ASSERT_TRUE(info.ok()) << info.error().message();
    const auto& image = info->images[0];
    EXPECT_EQ(image.description, "Windows 11 Pro");
    EXPECT_EQ(image.edition, "Professional");
    EXPECT_EQ(image.architecture, "amd64");
    EXPECT_EQ(image.version, "10.0.22631");
    EXPECT_EQ(image.languages, (std::vector<std::string>{"en-US", "de-DE"}));
}

TEST_F(WimFile, RecognisesSolidAndPipableFiles) {
    CaptureOptions esd{WIMLIB_COMPRESSION_TYPE_LZMS, false, true};
    capture({work_ / "a"}, work_ / "x.esd", esd);
    auto solid = inspect_wim(work_ / "x.esd");
    ASSERT_TRUE(solid.ok()) << solid.error().message();
    EXPECT_TRUE(solid->solid);
    EXPECT_EQ(solid->compression, "LZMS");
    CaptureOptions pipe;
    pipe.pipable = true;
    capture({work_ / "a"}, work_ / "x.pwm", pipe);
    auto pipable = inspect_wim(work_ / "x.pwm");
    ASSERT_TRUE(pipable.ok()) << pipable.error().message();
    EXPECT_TRUE(pipable->pipable);
}

TEST_F(WimFile, EveryWrongFileHasItsOwnSentence) {
    auto message = [](const std::string& path) {
        auto result = inspect_wim(path);
        EXPECT_FALSE(result.ok());
        return result.ok() ? "" : result.error().message();
    };
    EXPECT_EQ(message(work_ / "none.wim"), work_ / "none.wim: No such file or directory");
    EXPECT_EQ(message(work_ / "a"), work_ / "a is a directory, not a file");
    write_file(work_ / "text", "hello world, this is text");
    EXPECT_EQ(message(work_ / "text"),
              work_ / "text is not a WIM file: it begins with \"hello wo\"");
    write_file(work_ / "elf", std::string("\x7f"
                                          "ELF\x02\x01\x01\x00more",
                                          12));
    EXPECT_EQ(message(work_ / "elf"),
              work_ / "elf is not a WIM file: it begins with bytes 7f454c4602010100");
    write_file(work_ / "empty", "");
    EXPECT_EQ(message(work_ / "empty"),
              work_ / "empty is not a WIM file: it begins with nothing (it is empty)");
    write_file(work_ / "short", std::string("MSWIM\0\0\0\xd0", 9));
    EXPECT_EQ(message(work_ / "short"),
              work_ /
                  "short is truncated or damaged: its header ends at byte 208, the file has 9 "
                  "bytes; copy it again");
}

TEST_F(WimFile, APartOfASplitWimIsNamed) {
    capture({work_ / "a"}, work_ / "x.wim");
    auto wim = open_wim(work_ / "x.wim");
    ASSERT_TRUE(wim.ok());
    ASSERT_EQ(wimlib_split(wim->get(), (work_ / "p.swm").c_str(), 20000, 0), 0);
    auto part = inspect_wim(work_ / "p.swm");
    ASSERT_FALSE(part.ok());
    EXPECT_EQ(part.error().code(), Errc::invalid_argument);
    EXPECT_NE(part.error().message().find("p.swm is part 1 of "), std::string::npos);
    EXPECT_NE(part.error().message().find("join the parts first"), std::string::npos);
}

TEST_F(WimFile, AnIndexThatIsNotThereIsAnsweredWithThoseThatAre) {
    WimInfo info;
    info.images.resize(2);
    info.images[0] = {.index = 1, .name = "Pro"};
    info.images[1] = {.index = 2, .name = "Home"};
    EXPECT_TRUE(check_index(info, 1).ok());
    EXPECT_TRUE(check_index(info, 2).ok());
    auto missing = check_index(info, 5);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_EQ(missing.error().message(),
              "image has 2 indexes (1 Pro, 2 Home); there is no index 5");
    EXPECT_FALSE(check_index(info, 0).ok());
    EXPECT_FALSE(check_index(info, -1).ok());
}

}  // namespace
}  // namespace muster::windows
