// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/block_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/prng.h"

namespace muster::session {
namespace {

constexpr std::uint32_t kBlock = 1 << 20;

class FileStoreTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name =
            (std::filesystem::temp_directory_path() / "muster-store-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = (folder_ / "image").string();
        image_ = {20 * std::uint64_t{kBlock} + 5, kBlock, {}};
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    Bytes block(std::uint32_t index) const {
        Prng prng(index + 1);
        Bytes bytes(image_.block_length(index));
        for (auto& b : bytes) b = static_cast<std::byte>(prng.next());
        return bytes;
    }
    std::unique_ptr<BlockStore> open() {
        auto store = open_file_store(path_, image_);
        EXPECT_TRUE(store.ok()) << (store.ok() ? "" : store.error().message());
        return store.ok() ? std::move(*store) : nullptr;
    }

    std::filesystem::path folder_;
    std::string path_;
    content::Descriptor image_;
};

TEST_F(FileStoreTest, HasItsNameOnlyWhenComplete) {
    auto store = open();
    for (std::uint32_t i = 0; i < image_.block_count(); ++i) {
        ASSERT_TRUE(store->write(i, block(i)).ok());
        EXPECT_FALSE(std::filesystem::exists(path_));
    }
    ASSERT_TRUE(store->complete().ok());
    EXPECT_EQ(std::filesystem::file_size(path_), image_.image_bytes);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".part"));
    EXPECT_FALSE(std::filesystem::exists(path_ + ".part.journal"));
}

TEST_F(FileStoreTest, TakesUpWhatItsJournalVouchesFor) {
    {
        auto store = open();
        for (std::uint32_t i = 0; i < 17; ++i) ASSERT_TRUE(store->write(i, block(i)).ok());
    }
    auto store = open();
    const auto have = store->have();
    EXPECT_EQ(have.count(), 17u);
    for (auto i = have.first_set(0); i; i = have.first_set(*i + 1)) {
        Bytes read(image_.block_length(*i));
        ASSERT_TRUE(store->read(*i, read).ok());
        EXPECT_EQ(read, block(*i));
    }
}

TEST_F(FileStoreTest, StartsAgainWhenTheJournalIsOfAnotherImage) {
    {
        auto store = open();
        for (std::uint32_t i = 0; i < 17; ++i) ASSERT_TRUE(store->write(i, block(i)).ok());
    }
    image_.root[0] = std::byte{1};
    EXPECT_TRUE(open()->have().none());
}

TEST_F(FileStoreTest, DoesNotBelieveAJournalWhosePartFileIsGoneOrShort) {
    {
        auto store = open();
        for (std::uint32_t i = 0; i < 17; ++i) ASSERT_TRUE(store->write(i, block(i)).ok());
    }
    std::filesystem::resize_file(path_ + ".part", 7 * kBlock);
    EXPECT_TRUE(open()->have().none());
    {
        auto store = open();
        for (std::uint32_t i = 0; i < 17; ++i) ASSERT_TRUE(store->write(i, block(i)).ok());
    }
    std::filesystem::remove(path_ + ".part");
    EXPECT_TRUE(open()->have().none());
}

TEST_F(FileStoreTest, WhatTheJournalVouchesForIsUnprovenUntilHashedAndGoneWhenWrong) {
    {
        auto store = open();
        EXPECT_TRUE(store->unproven().none());
        for (std::uint32_t i = 0; i < 17; ++i) ASSERT_TRUE(store->write(i, block(i)).ok());
        EXPECT_TRUE(store->unproven().none()) << "written now, from verified bytes";
    }
    {
        auto store = open();
        EXPECT_EQ(store->unproven(), store->have());
        content::BlockSet wrong(image_.block_count());
        wrong.set(3);
        store->on_proven(wrong);
        EXPECT_TRUE(store->unproven().none());
        EXPECT_EQ(store->have().count(), 16u);
        EXPECT_FALSE(store->have().test(3));
        ASSERT_TRUE(store->write(3, block(3)).ok());
    }
    EXPECT_EQ(open()->have().count(), 17u);
}

TEST_F(FileStoreTest, CompletesOnce) {
    auto store = open();
    for (std::uint32_t i = 0; i < image_.block_count(); ++i) {
        ASSERT_TRUE(store->write(i, block(i)).ok());
    }
    EXPECT_FALSE(store->is_complete());
    ASSERT_TRUE(store->complete().ok());
    EXPECT_TRUE(store->is_complete());
    EXPECT_TRUE(store->complete().ok());
}

TEST_F(FileStoreTest, RefusesAnOutputThatExists) {
    std::ofstream(path_) << "mine";
    auto store = open_file_store(path_, image_);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code(), Errc::already_exists);
}

TEST_F(FileStoreTest, DoesNotReplaceAnOutputThatAppearedMeanwhile) {
    auto store = open();
    for (std::uint32_t i = 0; i < image_.block_count(); ++i) {
        ASSERT_TRUE(store->write(i, block(i)).ok());
    }
    std::ofstream(path_) << "mine";
    EXPECT_FALSE(store->complete().ok());
    EXPECT_EQ(std::filesystem::file_size(path_), 4u);
}

TEST_F(FileStoreTest, SaysWhenTheDiskIsTooSmall) {
    image_.image_bytes = 1ULL << 46;
    auto store = open_file_store(path_, image_);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code(), Errc::no_space);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".part"));
}

TEST_F(FileStoreTest, MemoryStoreGivesBackWhatWasWritten) {
    int fd = -1;
    auto store = open_memory_store(image_, &fd);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->write(20, block(20)).ok());
    Bytes read(5);
    ASSERT_EQ(::pread(fd, read.data(), read.size(), 20 * std::int64_t{kBlock}), 5);
    EXPECT_EQ(read, block(20));
}

}  // namespace
}  // namespace muster::session
