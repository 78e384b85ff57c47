// SPDX-License-Identifier: GPL-3.0-or-later
//
// What differs between the databases a Connection talks to: how a session is opened and opened
// again, what its errors mean, how a transaction that will write begins, and the few words of SQL
// that SQLite and PostgreSQL do not share. One object owns one session.
#pragma once

#include <soci/soci.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::store {

class SqlBackend {
public:
    virtual ~SqlBackend() = default;
    SqlBackend(const SqlBackend&) = delete;

    // Where the database is, for people; without a password.
    const std::string& name() const { return name_; }
    soci::session& session() { return session_; }

    // False before connect(), and once the database went away: what was under way is lost then.
    bool is_connected() { return session_.get_backend() != nullptr; }
    // Does nothing while connected. Errc as Connection::open; unavailable: it does not answer.
    virtual Status connect() = 0;
    // What `problem` means, to be asked once: closes the session when the database is gone.
    virtual Error error_of(const soci::soci_error& problem) = 0;

    // A transaction that will write waits until the others who write have ended.
    virtual std::string_view begin_sql(bool writes) const = 0;
    virtual void on_roll_back_failed() = 0;

    virtual std::string_view id_column_sql() const = 0;
    // A column of text that is ordered and compared by its bytes.
    virtual std::string_view text_column_sql() const = 0;
    // The number of tables; of those called :a.
    virtual std::string_view count_tables_sql() const = 0;
    virtual std::string_view count_tables_named_sql() const = 0;

protected:
    explicit SqlBackend(std::string name) : name_(std::move(name)) {}
    // Without parameters; rows are dropped. Throws soci::soci_error.
    void run(std::string_view sql) {
        soci::statement statement(session_);
        statement.alloc();
        statement.prepare(std::string(sql), soci::details::st_one_time_query);
        statement.define_and_bind();
        statement.execute(true);
    }
    Error error(Errc code, std::string_view words) const {
        return {code, "site database " + name_ + ": " + std::string(words)};
    }

private:
    std::string name_;
    soci::session session_;
};

// Not connected yet. Errc::invalid_argument: no usable path; no usable URL.
Result<std::unique_ptr<SqlBackend>> make_sqlite_backend(const std::string& path);
Result<std::unique_ptr<SqlBackend>> make_postgresql_backend(const std::string& url);

}  // namespace muster::store
