// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the world does to a database: other programs, other versions, full disks, damaged files,
// and kill -9 at any moment.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "store/crash_testing.h"
#include "store/database.h"
#include "store/migrations.h"

namespace muster::store {
namespace {

namespace fs = std::filesystem;

site::Device device(const std::string& name) {
    site::Device made;
    made.name = name;
    return made;
}

TEST(DatabaseFaultsTest, ANewDatabaseIsPrivateAndSurvivesClosing) {
    ScratchFolder scratch;
    const fs::path path = scratch.path() / "my site.db";
    ASSERT_TRUE(SiteDatabase::open(path)->devices().add(device("PC-01")).ok());
    struct stat status = {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(SiteDatabase::open("sqlite:" + path.string())->devices().list()->size(), 1u);
}

TEST(DatabaseFaultsTest, PathsThatCannotBeOpenedAreNamed) {
    auto missing = SiteDatabase::open("/nonexistent/site.db");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_NE(missing.error().message().find("/nonexistent/site.db"), std::string::npos);
    EXPECT_EQ(SiteDatabase::open("").error().code(), Errc::invalid_argument);
    EXPECT_EQ(SiteDatabase::open("postgresql://host/x").error().code(), Errc::invalid_argument);
    ScratchFolder scratch;
    EXPECT_FALSE(SiteDatabase::open(scratch.path()).ok()) << "a folder";
}

TEST(DatabaseFaultsTest, AFileThatIsNoDatabaseIsRefusedAndLeftAsItIs) {
    ScratchFolder scratch;
    const fs::path path = scratch.path() / "notes.txt";
    std::ofstream(path) << std::string(5000, 'x');
    auto opened = SiteDatabase::open(path);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), Errc::corrupt);
    EXPECT_EQ(fs::file_size(path), 5000u);
}

TEST(DatabaseFaultsTest, SomebodyElsesDatabaseIsRefused) {
    ScratchFolder scratch;
    const std::string path = scratch.path() / "other.db";
    ASSERT_TRUE((*Connection::open(path))->execute("CREATE TABLE devices (x TEXT)").ok());
    auto opened = SiteDatabase::open(path);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), Errc::invalid_argument);
    EXPECT_NE(opened.error().message().find("no Muster database"), std::string::npos);
}

TEST(DatabaseFaultsTest, ADatabaseOfANewerProgramIsRefused) {
    ScratchFolder scratch;
    const std::string path = scratch.path() / "site.db";
    ASSERT_TRUE(SiteDatabase::open(path).ok());
    const auto newest = site_migrations().back().number;
    ASSERT_TRUE((*Connection::open(path))
                    ->execute("INSERT INTO schema_migrations (number) VALUES (:a)", {newest + 6})
                    .ok());
    auto opened = SiteDatabase::open(path);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), Errc::version_mismatch);
    EXPECT_NE(opened.error().message().find("it is version " + std::to_string(newest + 6) +
                                            ", this muster knows up to " + std::to_string(newest)),
              std::string::npos);
}

TEST(MigrationTest, NumbersAscendWithoutGaps) {
    std::int64_t expected = 1;
    for (const auto& step : site_migrations()) EXPECT_EQ(step.number, expected++);
}

TEST(MigrationTest, StepsAreAppliedOnceAndLaterOnesOnTop) {
    ScratchFolder scratch;
    auto connection = Connection::open(scratch.path() / "m.db");
    ASSERT_TRUE(connection.ok());
    std::vector<Migration> steps = {{1, {"CREATE TABLE t (id {id}, name TEXT)"}}};
    ASSERT_TRUE(migrate(**connection, steps).ok());
    ASSERT_TRUE((*connection)->execute("INSERT INTO t (name) VALUES ('kept')").ok());
    ASSERT_TRUE(migrate(**connection, steps).ok());
    steps.push_back({2, {"ALTER TABLE t ADD COLUMN size BIGINT NOT NULL DEFAULT 7"}});
    ASSERT_TRUE(migrate(**connection, steps).ok());
    auto rows = (*connection)->query("SELECT id, name, size FROM t", {});
    ASSERT_EQ(rows->size(), 1u);
    EXPECT_EQ(rows->at(0).text(1), "kept");
    EXPECT_EQ(rows->at(0).integer(2), 7);
}

