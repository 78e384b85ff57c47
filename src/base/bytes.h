// SPDX-License-Identifier: GPL-3.0-or-later
//
// Cursors over bytes in network order. A reader never runs past its end: the first read that
// would sets failed() and every later one gives zeros, so a parser reads everything and asks
// once. A writer has a fixed span and CHECKs: what we write, we have measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/check.h"

namespace muster {

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;
using Bytes = std::vector<std::byte>;

inline ByteSpan as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(ByteSpan bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteReader {
public:
    explicit ByteReader(ByteSpan bytes) : rest_(bytes) {}

    std::uint8_t u8() { return read<std::uint8_t>(); }
    std::uint16_t u16() { return read<std::uint16_t>(); }
    std::uint32_t u32() { return read<std::uint32_t>(); }
    std::uint64_t u64() { return read<std::uint64_t>(); }
    ByteSpan bytes(std::size_t count) {
        if (count > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }
    ByteSpan rest() { return bytes(rest_.size()); }
    std::size_t remaining() const { return rest_.size(); }
    bool failed() const { return failed_; }
    // True when everything was there and nothing is left over.
    bool finished() const { return !failed_ && rest_.empty(); }

private:
    template <typename T>
    T read() {
        auto raw = bytes(sizeof(T));
        T value = 0;
        for (auto b : raw)
            value =
                static_cast<T>((static_cast<std::uint64_t>(value) << 8) | std::to_integer<T>(b));
        return value;
    }
    ByteSpan rest_;
    bool failed_ = false;
};

class ByteWriter {
public:
    explicit ByteWriter(MutableByteSpan out) : out_(out) {}

    ByteWriter& u8(std::uint8_t v) { return write(v); }
    ByteWriter& u16(std::uint16_t v) { return write(v); }
    ByteWriter& u32(std::uint32_t v) { return write(v); }
    ByteWriter& u64(std::uint64_t v) { return write(v); }
    ByteWriter& bytes(ByteSpan raw) {
        CHECK(raw.size() <= out_.size() - used_);
        if (!raw.empty()) std::memcpy(out_.data() + used_, raw.data(), raw.size());
        used_ += raw.size();
        return *this;
    }
    std::size_t size() const { return used_; }
    MutableByteSpan written() const { return out_.first(used_); }

private:
    template <typename T>
    ByteWriter& write(T value) {
        CHECK(sizeof(T) <= out_.size() - used_);
        for (std::size_t i = sizeof(T); i-- > 0;) {
            out_[used_++] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
        }
        return *this;
    }
    MutableByteSpan out_;
    std::size_t used_ = 0;
};

}  // namespace muster
