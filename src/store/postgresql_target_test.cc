// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/postgresql_target.h"

#include <gtest/gtest.h>

#include "store/connection.h"

namespace muster::store {
namespace {

TEST(PostgresqlTargetTest, AUrlBecomesWhatLibpqTakesAndWhatPeopleRead) {
    auto target =
        parse_postgresql_url("postgresql://ann:p%2F'%5C%40w@db1.example:5433/site?sslmode=require");
    ASSERT_TRUE(target.ok()) << target.error().message();
    EXPECT_EQ(target->name, "site on db1.example, port 5433");
    for (const char* part :
         {"user='ann' ", "password='p/\\'\\\\@w' ", "host='db1.example' ", "port='5433' ",
          "sslmode='require' ", "connect_timeout='3' ", "client_encoding='UTF8' "}) {
        EXPECT_NE(target->connect_string.find(part), std::string::npos) << part;
    }
}

TEST(PostgresqlTargetTest, TheUrlMaySayOtherwise) {
    auto target = parse_postgresql_url(
        "postgres://ann@/site?host=/run/pg&connect_timeout=9&options=-c%20lock_timeout%3D1s");
    ASSERT_TRUE(target.ok()) << target.error().message();
    EXPECT_EQ(target->name, "site on /run/pg");
    EXPECT_NE(target->connect_string.find("connect_timeout='9'"), std::string::npos);
    EXPECT_NE(target->connect_string.find("synchronous_commit=on -c lock_timeout=1s'"),
              std::string::npos);
    EXPECT_EQ(parse_postgresql_url("postgresql:///site")->name, "site on this machine");
    EXPECT_EQ(parse_postgresql_url("postgresql://a,b/site")->name, "site on a,b");
}

TEST(PostgresqlTargetTest, NoMessageAboutAWrongUrlRepeatsAPassword) {
    for (const char* url :
         {"postgresql://ann:hunter2@host", "postgresql://ann:hunter2@host/",
          "postgresql://ann:hunter2%zz@host/site", "postgresql://ann:x/hunter2@host/site",
          "postgresql://ann:x@hunter2@host/site", "postgresql://ann:hunter2/site",
          "postgresql://ann:hunter2@[host/site", "postgresql://ann:hunter2@host:port/site",
          "postgresql://ann@host/site?password=hunter2&nonsense=1",
          "postgresql:ann:hunter2@host/site", "postgres:/ann:hunter2@host/site",
          "Postgresql://ann:hunter2@host/site", "mysql://ann:hunter2@host/site",
          "sqlite:postgresql://ann:hunter2@host/site"}) {
        auto opened = Connection::open(url);
        ASSERT_FALSE(opened.ok()) << url;
        EXPECT_EQ(opened.error().code(), Errc::invalid_argument) << url;
        EXPECT_EQ(opened.error().message().find("hunter2"), std::string::npos)
            << opened.error().message();
        EXPECT_NE(opened.error().message().find("postgresql://"), std::string::npos)
            << opened.error().message();
    }
}

}  // namespace
}  // namespace muster::store