TEST(MigrationTest, AStepThatFailsLeavesTheStateBeforeIt) {
    ScratchFolder scratch;
    auto connection = Connection::open(scratch.path() / "m.db");
    ASSERT_TRUE(connection.ok());
    const std::vector<Migration> steps = {
        {1, {"CREATE TABLE t (id {id})"}},
        {2, {"CREATE TABLE u (id {id})", "CREATE TABLE broken ("}}};
    auto status = migrate(**connection, steps);
    ASSERT_FALSE(status.ok());
    EXPECT_TRUE(status.error().message().starts_with("migration 2: "));
    EXPECT_TRUE(*(*connection)->has_table("t"));
    EXPECT_FALSE(*(*connection)->has_table("u"));
    EXPECT_EQ((*connection)->query("SELECT number FROM schema_migrations", {})->size(), 1u);
}

TEST(ConnectionTest, ValuesComeBackAsTheyWent) {
    ScratchFolder scratch;
    auto connection = Connection::open(scratch.path() / "v.db");
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE((*connection)
                    ->execute("CREATE TABLE v (a BIGINT, b DOUBLE PRECISION, c TEXT, d TEXT)")
                    .ok());
    const std::string text = "ü ' \" ; -- \n :a";
    ASSERT_TRUE((*connection)
                    ->execute("INSERT INTO v VALUES (:a, :b, :c, :d)",
                              {INT64_MIN, 0.1, text, std::monostate{}})
                    .ok());
    auto rows = (*connection)->query("SELECT a, b, c, d FROM v", {});
    ASSERT_TRUE(rows.ok()) << rows.error().message();
    EXPECT_EQ(rows->at(0).integer(0), INT64_MIN);
    EXPECT_EQ(rows->at(0).real(1), 0.1);
    EXPECT_EQ(rows->at(0).text(2), text);
    EXPECT_TRUE(rows->at(0).is_null(3));
}

TEST(DatabaseFaultsTest, TwoProcessesWriteSideBySide) {
    ScratchFolder scratch;
    const std::string path = scratch.path() / "site.db";
    constexpr int kProcesses = 3;
    constexpr int kDevices = 25;
    std::vector<pid_t> children;
    for (int process = 0; process < kProcesses; ++process) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            // Creation and migration race as well.
            auto database = SiteDatabase::open(path);
            bool ok = database.ok();
            if (!ok) std::fprintf(stderr, "%s\n", database.error().message().c_str());
            for (int i = 0; ok && i < kDevices; ++i) {
                auto added = database->devices().add(
                    device("PC-" + std::to_string(process) + "-" + std::to_string(i)));
                ok = added.ok();
                if (!ok) std::fprintf(stderr, "%s\n", added.error().message().c_str());
            }
            ::_exit(ok ? 0 : 1);
        }
        children.push_back(child);
    }
    for (pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    EXPECT_EQ(SiteDatabase::open(path)->devices().list()->size(),
              static_cast<std::size_t>(kProcesses * kDevices));
}

TEST(DatabaseFaultsTest, ALockedDatabaseIsReportedAsBusyAndReadersGoOn) {
    ScratchFolder scratch;
    const std::string path = scratch.path() / "site.db";
    auto database = SiteDatabase::open(path);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->devices().add(device("PC-01")).ok());
    auto other = Connection::open(path);
    ASSERT_TRUE(other.ok());
    auto mine = Connection::open(path);
    ASSERT_TRUE(mine.ok());
    ASSERT_TRUE((*mine)->execute("PRAGMA busy_timeout = 1").ok());
    auto held = (*other)->write("hold", [&]() -> Status {
        auto refused = (*mine)->write("try", [&]() -> Status { return {}; });
        EXPECT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code(), Errc::busy);
        EXPECT_NE(refused.error().message().find(path), std::string::npos);
        EXPECT_EQ(database->devices().list()->size(), 1u);
        return {};
    });
    EXPECT_TRUE(held.ok());
    EXPECT_TRUE((*mine)->write("try again", [&]() -> Status { return {}; }).ok());
}

