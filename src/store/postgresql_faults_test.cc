// SPDX-License-Identifier: GPL-3.0-or-later
//
// PostgreSQL is another program: it goes away in the middle of anything and comes back, it is
// slow, it belongs to somebody who lets nobody in.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "store/database.h"
#include "store/postgres_testing.h"

namespace muster::store {
namespace {

site::Device device(const std::string& name) {
    site::Device made;
    made.name = name;
    return made;
}

bool says(const Error& error, std::string_view words) {
    return error.message().find(words) != std::string::npos;
}

class PostgresqlFaultsTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(server().problem(), ""); }
    // Whatever a test did to the server, the next one finds it running.
    void TearDown() override { server().start(); }
    PostgresServer& server() { return PostgresServer::shared(); }
    const std::string& where() const { return place_.where(); }
    std::string with_options(const std::string& options) { return place_.with_options(options); }

    // A connection and a table a(x).
    std::unique_ptr<Connection> table() {
        auto connection = Connection::open(where());
        EXPECT_TRUE(connection.ok()) << connection.error().message();
        if (!connection.ok()) return nullptr;
        EXPECT_TRUE((*connection)->execute("CREATE TABLE a (x BIGINT PRIMARY KEY)").ok());
        return std::move(*connection);
    }
    static Status insert(Connection& connection, std::int64_t x) {
        return connection.execute("INSERT INTO a VALUES (:a)", {x});
    }
    static std::size_t count(Connection& connection) {
        auto rows = connection.query("SELECT x FROM a", {});
        EXPECT_TRUE(rows.ok()) << rows.error().message();
        return rows.ok() ? rows->size() : 999;
    }

private:
    DatabasePlace place_{DatabaseKind::postgresql};
};

TEST_F(PostgresqlFaultsTest, ALostServerIsSaidAndTheNextRequestAfterItsReturnWorks) {
    auto database = SiteDatabase::open(where());
    ASSERT_TRUE(database.ok()) << database.error().message();
    ASSERT_TRUE(database->devices().add(device("PC-01")).ok());
    server().stop_immediately();
    for (const Error& error :
         {database->devices().list().error(), database->devices().add(device("PC-02")).error(),
          database->settings().set("rate", "1M").error()}) {
        EXPECT_EQ(error.code(), Errc::unavailable) << error.message();
        EXPECT_TRUE(says(error, "the server cannot be reached")) << error.message();
        EXPECT_TRUE(says(error, "No such file or directory")) << error.message();
        EXPECT_EQ(error.message().find('\n'), std::string::npos);
    }
    server().start();
    ASSERT_EQ(server().problem(), "");
    EXPECT_TRUE(database->devices().add(device("PC-03")).ok());
    auto devices = database->devices().list();
    ASSERT_TRUE(devices.ok()) << devices.error().message();
    ASSERT_EQ(devices->size(), 2u);
    EXPECT_EQ(devices->at(1).name, "PC-03");
}

TEST_F(PostgresqlFaultsTest, ARestartBetweenTwoRequestsIsNotNoticed) {
    auto database = SiteDatabase::open(where());
    ASSERT_TRUE(database.ok());
    for (const char* name : {"PC-01", "PC-02"}) {
        server().stop_immediately();
        server().start();
        auto added = database->devices().add(device(name));
        EXPECT_TRUE(added.ok()) << added.error().message();
        server().stop_immediately();
        server().start();
        EXPECT_TRUE(database->devices().list().ok());
    }
}

