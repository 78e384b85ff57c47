// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/interval_set.h"
#include "base/prng.h"
#include "base/result.h"
#include "base/value.h"

namespace muster {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return Error(Errc::invalid_argument, std::to_string(number) + " is odd");
    return number / 2;
}
Result<int> quarter(int number) { return half(TRY(half(number).context("first half"))); }

TEST(Result, TryHandsTheErrorOnWithItsContext) {
    EXPECT_EQ(*quarter(8), 2);
    EXPECT_EQ(quarter(7).error().message(), "first half: 7 is odd");
    EXPECT_EQ(quarter(6).error().message(), "3 is odd");
}

TEST(Result, ErrnoBecomesACodeAndWords) {
    EXPECT_EQ(error_from_errno(ENOENT, "x").code(), Errc::not_found);
    EXPECT_EQ(error_from_errno(ENOSPC, "x").code(), Errc::no_space);
    EXPECT_EQ(error_from_errno(ENOENT, "/a").message(), "/a: No such file or directory");
}

TEST(Bytes, CursorsAreInverseAndNeverRunPastTheEnd) {
    std::array<std::byte, 15> raw{};
    ByteWriter(raw).u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0f);
    for (std::size_t i = 0; i < raw.size(); ++i)
        EXPECT_EQ(std::to_integer<std::size_t>(raw[i]), i + 1);
    ByteReader in(raw);
    EXPECT_EQ(in.u8(), 1);
    EXPECT_EQ(in.u16(), 0x0203);
    EXPECT_EQ(in.u32(), 0x04050607u);
    EXPECT_FALSE(in.finished());
    EXPECT_EQ(in.u64(), 0x08090a0b0c0d0e0fu);
    EXPECT_TRUE(in.finished());
    EXPECT_EQ(in.u16(), 0);
    EXPECT_TRUE(in.failed());
}

TEST(Hex, RoundTripsAndNamesTheWrongPosition) {
    EXPECT_EQ(to_hex(*from_hex("00fF10")), "00ff10");
    EXPECT_FALSE(from_hex("abc").ok());
    EXPECT_NE(from_hex("00g0").error().message().find("position 2"), std::string::npos);
}

TEST(IntervalSet, BehavesLikeASetOfNumbers) {
    Prng prng(11);
    for (int round = 0; round < 200; ++round) {
        IntervalSet set;
        std::set<std::uint64_t> model;
        for (int step = 0; step < 60; ++step) {
            const std::uint64_t begin = prng.below(100);
            const std::uint64_t end = begin + prng.below(20);
            const bool add = prng.chance(0.6);
            add ? set.add(begin, end) : set.remove(begin, end);
            for (auto v = begin; v < end; ++v) add ? (void)model.insert(v) : (void)model.erase(v);
            ASSERT_EQ(set.count(), model.size());
        }
        for (std::uint64_t v = 0; v < 130; ++v) ASSERT_EQ(set.contains(v), model.contains(v));
        ASSERT_EQ(*IntervalSet::parse(set.to_string(), 1000), set);
    }
}

TEST(IntervalSet, RefusesTextThatIsNoListOfRanges) {
    EXPECT_EQ(IntervalSet::parse("", 10)->count(), 0u);
    EXPECT_EQ(IntervalSet::parse("0-3,7", 10)->count(), 5u);
    for (const char* text : {"a", "1-", "-1", "3-1", "1,", ",1", "5,3", "0-10", "1 2", "1--2"}) {
        EXPECT_FALSE(IntervalSet::parse(text, 10).ok()) << text;
    }
}

TEST(Prng, GivesTheSameSequenceForASeedAndKeepsItsBounds) {
    Prng a(42);
    Prng b(42);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(a.next(), b.next());
        ASSERT_LT(a.below(7), 7u);
        const double u = a.uniform();
        ASSERT_TRUE(u >= 0 && u < 1);
        b.next();
        b.next();
    }
    EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafULL) << "splitmix64's first output for state 0";
}

TEST(Value, TypedAccessNamesKeyTypeAndPlace) {
    Value value = Value::map();
    value.set("a", 1).set("b", "text").set("a", 2);
    EXPECT_EQ(*value.int_at("a"), 2);
    EXPECT_EQ(value.string_at("a").error().message(), "a: expected a string, got a whole number");
    EXPECT_EQ(*value.string_or("c", "none"), "none");
    EXPECT_EQ(value.only_keys({"a", "b"}).ok(), true);
    EXPECT_NE(value.only_keys({"a"}).error().message().find("b: unknown key"), std::string::npos);
    value.set_location({3, 7});
    EXPECT_EQ(value.error("wrong").message(), "line 3, column 7: wrong");
}

}  // namespace
}  // namespace muster