TEST(DatabaseFaultsTest, AFullDiskIsSaidAndTheDatabaseGoesOnOnceThereIsRoom) {
    const std::string answer = on_small_disk(1 << 20, [](const fs::path& disk) -> std::string {
        auto database = SiteDatabase::open(disk / "site.db");
        if (!database.ok()) return database.error().message();
        std::ofstream filler(disk / "filler", std::ios::binary);
        const std::string block(4096, 'x');
        while (filler.write(block.data(), 4096).flush()) {
        }
        std::size_t stored = 0;
        Errc code = Errc::internal;
        for (int i = 0; i < 2000; ++i) {
            auto added = database->sequences().add("s" + std::to_string(i), std::string(2000, 'y'),
                                                   site::WallTime());
            if (!added.ok()) {
                code = added.error().code();
                break;
            }
            ++stored;
        }
        if (code != Errc::no_space) return "expected no_space, got " + std::string(to_string(code));
        if (database->sequences().list()->size() != stored) return "the count is wrong";
        filler.close();
        fs::remove(disk / "filler");
        auto again = database->sequences().add("after", "text", site::WallTime());
        if (!again.ok()) return "after making room: " + again.error().message();
        auto reopened = SiteDatabase::open(disk / "site.db");
        if (!reopened.ok()) return reopened.error().message();
        if (reopened->sequences().list()->size() != stored + 1) return "something was lost";
        return {};
    });
    if (answer.starts_with("skip: ")) GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "");
}

TEST(DatabaseFaultsTest, ADamagedFileIsReportedAsCorrupt) {
    ScratchFolder scratch;
    const fs::path path = scratch.path() / "site.db";
    {
        auto database = SiteDatabase::open(path);
        for (int i = 0; i < 200; ++i) {
            ASSERT_TRUE(database->sequences()
                            .add("s" + std::to_string(i), std::string(1000, 'y'), site::WallTime())
                            .ok());
        }
    }
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(fs::file_size(path) - 8192, '\x5a');
    file.close();
    auto database = SiteDatabase::open(path);
    const Error error = database.ok() ? database->sequences().list().error() : database.error();
    EXPECT_EQ(error.code(), Errc::corrupt) << error.message();
}

TEST(DatabaseFaultsTest, KilledAnywhereItLosesNothingAcknowledged) {
    ScratchFolder scratch;
    const auto work = [](const fs::path& path, const Tell& tell) {
        auto database = SiteDatabase::open(path);
        if (!database.ok()) ::_exit(1);
        for (const char* name : {"PC-0", "PC-1", "PC-2"}) {
            if (!database->devices().add(device(name)).ok()) ::_exit(1);
            tell('.');
        }
    };
    // A step that shares no factor with what repeats in the work meets every kind of call.
    constexpr int kStep = 7;
    int cut_short = 0;
    for (int number = 1;; number += kStep) {
        const fs::path path = scratch.path() / (std::to_string(number) + ".db");
        const auto outcome =
            crash_at_system_call(number, [&](const Tell& tell) { work(path, tell); });
        ASSERT_EQ(outcome.problem, "");
        auto database = SiteDatabase::open(path);
        ASSERT_TRUE(database.ok())
            << "system call " << number << ": " << database.error().message();
        const auto kept = database->devices().list()->size();
        EXPECT_GE(kept, outcome.told.size()) << "system call " << number;
        EXPECT_LE(kept, outcome.told.size() + 1) << "system call " << number;
        if (outcome.finished) {
            ASSERT_EQ(outcome.told.size(), 3u) << "the work itself failed";
            break;
        }
        if (!outcome.told.empty()) ++cut_short;
    }
    EXPECT_GT(cut_short, 5);
}

}  // namespace
}  // namespace muster::store
