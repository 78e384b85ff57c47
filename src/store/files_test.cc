// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/files.h"

#include <gtest/gtest.h>

#include "store/crash_testing.h"

namespace muster::store {
namespace {

namespace fs = std::filesystem;

TEST(Files, PrivateFileIsReadableByItsOwnerOnlyAndReplacedAsAWhole) {
    const ScratchFolder scratch;
    const fs::path path = scratch.path() / "deep" / "er" / "login.json";
    ASSERT_TRUE(write_private_file(path, "first, and longer").ok());
    ASSERT_TRUE(write_private_file(path, "second").ok());
    EXPECT_EQ(*read_text_file(path), "second");
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_FALSE(fs::exists(path.string() + ".new"));
}

TEST(Files, PrivateFileOnAFullDiskLeavesTheOldOne) {
    const std::string wrong = on_small_disk(64 << 10, [](const fs::path& folder) -> std::string {
        const fs::path path = folder / "token";
        if (!write_private_file(path, "old").ok()) return "could not write at all";
        const Status status = write_private_file(path, std::string(1 << 20, 'x'));
        if (status.ok()) return "a full disk was not noticed";
        if (status.error().code() != Errc::no_space) return status.error().message();
        return *read_text_file(path) == "old" ? "" : "the old file is gone";
    });
    EXPECT_EQ(wrong, "");
}

TEST(Files, AMissingTextFileIsNamed) {
    const auto text = read_text_file("/no/such/file");
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().code(), Errc::not_found);
    EXPECT_NE(text.error().message().find("/no/such/file"), std::string::npos);
}

}  // namespace
}  // namespace muster::store
