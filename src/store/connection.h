// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one place that talks to SOCI: statements with positional parameters in, rows out, and every
// exception turned into an Error with a cause a person can act on. What differs between SQLite and
// PostgreSQL is in sql_backend.h; everything else in this folder is SQL that both share.
//
// Text is UTF-8 without NUL, numbers are finite: Errc::invalid_argument otherwise, on both.
//
// Owns the connection. Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/result.h"

namespace muster::store {

using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;

class Row {
public:
    explicit Row(std::vector<SqlValue> values) : values_(std::move(values)) {}
    bool is_null(std::size_t column) const;
    // NULL gives 0 and "". The column must be of the type asked for: our own tables.
    std::int64_t integer(std::size_t column) const;
    double real(std::size_t column) const;
    const std::string& text(std::size_t column) const;

private:
    std::vector<SqlValue> values_;
};

class Connection {
public:
    // A path, or "sqlite:PATH": the file is created (mode 0600) when it is not there, its folder is
    // not. Or "postgresql://USER@HOST/DATABASE", which must be there; see postgresql_target.h.
    // Errc::not_found, permission_denied, no_space, corrupt (the file is no database), busy,
    // unavailable (the server cannot be reached), invalid_argument (neither path nor URL; a
    // database whose text is not UTF-8). No message repeats a password.
    static Result<std::unique_ptr<Connection>> open(const std::string& where);
    ~Connection();

    // Parameters are written :a, :b, ... in the order of `parameters`, each name once.
    // Errc: no_space (disk full), busy (locked by another program for longer than 10 s), corrupt,
    // already_exists (a uniqueness rule), not_found (a reference to nothing), permission_denied
    // (read-only), io, unavailable (the server went away; the next transaction connects again).
    // Once a statement of a transaction failed, the rest of it fails with the same error.
    Result<std::vector<Row>> query(std::string_view sql, const std::vector<SqlValue>& parameters);
    // Without rows.
    Status execute(std::string_view sql, const std::vector<SqlValue>& parameters = {});

    // Runs `body` (returning a Result or Status) in a transaction that may write: committed when
    // it ends well, rolled back otherwise. Errors get "WHAT: " in front. Errc::unavailable "... is
    // not known ...": the server went away during the commit, which may have been done or not.
    // Inside another one it is part of that: when it fails, so does the whole.
    template <typename Body>
    std::invoke_result_t<Body> write(std::string_view what, Body body) {
        return transaction(true, what, std::move(body));
    }
    // The same for reading: all queries of `body` see one state.
    template <typename Body>
    std::invoke_result_t<Body> read(std::string_view what, Body body) {
        return transaction(false, what, std::move(body));
    }

    // The column definition of a primary key that numbers rows and never uses a number again.
    std::string_view id_column_sql() const;
    // The type of a column of text, ordered by its bytes.
    std::string_view text_column_sql() const;
    // True when the database (of a PostgreSQL database the schema) has no tables at all.
    Result<bool> is_empty();
    Result<bool> has_table(std::string_view name);
    // For people: the path of the file, or "DATABASE on HOST".
    const std::string& path() const;

private:
    struct Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    Status begin(bool writes);
    Status commit();
    void roll_back();
    bool in_transaction() const;
    void spoil(const Error& error);  // the transaction under way cannot end well any more

    template <typename Body>
    std::invoke_result_t<Body> transaction(bool writes, std::string_view what, Body body) {
        if (in_transaction()) {
            auto part = body();
            if (!part.ok() && writes) spoil(part.error());
            return part.ok() ? std::move(part) : part.error().context(what);
        }
        if (auto begun = begin(writes); !begun.ok()) return begun.error().context(what);
        auto outcome = body();
        if (!outcome.ok()) {
            roll_back();
            return outcome.error().context(what);
        }
        if (auto committed = commit(); !committed.ok()) {
            roll_back();
            return committed.error().context(what);
        }
        return outcome;
    }

    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::store
