// SPDX-License-Identifier: GPL-3.0-or-later
//
// SQLite is opened in WAL mode (readers do not wait for the writer) with synchronous=FULL: in WAL
// mode NORMAL would survive a crash of the program but may forget the last commits when the power
// fails, and what we acknowledged to an administrator must stay. Frequent small writes (progress)
// are put together by the caller instead.
#include "store/connection.h"

#include <fcntl.h>
#include <unistd.h>

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cerrno>
#include <charconv>
#include <deque>

#include "base/check.h"

namespace muster::store {

namespace {

constexpr std::string_view kBusyTimeout = "PRAGMA busy_timeout = 10000";

Error sqlite_error(int result, const std::string& message, const std::string& path) {
    const std::string where = "site database " + path + ": ";
    switch (result & 0xff) {
        case SQLITE_FULL:
            return {Errc::no_space, where + "the disk is full; make room and try again"};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Errc::busy, where +
                                    "another program keeps it locked; find it with "
                                    "'fuser " +
                                    path + "'"};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return {Errc::corrupt, where + "this is no sound SQLite database (" + message +
                                       "); restore it from a backup or name another file"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return {Errc::permission_denied, where + "it cannot be written (" + message + ")"};
        case SQLITE_CONSTRAINT:
            if (message.find("FOREIGN KEY") != std::string::npos) {
                return {Errc::not_found, where +
                                             "this refers to a record that does not exist, or "
                                             "removes one that is in use"};
            }
            if (message.find("UNIQUE") != std::string::npos) {
                return {Errc::already_exists, where + message};
            }
            return {Errc::internal, where + message};
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN: return {Errc::io, where + message};
        case SQLITE_NOMEM: return {Errc::no_space, where + "out of memory"};
        default: return {Errc::internal, where + message};
    }
}

// Runs what talks to SOCI; an exception becomes an Error.
template <typename Work>
std::invoke_result_t<Work> guarded(const std::string& path, Work work) {
    try {
        return work();
    } catch (const soci::sqlite3_soci_error& problem) {
        return sqlite_error(problem.result(), problem.get_error_message(), path);
    } catch (const std::exception& problem) {
        return Error(Errc::internal, "site database " + path + ": " + problem.what());
    }
}

SqlValue column_value(const soci::row& row, std::size_t column) {
    if (row.get_indicator(column) == soci::i_null) return std::monostate{};
    switch (row.get_properties(column).get_data_type()) {
        case soci::dt_integer: return std::int64_t{row.get<int>(column)};
        case soci::dt_long_long: return std::int64_t{row.get<long long>(column)};
        case soci::dt_unsigned_long_long:
            return static_cast<std::int64_t>(row.get<unsigned long long>(column));
        case soci::dt_double: return row.get<double>(column);
        default: return row.get<std::string>(column);
    }
}

// Parameters in the types SOCI binds, at addresses that stay.
struct Bound {
    std::deque<long long> integers;
    std::deque<double> reals;
    std::deque<std::string> texts;
    std::deque<soci::indicator> indicators;
};

void bind(soci::statement& statement, const SqlValue& value, Bound& bound) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        bound.integers.push_back(*integer);
        statement.exchange(soci::use(bound.integers.back()));
    } else if (const auto* real = std::get_if<double>(&value)) {
        bound.reals.push_back(*real);
        statement.exchange(soci::use(bound.reals.back()));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        bound.texts.push_back(*text);
        statement.exchange(soci::use(bound.texts.back()));
    } else {
        bound.texts.emplace_back();
        bound.indicators.push_back(soci::i_null);
        statement.exchange(soci::use(bound.texts.back(), bound.indicators.back()));
    }
}

// Makes the file with a mode that keeps token hashes private; SQLite gives its helper files the
// same. Also turns a missing folder into a plain message.
Status prepare_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return error_from_errno(errno, "site database " + path);
    ::close(fd);
    return {};
}

}  // namespace

bool Row::is_null(std::size_t column) const {
    return std::holds_alternative<std::monostate>(values_.at(column));
}

std::int64_t Row::integer(std::size_t column) const {
    if (is_null(column)) return 0;
    if (const auto* integer = std::get_if<std::int64_t>(&values_[column])) return *integer;
    // SOCI takes what has no declared type, such as COUNT(*), for text.
    const auto& digits = text(column);
    std::int64_t value = 0;
    auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    CHECK(problem == std::errc() && stop == digits.data() + digits.size());
    return value;
}

