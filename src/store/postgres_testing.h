// SPDX-License-Identifier: GPL-3.0-or-later
//
// For tests only: a PostgreSQL of the test program's own, and a fresh database of either kind.
//
// The server lies in a scratch folder and listens on a socket there, so it meddles with no other.
// It runs as the user `postgres` (it refuses root) and gets SIGQUIT when the test program ends,
// however that ends.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "store/crash_testing.h"

namespace muster::store {

class PostgresServer {
public:
    // Made and started at first use; ends with the program.
    static PostgresServer& shared();
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;

    // Why there is no server; "" when all is well.
    const std::string& problem() const { return problem_; }
    // Returns when the server is ready; does nothing when it runs, or never can.
    void start();
    // As when the power fails. Returns when it is gone.
    void stop_immediately();
    // An empty database; `create_options` of CREATE DATABASE.
    std::string make_database(const std::string& create_options = "");
    // `password` may be empty; `more` like "&options=...".
    std::string url(const std::string& database, const std::string& user = "muster",
                    const std::string& password = "", const std::string& more = "") const;

private:
    PostgresServer();
    std::string make_cluster();
    std::string launch();

    ScratchFolder scratch_;
    std::string problem_;
    bool has_cluster_ = false;
    pid_t server_ = -1;
    int server_fd_ = -1;
    int databases_ = 0;
};

enum class DatabaseKind { sqlite, postgresql };
// For GoogleTest, which names tests by it.
inline void PrintTo(DatabaseKind kind, std::ostream* out) {
    *out << (kind == DatabaseKind::sqlite ? "Sqlite" : "Postgresql");
}

// An empty place for a database; removed with the object, unless it is PostgreSQL's.
class DatabasePlace {
public:
    explicit DatabasePlace(DatabaseKind kind);
    // "" when PostgreSQL is not there, see PostgresServer::problem().
    const std::string& where() const { return where_; }
    // `options` of PostgreSQL's sessions, "-c lock_timeout=10ms".
    std::string with_options(const std::string& options) const;

private:
    ScratchFolder scratch_;
    std::string where_;
};

}  // namespace muster::store
