// SPDX-License-Identifier: GPL-3.0-or-later
//
// SQLite is opened in WAL mode (readers do not wait for the writer) with synchronous=FULL: in WAL
// mode NORMAL would survive a crash of the program but may forget the last commits when the power
// fails, and what we acknowledged to an administrator must stay. Frequent small writes (progress)
// are put together by the caller instead.
#include <fcntl.h>
#include <unistd.h>

#include <soci/sqlite3/soci-sqlite3.h>

#include <cerrno>

#include "store/sql_backend.h"

namespace muster::store {

namespace {

constexpr std::string_view kSettings[] = {"PRAGMA busy_timeout = 10000",
                                          "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                                          "PRAGMA foreign_keys = ON"};

// Makes the file with a mode that keeps token hashes private; SQLite gives its helper files the
// same. Also turns a missing folder into a plain message.
Status prepare_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return error_from_errno(errno, "site database " + path);
    ::close(fd);
    return {};
}

class SqliteBackend final : public SqlBackend {
public:
    explicit SqliteBackend(const std::string& path) : SqlBackend(path) {}

    Status connect() override {
        if (is_connected()) return {};
        TRY(prepare_file(name()));
        try {
            session().open(*soci::factory_sqlite3(), "db=\"" + name() + "\"");
            for (auto setting : kSettings) run(setting);
        } catch (const soci::soci_error& problem) {
            return error_of(problem);
        }
        return {};
    }

    Error error_of(const soci::soci_error& problem) override {
        const auto* known = dynamic_cast<const soci::sqlite3_soci_error*>(&problem);
        return translate(known == nullptr ? SQLITE_ERROR : known->result(),
                         problem.get_error_message());
    }

    // A transaction that begins as a reader and writes later fails at once when another program
    // wrote in between; IMMEDIATE waits its turn instead.
    std::string_view begin_sql(bool writes) const override {
        return writes ? "BEGIN IMMEDIATE" : "BEGIN";
    }
    // SQLite has rolled back already: a full disk does that.
    void on_roll_back_failed() override {}

    std::string_view id_column_sql() const override { return "INTEGER PRIMARY KEY AUTOINCREMENT"; }
    std::string_view text_column_sql() const override { return "TEXT"; }
    std::string_view count_tables_sql() const override {
        return "SELECT COUNT(*) FROM sqlite_master";
    }
    std::string_view count_tables_named_sql() const override {
        return "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = :a";
    }

private:
    Error translate(int result, const std::string& message) const;
    Error constraint(const std::string& message) const;
};

Error SqliteBackend::translate(int result, const std::string& message) const {
    switch (result & 0xff) {
        case SQLITE_FULL: return error(Errc::no_space, "the disk is full; make room and try again");
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return error(Errc::unavailable,
                         "another program keeps it locked; find it with 'fuser " + name() + "'");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return error(Errc::corrupt, "this is no sound SQLite database (" + message +
                                            "); restore it from a backup or name another file");
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return error(Errc::permission_denied, "it cannot be written (" + message + ")");
        case SQLITE_CONSTRAINT: return constraint(message);
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN: return error(Errc::io, message);
        case SQLITE_NOMEM: return error(Errc::no_space, "out of memory");
        default: return error(Errc::internal, message);
    }
}

Error SqliteBackend::constraint(const std::string& message) const {
    if (message.find("FOREIGN KEY") != std::string::npos) {
        return error(Errc::not_found,
                     "this refers to a record that does not exist, or removes one that is in use");
    }
    const bool taken = message.find("UNIQUE") != std::string::npos;
    return error(taken ? Errc::already_exists : Errc::internal, message);
}

}  // namespace

Result<std::unique_ptr<SqlBackend>> make_sqlite_backend(const std::string& path) {
    if (path.empty() || path.find('"') != std::string::npos) {
        return Error(Errc::invalid_argument,
                     "site database '" + path + "': not a usable path (empty, or with a quote)");
    }
    return std::unique_ptr<SqlBackend>(std::make_unique<SqliteBackend>(path));
}

}  // namespace muster::store