double Row::real(std::size_t column) const {
    if (is_null(column)) return 0;
    const auto* real = std::get_if<double>(&values_[column]);
    CHECK(real != nullptr);
    return *real;
}

const std::string& Row::text(std::size_t column) const {
    static const std::string kEmpty;
    if (is_null(column)) return kEmpty;
    const auto* text = std::get_if<std::string>(&values_[column]);
    CHECK(text != nullptr);
    return *text;
}

struct Connection::Impl {
    soci::session session;
    std::string path;
    bool in_transaction = false;
    bool spoilt = false;
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(const std::string& where) {
    std::string path = where;
    if (path.starts_with("sqlite:")) path.erase(0, 7);
    if (path.find("://") != std::string::npos) {
        return Error(Errc::invalid_argument, "site database " + where +
                                                 ": only SQLite is supported, give the path of a "
                                                 "file");
    }
    if (path.empty() || path.find('"') != std::string::npos) {
        return Error(Errc::invalid_argument,
                     "site database '" + path + "': not a usable path (empty, or with a quote)");
    }
    TRY(prepare_file(path));
    auto impl = std::make_unique<Impl>();
    impl->path = path;
    TRY(guarded(path, [&]() -> Status {
        impl->session.open(*soci::factory_sqlite3(), "db=\"" + path + "\"");
        return {};
    }));
    std::unique_ptr<Connection> connection(new Connection(std::move(impl)));
    TRY(connection->execute(kBusyTimeout));
    TRY(connection->query("PRAGMA journal_mode = WAL", {}));
    TRY(connection->execute("PRAGMA synchronous = FULL"));
    TRY(connection->execute("PRAGMA foreign_keys = ON"));
    return connection;
}

Result<std::vector<Row>> Connection::query(std::string_view sql,
                                           const std::vector<SqlValue>& parameters) {
    return guarded(impl_->path, [&]() -> Result<std::vector<Row>> {
        Bound bound;
        soci::row current;
        soci::statement statement(impl_->session);
        statement.exchange(soci::into(current));
        for (const auto& parameter : parameters) bind(statement, parameter, bound);
        statement.alloc();
        statement.prepare(std::string(sql));
        statement.define_and_bind();
        std::vector<Row> rows;
        for (bool more = statement.execute(true); more; more = statement.fetch()) {
            std::vector<SqlValue> values;
            for (std::size_t i = 0; i < current.size(); ++i) {
                values.push_back(column_value(current, i));
            }
            rows.emplace_back(std::move(values));
        }
        return rows;
    });
}

Status Connection::execute(std::string_view sql, const std::vector<SqlValue>& parameters) {
    return guarded(impl_->path, [&]() -> Status {
        Bound bound;
        soci::statement statement(impl_->session);
        for (const auto& parameter : parameters) bind(statement, parameter, bound);
        statement.alloc();
        statement.prepare(std::string(sql));
        statement.define_and_bind();
        statement.execute(true);
        return {};
    });
}

// A transaction that begins as a reader and writes later fails at once when another program wrote
// in between; IMMEDIATE waits its turn instead.
Status Connection::begin(bool writes) {
    CHECK(!impl_->in_transaction);
    TRY(execute(writes ? "BEGIN IMMEDIATE" : "BEGIN"));
    impl_->in_transaction = true;
    impl_->spoilt = false;
    return {};
}

bool Connection::in_transaction() const { return impl_->in_transaction; }
void Connection::spoil() { impl_->spoilt = true; }

Status Connection::commit() {
    CHECK(impl_->in_transaction && !impl_->spoilt);
    TRY(execute("COMMIT"));
    impl_->in_transaction = false;
    return {};
}

void Connection::roll_back() {
    impl_->in_transaction = false;
    // Fails only when SQLite has rolled back already (a full disk does that).
    static_cast<void>(execute("ROLLBACK").ok());
}

std::string_view Connection::id_column_sql() const { return "INTEGER PRIMARY KEY AUTOINCREMENT"; }

Result<bool> Connection::is_empty() {
    auto rows = TRY(query("SELECT COUNT(*) FROM sqlite_master", {}));
    return rows.at(0).integer(0) == 0;
}

Result<bool> Connection::has_table(std::string_view name) {
    auto rows = TRY(query("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = :a",
                          {std::string(name)}));
    return rows.at(0).integer(0) != 0;
}

const std::string& Connection::path() const { return impl_->path; }

}  // namespace muster::store
