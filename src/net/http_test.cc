// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/http.h"

#include <gtest/gtest.h>

namespace muster::net {
namespace {

TEST(Http, a_target_is_decoded_into_path_and_query) {
    const auto target = parse_target("/images/win%2011?name=a+b&x=%26&flag&x=2#part");
    ASSERT_TRUE(target.ok());
    EXPECT_EQ(target->path, "/images/win 11");
    const std::map<std::string, std::string> query{{"name", "a b"}, {"x", "2"}, {"flag", ""}};
    EXPECT_EQ(target->query, query);
}

TEST(Http, a_broken_target_is_an_error) {
    for (const auto* text : {"", "images", "/%", "/%4", "/%zz", "/a%00b", "/?x=%0a", "*"}) {
        EXPECT_FALSE(parse_target(text).ok()) << text;
    }
}

TEST(Http, ranges_follow_the_rfc) {
    const auto middle = parse_byte_range("bytes=5-9", 100);
    ASSERT_TRUE(middle.ok() && middle->has_value());
    EXPECT_EQ((*middle)->first, 5u);
    EXPECT_EQ((*middle)->last, 9u);
    EXPECT_EQ((*parse_byte_range("bytes=90-", 100))->last, 99u);
    EXPECT_EQ((*parse_byte_range("bytes=90-500", 100))->last, 99u);
    EXPECT_EQ((*parse_byte_range("bytes=-10", 100))->first, 90u);
    EXPECT_EQ((*parse_byte_range("bytes=-500", 100))->first, 0u);
    for (const auto* whole :
         {"", "bytes=", "bytes=1-2,4-5", "lines=1-2", "bytes=9-5", "bytes=a-b"}) {
        const auto range = parse_byte_range(whole, 100);
        EXPECT_TRUE(range.ok() && !range->has_value()) << whole;
    }
    EXPECT_FALSE(parse_byte_range("bytes=100-", 100).ok());
    EXPECT_FALSE(parse_byte_range("bytes=0-0", 0).ok());
    EXPECT_FALSE(parse_byte_range("bytes=-5", 0).ok());
}

TEST(Http, headers_are_found_whatever_their_case) {
    const HttpResponse response{.headers = {{"Content-Range", "x"}}};
    EXPECT_EQ(response.header("content-RANGE"), "x");
    EXPECT_EQ(response.header("content-rang"), "");
}

}  // namespace
}  // namespace muster::net
