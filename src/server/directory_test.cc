// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/directory.h"

#include <gtest/gtest.h>

#include "server/database_test_util.h"
#include "server/router.h"
#include "text/json.h"

namespace muster::server {
namespace {

class DirectoryTest : public testing::Test {
protected:
    site::Device device(const std::string& name) {
        site::Device made;
        made.name = name;
        auto added = database_->devices().add(made);
        EXPECT_TRUE(added.ok()) << added.error().message();
        directory_->invalidate();
        return added.ok() ? *added : made;
    }

    site::Collection collection(const std::string& name, std::vector<std::string> rules,
                                std::vector<site::CollectionId> includes = {}) {
        site::Collection made;
        made.name = name;
        made.rules = std::move(rules);
        made.includes = std::move(includes);
        auto added = database_->collections().add(made);
        EXPECT_TRUE(added.ok()) << added.error().message();
        directory_->invalidate();
        return added.ok() ? *added : made;
    }

    std::size_t size(const site::Collection& of) {
        const auto members = directory_->members(of.id);
        EXPECT_TRUE(members.ok()) << members.error().message();
        return members.ok() ? members->size() : 999;
    }

    ScratchDatabase database_;
    std::unique_ptr<Directory> directory_ = std::make_unique<Directory>(*database_);
};

TEST_F(DirectoryTest, MembershipFollowsNamesAssetDataAndVariables) {
    const auto pc = device("PC-01");
    const auto by_name = collection("by name", {"Name like 'PC-*'"});
    const auto by_model = collection("by model", {"Model = 'OptiPlex'"});
    const auto by_variable = collection("by variable", {"Variable.Seat = '7'"});
    EXPECT_EQ(size(by_name), 1U);
    EXPECT_EQ(size(by_model), 0U);
    ASSERT_TRUE(database_->devices().set_asset(pc.id, R"({"model":"OptiPlex"})", {}).ok());
    ASSERT_TRUE(database_->devices().set_variable(pc.id, {"Seat", "7", false}).ok());
    auto renamed = pc;
    renamed.name = "NB-01";
    ASSERT_TRUE(database_->devices().change(renamed).ok());
    EXPECT_EQ(size(by_model), 0U) << "it was not told";
    directory_->invalidate();
    EXPECT_EQ(size(by_name), 0U);
    EXPECT_EQ(size(by_model), 1U);
    EXPECT_EQ(size(by_variable), 1U);
    const auto rooms = directory_->collections_of(pc.id);
    ASSERT_TRUE(rooms.ok());
    EXPECT_NE(std::find(rooms->begin(), rooms->end(), by_model.id), rooms->end());
}

TEST_F(DirectoryTest, ASecretVariableIsNotAskedFor) {
    const auto pc = device("PC-01");
    const auto room = collection("room", {"Variable.Password = 'x'"});
    ASSERT_TRUE(database_->devices().set_variable(pc.id, {"Password", "x", true}).ok());
    directory_->invalidate();
    EXPECT_EQ(size(room), 0U);
}

// As the site's server has it: what was read in a transaction that is undone is forgotten.
TEST_F(DirectoryTest, AChangeThatIsUndoneLeavesNoStaleAnswer) {
    const auto room = collection("room", {"Name like 'PC-*'"});
    EXPECT_EQ(size(room), 0U);
    Router router(*database_);
    router.on_failure([this] { directory_->invalidate(); });
    router.on("addDevice", [&](const Request& request) -> Result<Answer> {
        site::Device added;
        added.name = TRY(request.body.string_at("name"));
        TRY(database_->devices().add(added));
        directory_->invalidate();
        EXPECT_EQ(size(room), 1U);
        return Error(Errc::busy, "not now");
    });
    net::HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/devices";
    request.body = R"({"name":"PC-01"})";
    int status = 0;
    router.handle(request, {"admin", true}, [&](const auto& given) { status = given.status; });
    EXPECT_EQ(status, 409);
    EXPECT_EQ(size(room), 0U);
}

TEST_F(DirectoryTest, ARuleThatCannotBeReadIsNamedWithItsColumn) {
    site::Collection wrong;
    wrong.name = "wrong";
    wrong.rules = {"Name like 'PC-*'", "Modl = 'x'"};
    const Status refused = directory_->check(wrong);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
    EXPECT_NE(refused.error().message().find("wrong: rule 2"), std::string::npos)
        << refused.error().message();
    EXPECT_NE(refused.error().message().find("column"), std::string::npos)
        << refused.error().message();
}

TEST_F(DirectoryTest, ACircleOfCollectionsIsNamed) {
    const auto inner = collection("inner", {});
    const auto outer = collection("outer", {}, {inner.id});
    auto changed = inner;
    changed.includes = {outer.id};
    const Status refused = directory_->check(changed);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
    for (const char* name : {"inner", "outer"}) {
        EXPECT_NE(refused.error().message().find(name), std::string::npos);
    }
    EXPECT_TRUE(directory_->check(inner).ok());
}

TEST_F(DirectoryTest, AMaintenanceWindowOpensByTheClockOfTheSite) {
    auto room = collection("room", {});
    using std::chrono::July;
    const site::WallTime now =
        std::chrono::sys_days(std::chrono::year(2026) / July / 1) + std::chrono::hours(12);
    EXPECT_EQ(directory_->opens(room.id, {}, now), now) << "a room without windows";
    room.windows = {"2026-07-01 13:00 for 60m"};
    ASSERT_TRUE(database_->collections().change(room).ok());
    directory_->invalidate();
    EXPECT_EQ(directory_->opens(room.id, {}, now), now + std::chrono::hours(1));
    const auto inside = now + std::chrono::minutes(90);
    EXPECT_EQ(directory_->opens(room.id, {}, inside), inside);
    EXPECT_FALSE(directory_->opens(room.id, {}, now + std::chrono::hours(3)));
}

}  // namespace
}  // namespace muster::server