TEST_F(PostgresqlFaultsTest, ATransactionThatLostItsServerIsLostAsAWhole) {
    auto connection = table();
    ASSERT_TRUE(connection);
    auto written = connection->write("write", [&]() -> Status {
        EXPECT_TRUE(insert(*connection, 1).ok());
        server().stop_immediately();
        server().start();
        // On the new server this would be alone, and stay.
        EXPECT_EQ(insert(*connection, 2).error().code(), Errc::unavailable);
        EXPECT_EQ(insert(*connection, 3).error().code(), Errc::unavailable);
        return {};
    });
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code(), Errc::unavailable);
    EXPECT_TRUE(says(written.error(), "the connection to the server was lost"));
    EXPECT_FALSE(says(written.error(), "not known"));
    EXPECT_EQ(count(*connection), 0u);
    EXPECT_TRUE(connection->write("again", [&] { return insert(*connection, 4); }).ok());
    EXPECT_EQ(count(*connection), 1u);
}

TEST_F(PostgresqlFaultsTest, ACommitThatWasLostIsNotSaidToBeDoneAndNotRepeated) {
    auto connection = table();
    ASSERT_TRUE(connection);
    auto written = connection->write("write", [&]() -> Status {
        TRY(insert(*connection, 1));
        server().stop_immediately();
        return {};
    });
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code(), Errc::unavailable);
    EXPECT_TRUE(says(written.error(), "whether it was is not known")) << written.error().message();
    server().start();
    EXPECT_EQ(count(*connection), 0u);
}

TEST_F(PostgresqlFaultsTest, ASessionThatIsPutOutComesBack) {
    auto connection = table();
    auto other = Connection::open(where());
    ASSERT_TRUE(connection && other.ok());
    const auto put_out = [&] {
        return (*other)->execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    };
    auto read = connection->read("read", [&]() -> Status {
        EXPECT_TRUE(put_out().ok());
        return connection->query("SELECT x FROM a", {}).ok() ? Status() : Error(Errc::busy, "lost");
    });
    EXPECT_FALSE(read.ok());
    EXPECT_TRUE(insert(*connection, 1).ok());
    ASSERT_TRUE(put_out().ok());
    EXPECT_TRUE(connection->write("write", [&] { return insert(*connection, 2); }).ok());
    EXPECT_EQ(count(*connection), 2u);
}

TEST_F(PostgresqlFaultsTest, AfterALostCommitNobodyReadsBeforeItIsDecided) {
    auto connection = table();
    auto other = Connection::open(with_options("-c lock_timeout=10ms"));
    auto third = Connection::open(with_options("-c lock_timeout=10ms"));
    ASSERT_TRUE(connection && other.ok() && third.ok());
    const auto pid_of = [](Connection& one) {
        return one.query("SELECT pg_backend_pid()", {})->at(0).integer(0);
    };
    const std::int64_t pid = pid_of(**other);
    // What still holds the writers' lock may be our own commit, on its way.
    auto held = connection->write("hold", [&]() -> Status {
        TRY(insert(*connection, 1));
        EXPECT_TRUE((*third)->execute("SELECT pg_terminate_backend(:a::int, 30000)", {pid}).ok());
        auto early = (*other)->read("read", [&] { return (*other)->query("SELECT 1", {}); });
        EXPECT_FALSE(early.ok());
        return {};
    });
    ASSERT_TRUE(held.ok()) << held.error().message();
    EXPECT_EQ(count(**other), 1u);
}

TEST_F(PostgresqlFaultsTest, AWriterWaitsAndIsToldWhenItTakesTooLong) {
    auto connection = table();
    auto other = Connection::open(with_options("-c lock_timeout=10ms"));
    ASSERT_TRUE(connection && other.ok());
    const auto write = [&](std::int64_t x) {
        return (*other)->write("write", [&] { return insert(**other, x); });
    };
    auto held = connection->write("hold", [&]() -> Status {
        TRY(insert(*connection, 1));
        auto refused = write(2);
        EXPECT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code(), Errc::unavailable) << refused.error().message();
        EXPECT_TRUE(says(refused.error(), "another program keeps it locked"));
        EXPECT_EQ(count(**other), 0u) << "readers go on";
        return {};
    });
    EXPECT_TRUE(held.ok());
    EXPECT_TRUE(write(3).ok());
    EXPECT_EQ(count(*connection), 2u);
}

