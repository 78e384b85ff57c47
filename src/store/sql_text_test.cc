// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql_text.h"

#include <gtest/gtest.h>

namespace muster::store {
namespace {

TEST(SqlTextTest, WellFormedTextIsStorable) {
    for (const char* text : {"", "a\n\t\x7f", "ü", "\xe0\xa0\x80", "\xed\x9f\xbf",
                             "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_TRUE(is_storable(text)) << text;
        EXPECT_EQ(storable(text), text);
    }
}

TEST(SqlTextTest, BytesThatAreNoTextBecomeQuestionMarks) {
    const std::pair<std::string, std::string> cases[] = {{std::string("a\0b", 3), "a?b"},
                                                         {"\xff", "?"},
                                                         {"\xc3", "?"},
                                                         {"\xc0\x80", "??"},
                                                         {"\xe0\x9f\xbf", "???"},
                                                         {"\xed\xa0\x80", "???"},
                                                         {"\xf4\x90\x80\x80", "????"},
                                                         {"\xe2\x82z", "??z"},
                                                         {"\x80ok", "?ok"}};
    for (const auto& [text, kept] : cases) {
        EXPECT_FALSE(is_storable(text));
        EXPECT_EQ(storable(text), kept);
        EXPECT_TRUE(is_storable(kept));
    }
}

TEST(SqlTextTest, OnlyWholeWordsAreReplaced) {
    std::string sql = "TEXT, TEXT_2 MYTEXT text TEXT) {id},{id} TEXT";
    replace_word(sql, "TEXT", "TEXT COLLATE \"C\"");
    EXPECT_EQ(sql,
              "TEXT COLLATE \"C\", TEXT_2 MYTEXT text TEXT COLLATE \"C\") {id},{id} TEXT "
              "COLLATE \"C\"");
    replace_word(sql, "{id}", "ID");
    EXPECT_NE(sql.find("ID,ID TEXT"), std::string::npos);
}

}  // namespace
}  // namespace muster::store
