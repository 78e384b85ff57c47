// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the world does to a database: other programs, other versions, full disks, damaged files,
// and kill -9 at any moment.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "store/crash_testing.h"
#include "store/database.h"
#include "store/migrations.h"
#include "store/postgres_testing.h"

namespace muster::store {
namespace {

namespace fs = std::filesystem;

site::Device device(const std::string& name) {
    site::Device made;
    made.name = name;
    return made;
}

// What both databases do.
class EachDatabaseTest : public testing::TestWithParam<DatabaseKind> {
protected:
    const std::string& where() const { return place_.where(); }

private:
    DatabasePlace place_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(On, EachDatabaseTest,
                         testing::Values(DatabaseKind::sqlite, DatabaseKind::postgresql),
                         testing::PrintToStringParamName());

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
    auto other = SiteDatabase::open("mysql://root:secret@host/x");
    EXPECT_EQ(other.error().code(), Errc::invalid_argument);
    EXPECT_EQ(other.error().message().find("secret"), std::string::npos);
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

TEST_P(EachDatabaseTest, SomebodyElsesDatabaseIsRefused) {
    ASSERT_TRUE((*Connection::open(where()))->execute("CREATE TABLE devices (x TEXT)").ok());
    auto opened = SiteDatabase::open(where());
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), Errc::invalid_argument);
    EXPECT_NE(opened.error().message().find("no Muster database"), std::string::npos);
}

TEST_P(EachDatabaseTest, ADatabaseOfANewerProgramIsRefused) {
    ASSERT_TRUE(SiteDatabase::open(where()).ok());
    const auto newest = site_migrations().back().number;
    ASSERT_TRUE((*Connection::open(where()))
                    ->execute("INSERT INTO schema_migrations (number) VALUES (:a)", {newest + 6})
                    .ok());
    auto opened = SiteDatabase::open(where());
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

TEST_P(EachDatabaseTest, MigrationsAreAppliedOnceAndLaterOnesOnTop) {
    auto connection = Connection::open(where());
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

TEST_P(EachDatabaseTest, AMigrationThatFailsLeavesTheStateBeforeIt) {
    auto connection = Connection::open(where());
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

TEST_P(EachDatabaseTest, ValuesComeBackAsTheyWent) {
    auto connection = Connection::open(where());
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

TEST_P(EachDatabaseTest, WhatCannotBeKeptIsRefusedAndSaid) {
    auto connection = Connection::open(where());
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE((*connection)->execute("CREATE TABLE v (a TEXT, b DOUBLE PRECISION)").ok());
    const std::vector<SqlValue> bad[] = {{std::string("a\0b", 3), 1.0},
                                         {std::string("\xff"), 1.0},
                                         {std::string("\xed\xa0\x80"), 1.0},
                                         {std::string("a"), std::nan("")},
                                         {std::string("a"), HUGE_VAL}};
    for (const auto& values : bad) {
        auto status = (*connection)->execute("INSERT INTO v VALUES (:a, :b)", values);
        ASSERT_FALSE(status.ok());
        EXPECT_EQ(status.error().code(), Errc::invalid_argument);
        EXPECT_NE(status.error().message().find("cannot be stored"), std::string::npos);
    }
    EXPECT_TRUE((*connection)->query("SELECT a FROM v", {})->empty());
}

TEST_P(EachDatabaseTest, RulesOfTheTablesAreToldApart) {
    auto connection = Connection::open(where());
    ASSERT_TRUE(connection.ok());
    auto& db = **connection;
    ASSERT_TRUE(db.execute("CREATE TABLE a (x BIGINT PRIMARY KEY, y TEXT NOT NULL)").ok());
    ASSERT_TRUE(db.execute("CREATE TABLE b (x BIGINT REFERENCES a(x))").ok());
    ASSERT_TRUE(db.execute("INSERT INTO a VALUES (1, 'secret-value')").ok());
    ASSERT_TRUE(db.execute("INSERT INTO b VALUES (1)").ok());
    const auto code_of = [&](const char* sql) {
        auto status = db.execute(sql);
        EXPECT_FALSE(status.ok()) << sql;
        if (status.ok()) return Errc::cancelled;
        EXPECT_NE(status.error().message().find(db.path()), std::string::npos);
        EXPECT_EQ(status.error().message().find('\n'), std::string::npos);
        EXPECT_EQ(status.error().message().find("secret-value"), std::string::npos);
        return status.error().code();
    };
    EXPECT_EQ(code_of("INSERT INTO a VALUES (1, 'secret-value')"), Errc::already_exists);
    EXPECT_EQ(code_of("INSERT INTO b VALUES (2)"), Errc::not_found);
    EXPECT_EQ(code_of("DELETE FROM a"), Errc::not_found);
    EXPECT_EQ(code_of("INSERT INTO a VALUES (2, NULL)"), Errc::internal);
    EXPECT_EQ(code_of("SELECT nonsense"), Errc::internal);
}

TEST_P(EachDatabaseTest, ATransactionInWhichAStatementFailedIsNotCommitted) {
    auto connection = Connection::open(where());
    ASSERT_TRUE(connection.ok());
    auto& db = **connection;
    ASSERT_TRUE(db.execute("CREATE TABLE a (x BIGINT PRIMARY KEY)").ok());
    auto written = db.write("careless", [&]() -> Status {
        EXPECT_TRUE(db.execute("INSERT INTO a VALUES (1)").ok());
        EXPECT_FALSE(db.execute("INSERT INTO a VALUES (1)").ok());
        EXPECT_FALSE(db.execute("INSERT INTO a VALUES (2)").ok());
        return {};
    });
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code(), Errc::already_exists);
    EXPECT_TRUE(db.query("SELECT x FROM a", {})->empty());
    EXPECT_TRUE(db.write("careful", [&] { return db.execute("INSERT INTO a VALUES (3)"); }).ok());
}

TEST_P(EachDatabaseTest, AReaderSeesOneStateWhileAnotherWrites) {
    auto one = Connection::open(where());
    auto other = Connection::open(where());
    ASSERT_TRUE(one.ok() && other.ok());
    ASSERT_TRUE((*one)->execute("CREATE TABLE a (x BIGINT)").ok());
    auto read = (*one)->read("read", [&]() -> Status {
        EXPECT_TRUE((*one)->query("SELECT x FROM a", {})->empty());
        EXPECT_TRUE(
            (*other)
                ->write("write", [&] { return (*other)->execute("INSERT INTO a VALUES (1)"); })
                .ok());
        EXPECT_TRUE((*one)->query("SELECT x FROM a", {})->empty());
        return {};
    });
    EXPECT_TRUE(read.ok());
    EXPECT_EQ((*one)->query("SELECT x FROM a", {})->size(), 1u);
}

TEST_P(EachDatabaseTest, AnIdIsNotUsedAgain) {
    auto connection = Connection::open(where());
    ASSERT_TRUE(connection.ok());
    auto& db = **connection;
    ASSERT_TRUE(
        migrate(db, std::vector<Migration>{{1, {"CREATE TABLE t (id {id}, name TEXT)"}}}).ok());
    const auto add = [&] {
        return db.query("INSERT INTO t (name) VALUES ('x') RETURNING id", {})->at(0).integer(0);
    };
    EXPECT_EQ(add(), 1);
    EXPECT_EQ(add(), 2);
    ASSERT_TRUE(db.execute("DELETE FROM t").ok());
    EXPECT_EQ(add(), 3);
}

TEST_P(EachDatabaseTest, ProcessesWriteSideBySide) {
    constexpr int kProcesses = 3;
    constexpr int kDevices = 25;
    std::vector<pid_t> children;
    for (int process = 0; process < kProcesses; ++process) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            // Creation and migration race as well.
            auto database = SiteDatabase::open(where());
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
    EXPECT_EQ(SiteDatabase::open(where())->devices().list()->size(),
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
        EXPECT_EQ(refused.error().code(), Errc::unavailable);
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

// 0 when the work ended before its Nth system call.
int crash_and_look(DatabaseKind kind, int number) {
    const DatabasePlace place(kind);
    const auto outcome = crash_at_system_call(number, [&](const Tell& tell) {
        auto database = SiteDatabase::open(place.where());
        if (!database.ok()) ::_exit(1);
        for (const char* name : {"PC-0", "PC-1", "PC-2"}) {
            if (!database->devices().add(device(name)).ok()) ::_exit(1);
            tell('.');
        }
    });
    EXPECT_EQ(outcome.problem, "");
    auto database = SiteDatabase::open(place.where());
    EXPECT_TRUE(database.ok()) << database.error().message();
    if (!database.ok()) return 0;
    const auto kept = database->devices().list()->size();
    EXPECT_GE(kept, outcome.told.size());
    EXPECT_LE(kept, outcome.told.size() + 1);
    if (outcome.finished) {
        EXPECT_EQ(outcome.told.size(), 3u) << "the work itself failed";
        return 0;
    }
    return static_cast<int>(outcome.told.size()) + 1;
}

TEST_P(EachDatabaseTest, KilledAnywhereItLosesNothingAcknowledged) {
    // A step that shares no factor with what repeats in the work meets every kind of call. To
    // another program there are few.
    const int step = GetParam() == DatabaseKind::sqlite ? 7 : 5;
    int cut_short = 0;
    for (int number = 1; !HasFailure(); number += step) {
        SCOPED_TRACE("system call " + std::to_string(number));
        const int reached = crash_and_look(GetParam(), number);
        if (reached == 0) break;
        if (reached > 1) ++cut_short;
    }
    EXPECT_GT(cut_short, 3);
}

}  // namespace
}  // namespace muster::store