TEST_F(PostgresqlFaultsTest, AStatementThatTakesTooLongIsEnded) {
    auto connection = Connection::open(with_options("-c statement_timeout=10ms"));
    ASSERT_TRUE(connection.ok());
    auto slow = (*connection)->query("SELECT pg_sleep(60)", {});
    ASSERT_FALSE(slow.ok());
    EXPECT_EQ(slow.error().code(), Errc::unavailable) << slow.error().message();
    EXPECT_TRUE(says(slow.error(), "did not answer in time"));
}

TEST_F(PostgresqlFaultsTest, ATransactionOfAStoppedProgramDoesNotHoldUpTheOthers) {
    auto connection = table();
    auto stopped = Connection::open(with_options("-c idle_in_transaction_session_timeout=10ms"));
    ASSERT_TRUE(connection && stopped.ok());
    auto written = (*stopped)->write("write", [&]() -> Status {
        TRY(insert(**stopped, 1));
        EXPECT_TRUE(connection->write("other", [&] { return insert(*connection, 2); }).ok());
        return {};
    });
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code(), Errc::unavailable) << written.error().message();
    EXPECT_EQ(count(**stopped), 1u);
}

TEST_F(PostgresqlFaultsTest, WhoIsNotLetInIsToldWhyAndNoPasswordIsShown) {
    auto admin = Connection::open(where());
    ASSERT_TRUE(admin.ok());
    ASSERT_TRUE((*admin)->execute("CREATE ROLE locked LOGIN PASSWORD 'right-hunter2'").ok());
    const auto refused = [&](const std::string& url, std::string_view cause) {
        auto opened = SiteDatabase::open(url);
        ASSERT_FALSE(opened.ok()) << url;
        EXPECT_TRUE(says(opened.error(), cause)) << opened.error().message();
        EXPECT_FALSE(says(opened.error(), "hunter2")) << opened.error().message();
    };
    refused(server().url("postgres", "locked", "wrong-hunter2"), "password authentication failed");
    refused(server().url("postgres", "locked"), "no password supplied");
    refused(server().url("nothing", "muster", "hunter2"), "database \"nothing\" does not exist");
    refused(server().url("postgres", "nobody", "hunter2"), "role \"nobody\" does not exist");
    refused(server().url("postgres", "locked", "right-hunter2"), "must own the database");
    auto opened = Connection::open(server().url("postgres", "locked", "right-hunter2"));
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    EXPECT_FALSE((*opened)->path().find("hunter2") != std::string::npos) << (*opened)->path();
    EXPECT_TRUE((*opened)->path().starts_with("postgres on /"));
    auto status = (*opened)->execute("CREATE TABLE public.mine (x BIGINT)");
    EXPECT_EQ(status.error().code(), Errc::permission_denied) << status.error().message();
    EXPECT_TRUE((*admin)->execute("DROP ROLE locked").ok());
}

