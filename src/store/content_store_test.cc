// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/content_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/prng.h"
#include "store/crash_testing.h"
#include "store/hash_file.h"

namespace muster::store {
namespace {

namespace fs = std::filesystem;

std::string noise(std::size_t bytes, std::uint64_t seed) {
    Prng prng(seed);
    std::string text(bytes, '\0');
    for (char& c : text) c = static_cast<char>(prng.below(256));
    return text;
}

Status write_file(const fs::path& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (file.fail()) return Error(Errc::no_space, path.string() + ": not written");
    return {};
}

// What the server does with an image.
Result<StoredContent> add(ContentStore& store, std::string_view bytes) {
    auto pending = TRY(store.begin_add());
    const fs::path image = pending.folder() / kImageFileName;
    TRY(write_file(image, bytes));
    const auto manifest = TRY(hash_file(image));
    TRY(write_file(pending.folder() / kManifestFileName, as_text(manifest.encode())));
    return store.commit(std::move(pending), content::image_id(manifest.descriptor()));
}

std::size_t entries(const fs::path& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(ContentStoreTest, WhatWasAddedIsFoundWhole) {
    ScratchFolder scratch;
    auto store = ContentStore::open(scratch.path() / "store");
    ASSERT_TRUE(store.ok()) << store.error().message();
    const std::string bytes = noise(300'000, 1);
    auto added = add(*store, bytes);
    ASSERT_TRUE(added.ok()) << added.error().message();
    auto found = store->find(added->id);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->image_bytes, bytes.size());
    EXPECT_EQ(fs::file_size(found->image_path), bytes.size());
    auto manifest = read_manifest(*found);
    ASSERT_TRUE(manifest.ok()) << manifest.error().message();
    EXPECT_EQ(content::image_id(manifest->descriptor()), added->id);
    EXPECT_EQ(store->list()->size(), 1u);
    EXPECT_EQ(entries(scratch.path() / "store/staging"), 0u);
}

TEST(ContentStoreTest, TheSameContentTwiceIsKeptOnce) {
    ScratchFolder scratch;
    auto store = ContentStore::open(scratch.path());
    ASSERT_TRUE(store.ok());
    auto first = add(*store, noise(1000, 1));
    auto second = add(*store, noise(1000, 1));
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(first->id, second->id);
    EXPECT_EQ(store->list()->size(), 1u);
    EXPECT_EQ(entries(scratch.path() / "staging"), 0u);
}

TEST(ContentStoreTest, AnAddThatIsDroppedLeavesNothing) {
    ScratchFolder scratch;
    auto store = ContentStore::open(scratch.path());
    ASSERT_TRUE(store.ok());
    {
        auto pending = store->begin_add();
        ASSERT_TRUE(pending.ok());
        ASSERT_TRUE(write_file(pending->folder() / "image.wim", "half").ok());
        EXPECT_EQ(entries(scratch.path() / "staging"), 1u);
    }
    EXPECT_EQ(entries(scratch.path() / "staging"), 0u);
    EXPECT_TRUE(store->list()->empty());
}

TEST(ContentStoreTest, OnlyWhatFitsItsIdIsTaken) {
    ScratchFolder scratch;
    auto store = ContentStore::open(scratch.path());
    ASSERT_TRUE(store.ok());
    auto stored = add(*store, noise(1000, 1));
    ASSERT_TRUE(stored.ok());

    const auto commit_with = [&](std::string_view image, std::string_view manifest,
                                 std::string_view id) {
        auto pending = store->begin_add();
        EXPECT_TRUE(pending.ok());
        if (!image.empty()) {
            EXPECT_TRUE(write_file(pending->folder() / "image.wim", image).ok());
        }
        if (!manifest.empty()) {
            EXPECT_TRUE(write_file(pending->folder() / "manifest", manifest).ok());
        }
        return store->commit(std::move(*pending), id);
    };
    const std::string other(64, 'a');
    const std::string manifest(as_text(read_manifest(*stored)->encode()));
    EXPECT_EQ(commit_with("x", "", other).error().code(), Errc::invalid_argument);
    EXPECT_EQ(commit_with("", "x", other).error().code(), Errc::invalid_argument);
    EXPECT_EQ(commit_with("x", "y", other).error().code(), Errc::corrupt);
    EXPECT_EQ(commit_with(noise(1000, 1), manifest, other).error().code(), Errc::corrupt);
    EXPECT_EQ(commit_with(noise(999, 1), manifest, stored->id).error().code(), Errc::corrupt);
    EXPECT_EQ(commit_with("x", "y", "../../etc").error().code(), Errc::invalid_argument);
    EXPECT_EQ(store->list()->size(), 1u);
    EXPECT_EQ(entries(scratch.path() / "staging"), 0u);
}

TEST(ContentStoreTest, RemovedContentIsGoneAndAnUnknownOneIsNamed) {
    ScratchFolder scratch;
    auto store = ContentStore::open(scratch.path());
    ASSERT_TRUE(store.ok());
    auto stored = add(*store, noise(1000, 1));
    ASSERT_TRUE(stored.ok());
    EXPECT_TRUE(store->remove(stored->id).ok());
    EXPECT_EQ(store->find(stored->id).error().code(), Errc::not_found);
    EXPECT_EQ(store->remove(stored->id).error().code(), Errc::not_found);
    EXPECT_EQ(entries(scratch.path() / "staging"), 0u);
    EXPECT_EQ(entries(scratch.path() / "content"), 0u);
    EXPECT_EQ(store->find("../x").error().code(), Errc::invalid_argument);
}

TEST(ContentStoreTest, DamageIsNoticed) {
    ScratchFolder scratch;
    auto store = ContentStore::open(scratch.path());
    ASSERT_TRUE(store.ok());
    auto stored = add(*store, noise(200'000, 1));
    ASSERT_TRUE(stored.ok());
    std::string manifest(as_text(read_manifest(*stored)->encode()));
    for (std::size_t at : {0UL, 5UL, 17UL, 30UL, manifest.size() - 1}) {
        std::string damaged = manifest;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        ASSERT_TRUE(write_file(stored->manifest_path, damaged).ok());
        EXPECT_FALSE(read_manifest(*stored).ok()) << at;
    }
    ASSERT_TRUE(write_file(stored->manifest_path, manifest.substr(0, 10)).ok());
    EXPECT_EQ(read_manifest(*stored).error().code(), Errc::corrupt);
    fs::remove(stored->manifest_path);
    EXPECT_EQ(store->find(stored->id).error().code(), Errc::corrupt);
}

TEST(ContentStoreTest, TwoServersCannotUseOneFolder) {
    ScratchFolder scratch;
    auto first = ContentStore::open(scratch.path());
    ASSERT_TRUE(first.ok());
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto second = ContentStore::open(scratch.path());
        const bool refused = !second.ok() && second.error().code() == Errc::busy &&
                             second.error().message().find(
                                 "process " + std::to_string(::getppid())) != std::string::npos;
        ::_exit(refused ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_EQ(ContentStore::open(scratch.path()).error().code(), Errc::busy);
    first = Error(Errc::cancelled, "closed");
    EXPECT_TRUE(ContentStore::open(scratch.path()).ok());
}

TEST(ContentStoreTest, AFolderThatCannotBeMadeIsNamed) {
    EXPECT_EQ(ContentStore::open("/nonexistent/store").error().code(), Errc::not_found);
    ScratchFolder scratch;
    ASSERT_TRUE(write_file(scratch.path() / "file", "x").ok());
    EXPECT_FALSE(ContentStore::open(scratch.path() / "file").ok());
}

TEST(ContentStoreTest, ACrashAnywhereInAnAddLeavesNothingOrTheWhole) {
    ScratchFolder scratch;
    const std::string bytes = noise(100'000, 7);
    int crashes = 0;
    bool whole_after_crash = false;
    bool nothing_after_crash = false;
    for (int number = 1;; ++number) {
        const fs::path folder = scratch.path() / std::to_string(number);
        const auto outcome = crash_at_system_call(number, [&](const Tell& tell) {
            auto store = ContentStore::open(folder);
            if (!store.ok() || !add(*store, bytes).ok()) ::_exit(1);
            tell('.');
        });
        ASSERT_EQ(outcome.problem, "");
        auto store = ContentStore::open(folder);
        ASSERT_TRUE(store.ok()) << store.error().message();
        auto all = store->list();
        ASSERT_TRUE(all.ok()) << "system call " << number << ": " << all.error().message();
        EXPECT_EQ(entries(folder / "staging"), 0u);
        if (!outcome.told.empty()) {
            EXPECT_EQ(all->size(), 1u) << "acknowledged, then lost";
        }
        for (const auto& stored : *all) {
            auto manifest = hash_file(stored.image_path);
            ASSERT_TRUE(manifest.ok());
            EXPECT_EQ(content::image_id(manifest->descriptor()), stored.id);
            EXPECT_TRUE(read_manifest(stored).ok());
        }
        fs::remove_all(folder);
        if (outcome.finished) {
            ASSERT_EQ(outcome.told, ".") << "the work itself failed";
            break;
        }
        ++crashes;
        (all->empty() ? nothing_after_crash : whole_after_crash) = true;
    }
    EXPECT_GT(crashes, 20);
    EXPECT_TRUE(nothing_after_crash);
    EXPECT_TRUE(whole_after_crash);
}

TEST(ContentStoreTest, ACrashAnywhereInARemovalLeavesNothingOrTheWhole) {
    ScratchFolder scratch;
    const std::string bytes = noise(100'000, 7);
    for (int number = 1;; ++number) {
        const fs::path folder = scratch.path() / std::to_string(number);
        std::string id;
        {
            auto store = ContentStore::open(folder);
            ASSERT_TRUE(store.ok());
            id = add(*store, bytes)->id;
        }
        const auto outcome = crash_at_system_call(number, [&](const Tell& tell) {
            auto store = ContentStore::open(folder);
            if (!store.ok() || !store->remove(id).ok()) ::_exit(1);
            tell('.');
        });
        ASSERT_EQ(outcome.problem, "");
        auto store = ContentStore::open(folder);
        ASSERT_TRUE(store.ok());
        auto all = store->list();
        ASSERT_TRUE(all.ok()) << "system call " << number << ": " << all.error().message();
        EXPECT_EQ(entries(folder / "staging"), 0u);
        if (!outcome.told.empty()) {
            EXPECT_TRUE(all->empty());
        }
        fs::remove_all(folder);
        if (outcome.finished) {
            ASSERT_EQ(outcome.told, ".");
            break;
        }
    }
}

TEST(ContentStoreTest, AFullDiskIsSaidAndLeavesNothing) {
    const std::string answer = on_small_disk(512 * 1024, [](const fs::path& disk) -> std::string {
        auto store = ContentStore::open(disk / "store");
        if (!store.ok()) return store.error().message();
        const auto check = free_space_check(disk, 300'000'000);
        if (check.ok() || check.error().code() != Errc::no_space) return "free space not checked";
        if (check.error().message().find("300.0 MB are needed, ") == std::string::npos) {
            return check.error().message();
        }
        if (!free_space_check(disk, 100'000).ok()) return "enough space refused";
        auto large = add(*store, noise(2'000'000, 1));
        if (large.ok() || large.error().code() != Errc::no_space) return "large one was taken";
        if (entries(disk / "store/staging") != 0) return "staging was left";
        auto small = add(*store, noise(100'000, 1));
        if (!small.ok()) return "no room after the failure: " + small.error().message();
        return {};
    });
    if (answer.starts_with("skip: ")) GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "");
}

TEST(HashFileTest, TheManifestIsThatOfTheBytes) {
    ScratchFolder scratch;
    const fs::path path = scratch.path() / "image";
    const std::string bytes = noise(9'000'000, 3);
    ASSERT_TRUE(write_file(path, bytes).ok());
    std::vector<std::uint64_t> steps;
    auto manifest = hash_file(path, [&](std::uint64_t done, std::uint64_t total) -> Status {
        EXPECT_EQ(total, bytes.size());
        steps.push_back(done);
        return {};
    });
    ASSERT_TRUE(manifest.ok()) << manifest.error().message();
    content::ManifestBuilder builder(content::kBlockBytes);
    builder.add(as_bytes(bytes));
    EXPECT_EQ(manifest->descriptor(), builder.finish()->descriptor());
    ASSERT_GE(steps.size(), 2u);
    EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
    EXPECT_EQ(steps.back(), bytes.size());
}

TEST(HashFileTest, ItStopsWhenAsked) {
    ScratchFolder scratch;
    ASSERT_TRUE(write_file(scratch.path() / "image", noise(9'000'000, 3)).ok());
    int calls = 0;
    auto manifest = hash_file(scratch.path() / "image", [&](auto, auto) -> Status {
        ++calls;
        return Error(Errc::cancelled, "stopped");
    });
    EXPECT_EQ(manifest.error().code(), Errc::cancelled);
    EXPECT_EQ(calls, 1);
}

TEST(HashFileTest, WhatIsNoImageFileIsRefused) {
    ScratchFolder scratch;
    EXPECT_EQ(hash_file(scratch.path() / "none").error().code(), Errc::not_found);
    EXPECT_EQ(hash_file(scratch.path()).error().code(), Errc::invalid_argument);
    ASSERT_TRUE(write_file(scratch.path() / "empty", "").ok());
    EXPECT_EQ(hash_file(scratch.path() / "empty").error().code(), Errc::invalid_argument);
}

TEST(HashFileTest, AFileThatGrowsWhileItIsReadIsRefused) {
    ScratchFolder scratch;
    const fs::path path = scratch.path() / "image";
    ASSERT_TRUE(write_file(path, noise(5'000'000, 3)).ok());
    bool grown = false;
    auto manifest = hash_file(path, [&](auto, auto) -> Status {
        if (!grown) std::ofstream(path, std::ios::app) << "more";
        grown = true;
        return {};
    });
    ASSERT_FALSE(manifest.ok());
    EXPECT_EQ(manifest.error().code(), Errc::corrupt);
}

TEST(FilesTest, BytesAreWrittenForPeople) {
    EXPECT_EQ(format_bytes(0), "0 B");
    EXPECT_EQ(format_bytes(999), "999 B");
    EXPECT_EQ(format_bytes(1000), "1.0 kB");
    EXPECT_EQ(format_bytes(4'237'000'000), "4.2 GB");
    EXPECT_EQ(format_bytes(999'999), "1.0 MB");
    EXPECT_EQ(format_bytes(UINT64_MAX), "18.4 EB");
}

}  // namespace
}  // namespace muster::store
