// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/wim_metadata.h"

#include <gtest/gtest.h>

#include "windows/wim_file.h"
#include "windows/wim_import.h"
#include "windows/wim_test_util.h"

namespace muster::windows {
namespace {

// Every entry of an image's tree in words, contents by SHA-1 and size.
std::vector<std::string> tree_of(const std::string& path, int index) {
    std::vector<std::string> lines;
    auto wim = open_wim(path);
    EXPECT_TRUE(wim.ok()) << wim.error().message();
    int code = wimlib_iterate_dir_tree(
        wim->get(), index, WIMLIB_WIM_ROOT_PATH, WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE,
        [](const wimlib_dir_entry* entry, void* context) {
            auto digest = std::string(
                reinterpret_cast<const char*>(entry->streams[0].resource.sha1_hash), 20);
            static_cast<std::vector<std::string>*>(context)->push_back(
                std::string(entry->full_path) + " " + std::to_string(entry->attributes) + " " +
                std::to_string(entry->streams[0].resource.uncompressed_size) + " " + digest);
            return 0;
        },
        &lines);
    EXPECT_EQ(code, 0) << wimlib_error(code, path).message();
    return lines;
}

class WimMetadata : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(work_ / "tree");
        make_tree(work_ / "tree");
        fs::create_directories(work_ / "second");
        write_file(work_ / "second/only here", random_text(3, 70000));
        capture({work_ / "tree", work_ / "second"}, work_ / "in.wim");
        auto made = export_delivery_form(work_ / "in.wim", work_ / "image");
        ASSERT_TRUE(made.ok()) << made.error().message();
    }
    TemporaryDirectory work_;
};

TEST_F(WimMetadata, ACopyOfAnImageInMemoryHasTheSameTreesAndIsSmall) {
    std::string image = read_file(work_ / "image");
    // More bytes follow, as in a partition that is larger than the image.
    std::string memory = image + std::string(1000000, 'x');
    ReadAt read_at = [&](std::uint64_t offset, MutableByteSpan out) -> Status {
        std::memcpy(out.data(), memory.data() + offset, out.size());
        return {};
    };
    std::string path;
    {
        auto copy = copy_metadata(image.size(), read_at, work_.path());
        ASSERT_TRUE(copy.ok()) << copy.error().message();
        path = copy->path();
        EXPECT_EQ(tree_of(path, 1), tree_of(work_ / "in.wim", 1));
        EXPECT_EQ(tree_of(path, 2), tree_of(work_ / "in.wim", 2));
        EXPECT_LT(copy->copied_bytes(), 100000u);
        EXPECT_GT(image.size(), 6000000u);
        struct stat status {};
        ASSERT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_LT(status.st_blocks * 512, 300000);
        auto info = inspect_wim(path);
        ASSERT_TRUE(info.ok()) << info.error().message();
        EXPECT_EQ(info->images.size(), 2u);
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(WimMetadata, OneIndexIsEnough) {
    auto file = InputFile::open(work_ / "image");
    ASSERT_TRUE(file.ok());
    auto all = copy_metadata(file->size_bytes(), file->reader(), work_.path());
    auto one = copy_metadata(file->size_bytes(), file->reader(), work_.path(), 2);
    ASSERT_TRUE(all.ok() && one.ok());
    EXPECT_LT(one->copied_bytes(), all->copied_bytes());
    EXPECT_EQ(tree_of(one->path(), 2), tree_of(work_ / "in.wim", 2));
}

TEST_F(WimMetadata, APlainWimWorksToo) {
    auto file = InputFile::open(work_ / "in.wim");
    ASSERT_TRUE(file.ok());
    auto copy = copy_metadata(file->size_bytes(), file->reader(), work_.path());
    ASSERT_TRUE(copy.ok()) << copy.error().message();
    EXPECT_EQ(tree_of(copy->path(), 1), tree_of(work_ / "in.wim", 1));
}

TEST_F(WimMetadata, AWrongSizeOrAFullDirectoryIsAnErrorAndLeavesNothing) {
    auto file = InputFile::open(work_ / "image");
    ASSERT_TRUE(file.ok());
    auto before = std::distance(fs::directory_iterator(work_.path()), {});
    EXPECT_EQ(copy_metadata(file->size_bytes() - 5000, file->reader(), work_.path()).error().code(),
              Errc::corrupt);
    EXPECT_EQ(copy_metadata(100, file->reader(), work_.path()).error().code(), Errc::corrupt);
    EXPECT_EQ(copy_metadata(file->size_bytes(), file->reader(), work_ / "no such directory")
                  .error()
                  .code(),
              Errc::not_found);
    ReadAt failing = [&](std::uint64_t offset, MutableByteSpan out) -> Status {
        if (offset > 0 && offset < 100000) return Error(Errc::io, "bad sector");
        return file->read_at(offset, out);
    };
    EXPECT_EQ(copy_metadata(file->size_bytes(), failing, work_.path()).error().message(),
              "bad sector");
    EXPECT_EQ(std::distance(fs::directory_iterator(work_.path()), {}), before);
}

}  // namespace
}  // namespace muster::windows