TEST_F(PostgresqlFaultsTest, ADatabaseOfAnotherEncodingIsRefused) {
    auto opened = SiteDatabase::open(server().make_database(
        "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), Errc::invalid_argument);
    EXPECT_TRUE(says(opened.error(), "its encoding is SQL_ASCII")) << opened.error().message();
}

TEST_F(PostgresqlFaultsTest, AReadOnlyServerIsSaid) {
    auto connection = table();
    ASSERT_TRUE(connection);
    auto read = connection->read("read", [&] { return insert(*connection, 1); });
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code(), Errc::permission_denied) << read.error().message();
}

TEST_F(PostgresqlFaultsTest, EveryColumnOfTextIsOrderedByItsBytes) {
    ASSERT_TRUE(SiteDatabase::open(where()).ok());
    auto connection = Connection::open(where());
    ASSERT_TRUE(connection.ok());
    auto other =
        (*connection)
            ->query(
                "SELECT table_name::text || '.' || column_name::text FROM "
                "information_schema.columns"
                " WHERE table_schema = 'public' AND data_type NOT IN ('bigint', 'double precision')"
                " AND collation_name IS DISTINCT FROM 'C'",
                {});
    ASSERT_TRUE(other.ok()) << other.error().message();
    for (const auto& row : *other) ADD_FAILURE() << row.text(0);
}

TEST_F(PostgresqlFaultsTest, ASiteMayLiveInASchemaOfASharedDatabase) {
    auto others = table();
    ASSERT_TRUE(others);
    EXPECT_FALSE(SiteDatabase::open(where()).ok());
    ASSERT_TRUE(others->execute("CREATE SCHEMA site").ok());
    auto database = SiteDatabase::open(with_options("-c search_path=site"));
    ASSERT_TRUE(database.ok()) << database.error().message();
    EXPECT_TRUE(database->devices().add(device("PC-01")).ok());
}

// Listens, and never says a word.
class SilentServer {
public:
    explicit SilentServer(const std::filesystem::path& folder) {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, (folder / ".s.PGSQL.5432").c_str(),
                     sizeof address.sun_path - 1);
        fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(fd_, 8), 0);
    }
    ~SilentServer() { ::close(fd_); }

private:
    int fd_ = -1;
};

TEST_F(PostgresqlFaultsTest, ASilentServerHoldsUpOneRequestAndNotEveryOne) {
    // The database is first here, then behind a socket that nobody answers.
    ScratchFolder scratch;
    const auto link = scratch.path() / "server";
    std::filesystem::create_directory(scratch.path() / "silent");
    const SilentServer silent(scratch.path() / "silent");
    const auto at = where().find("?host=");
    const std::string real = where().substr(at + 6);
    std::filesystem::create_directory_symlink(real, link);
    auto connection = Connection::open(where().substr(0, at) + "?host=" + link.string());
    ASSERT_TRUE(connection.ok()) << connection.error().message();
    std::filesystem::remove(link);
    std::filesystem::create_directory_symlink(scratch.path() / "silent", link);
    server().stop_immediately();
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        auto rows = (*connection)->query("SELECT 1", {});
        ASSERT_FALSE(rows.ok());
        EXPECT_EQ(rows.error().code(), Errc::unavailable) << rows.error().message();
        const bool said = says(rows.error(), "timeout expired");
        EXPECT_TRUE(said || i == 0) << rows.error().message();
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
}

// A child that adds devices until it is killed, and says each that was acknowledged.
pid_t start_writer(const std::string& where, int pipe_fd) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    auto database = SiteDatabase::open(where);
    for (int i = 0; database.ok(); ++i) {
        if (!database->devices().add(device("PC-" + std::to_string(i))).ok()) break;
        if (::write(pipe_fd, ".", 1) != 1) break;
    }
    ::_exit(0);
}

TEST_F(PostgresqlFaultsTest, AServerKilledUnderAWriterKeepsWhatWasAcknowledged) {
    ASSERT_TRUE(SiteDatabase::open(where()).ok());
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = start_writer(where(), ends[1]);
    ASSERT_GE(child, 0);
    ::close(ends[1]);
    std::size_t acknowledged = 0;
    char mark = 0;
    while (acknowledged < 20 && ::read(ends[0], &mark, 1) == 1) ++acknowledged;
    server().stop_immediately();
    while (::read(ends[0], &mark, 1) == 1) ++acknowledged;
    ::close(ends[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    server().start();
    EXPECT_GE(acknowledged, 20u);
    auto devices = SiteDatabase::open(where())->devices().list();
    ASSERT_TRUE(devices.ok()) << devices.error().message();
    EXPECT_GE(devices->size(), acknowledged);
    EXPECT_LE(devices->size(), acknowledged + 1);
}

}  // namespace
}  // namespace muster::store
