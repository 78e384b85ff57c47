// SPDX-License-Identifier: GPL-3.0-or-later
//
// Errors are values. A function that can fail returns Result<T> (or Status); the caller cannot
// drop it by accident, TRY hands it on, and every level may put its own words in front:
// "deploy lab-3: open image win11: no such file".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace muster {

// What programs decide by; people read the message.
enum class Errc {
    invalid_argument,   // the caller (a user, a file, a peer) gave something we do not accept
    not_found,          // named thing does not exist
    already_exists,     // named thing exists and must not be overwritten
    permission_denied,  // authenticated, but not allowed
    unauthenticated,    // no or wrong token, wrong key
    corrupt,            // data that fails its own checks
    no_space,           // a disk, a partition, memory or an address range is too small
    busy,               // in use by somebody else
    unavailable,        // a peer, an interface or a service cannot be reached now
    version_mismatch,   // the other side speaks another protocol version
    cancelled,          // stopped on request
    io,                 // the operating system said no
    internal,           // a library failed in a way we have no better word for
};

std::string_view to_string(Errc code);

class [[nodiscard]] Error {
public:
    Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}
    Errc code() const { return code_; }
    const std::string& message() const { return message_; }
    // The same error with "context: " in front.
    Error context(std::string_view words) const {
        return {code_, std::string(words) + ": " + message_};
    }

private:
    Errc code_;
    std::string message_;
};

// An Error from an errno value: "WHAT: No such file or directory". Maps ENOENT, EEXIST, EACCES,
// ENOSPC, EBUSY, EADDRINUSE ... to the code above, everything else to Errc::io.
Error error_from_errno(int errno_value, std::string_view what);

[[noreturn]] void result_misused(const Error& error);

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit
    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() & {
        return ok() ? std::get<0>(state_) : (result_misused(error()), std::get<0>(state_));
    }
    const T& value() const& {
        return ok() ? std::get<0>(state_) : (result_misused(error()), std::get<0>(state_));
    }
    T&& value() && { return std::move(value()); }
    const Error& error() const { return std::get<1>(state_); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    Result context(std::string_view words) && {
        return ok() ? std::move(*this) : Result(error().context(words));
    }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit
    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    void value() const {
        if (error_) result_misused(*error_);
    }
    const Error& error() const { return *error_; }
    Result context(std::string_view words) && {
        return ok() ? Result() : Result(error_->context(words));
    }

private:
    std::optional<Error> error_;
};

using Status = Result<void>;

// auto file = TRY(open_file(path));  TRY(file.sync());
#define TRY(expression) MUSTER_TRY_AS(expression, __COUNTER__)
#define MUSTER_TRY_AS(expression, number) MUSTER_TRY_NAMED(expression, number)
#define MUSTER_TRY_NAMED(expression, number)                               \
    ({                                                                     \
        auto try_result_##number = (expression);                           \
        if (!try_result_##number.ok()) return try_result_##number.error(); \
        std::move(try_result_##number).value();                            \
    })

}  // namespace muster
