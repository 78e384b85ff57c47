// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/connection.h"

#include <charconv>
#include <cmath>
#include <deque>
#include <optional>

#include "base/check.h"
#include "store/sql_backend.h"
#include "store/sql_text.h"

namespace muster::store {

namespace {

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

// One round trip with PostgreSQL: a statement that is prepared first takes three.
void prepare(soci::statement& statement, std::string_view sql,
             const std::vector<SqlValue>& parameters, Bound& bound) {
    for (const auto& parameter : parameters) bind(statement, parameter, bound);
    statement.alloc();
    statement.prepare(std::string(sql), soci::details::st_one_time_query);
    statement.define_and_bind();
}

// What the databases would take differently: SQLite keeps such text as it is, PostgreSQL refuses
// it or ends it at the NUL; SQLite makes NULL of NaN.
Status check_storable(const std::vector<SqlValue>& parameters) {
    for (const auto& value : parameters) {
        const auto* text = std::get_if<std::string>(&value);
        const auto* real = std::get_if<double>(&value);
        if (text != nullptr && !is_storable(*text)) {
            return Error(Errc::invalid_argument,
                         "text that is not UTF-8, or has NUL characters, cannot be stored");
        }
        if (real != nullptr && !std::isfinite(*real)) {
            return Error(Errc::invalid_argument, "a number that is not finite cannot be stored");
        }
    }
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
    explicit Impl(std::unique_ptr<SqlBackend> opened) : backend(std::move(opened)) {}

    // Runs what talks to SOCI; an exception becomes an Error.
    template <typename Work>
    std::invoke_result_t<Work> guarded(Work work) {
        if (failure) return *failure;
        // A transaction that lost its session must not go on in another one.
        if (!in_transaction) TRY(backend->connect());
        auto outcome = [&]() -> std::invoke_result_t<Work> {
            try {
                return work();
            } catch (const soci::soci_error& problem) {
                return backend->error_of(problem);
            } catch (const std::exception& problem) {
                return Error(Errc::internal,
                             "site database " + backend->name() + ": " + problem.what());
            }
        }();
        if (in_transaction && !outcome.ok()) failure = outcome.error();
        return outcome;
    }

    std::unique_ptr<SqlBackend> backend;
    bool in_transaction = false;
    bool writes = false;
    std::optional<Error> failure;  // of a statement in the transaction under way
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(const std::string& where) {
    std::string path = where;
    std::unique_ptr<SqlBackend> backend;
    if (path.starts_with("postgresql:") || path.starts_with("postgres:")) {
        backend = TRY(make_postgresql_backend(path));
    } else {
        if (path.starts_with("sqlite:")) path.erase(0, 7);
        // The rest of a URL may hold a password.
        if (auto at = path.find("://"); at != std::string::npos) {
            return Error(Errc::invalid_argument,
                         "site database " + path.substr(0, at) +
                             "://...: it is the path of a file (SQLite) or begins with "
                             "postgresql://");
        }
        backend = TRY(make_sqlite_backend(path));
    }
    TRY(backend->connect());
    return std::unique_ptr<Connection>(new Connection(std::make_unique<Impl>(std::move(backend))));
}

Result<std::vector<Row>> Connection::query(std::string_view sql,
                                           const std::vector<SqlValue>& parameters) {
    return impl_->guarded([&]() -> Result<std::vector<Row>> {
        TRY(check_storable(parameters));
        Bound bound;
        soci::row current;
        soci::statement statement(impl_->backend->session());
        statement.exchange(soci::into(current));
        prepare(statement, sql, parameters, bound);
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
    return impl_->guarded([&]() -> Status {
        TRY(check_storable(parameters));
        Bound bound;
        soci::statement statement(impl_->backend->session());
        prepare(statement, sql, parameters, bound);
        statement.execute(true);
        return {};
    });
}

Status Connection::begin(bool writes) {
    CHECK(!impl_->in_transaction);
    const auto sql = impl_->backend->begin_sql(writes);
    Status begun = execute(sql);
    // The server was restarted since the last transaction: nothing of this one was lost.
    if (!begun.ok() && !impl_->backend->is_connected()) begun = execute(sql);
    if (!begun.ok()) {
        roll_back();
        return begun;
    }
    impl_->in_transaction = true;
    impl_->writes = writes;
    return {};
}

bool Connection::in_transaction() const { return impl_->in_transaction; }
void Connection::spoil(const Error& error) {
    if (!impl_->failure) impl_->failure = error;
}

Status Connection::commit() {
    CHECK(impl_->in_transaction);
    if (impl_->failure) return *impl_->failure;
    Status done = execute("COMMIT");
    if (!done.ok() && impl_->writes && !impl_->backend->is_connected()) {
        return Error(Errc::unavailable,
                     "site database " + path() +
                         ": the connection to the server was lost while the change was being "
                         "stored, so whether it was is not known; look before you repeat it");
    }
    if (done.ok()) impl_->in_transaction = false;
    return done;
}

void Connection::roll_back() {
    impl_->in_transaction = false;
    impl_->failure.reset();
    if (!impl_->backend->is_connected()) return;
    if (!execute("ROLLBACK").ok()) impl_->backend->on_roll_back_failed();
}

std::string_view Connection::id_column_sql() const { return impl_->backend->id_column_sql(); }

std::string_view Connection::text_column_sql() const { return impl_->backend->text_column_sql(); }

Result<bool> Connection::is_empty() {
    auto rows = TRY(query(impl_->backend->count_tables_sql(), {}));
    return rows.at(0).integer(0) == 0;
}

Result<bool> Connection::has_table(std::string_view name) {
    auto rows = TRY(query(impl_->backend->count_tables_named_sql(), {std::string(name)}));
    return rows.at(0).integer(0) != 0;
}

const std::string& Connection::path() const { return impl_->backend->name(); }

}  // namespace muster::store
