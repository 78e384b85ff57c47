// SPDX-License-Identifier: GPL-3.0-or-later
//
// The tables of the site model, on both databases.
#include <gtest/gtest.h>

#include "store/database.h"
#include "store/postgres_testing.h"

namespace muster::store {
namespace {

using site::WallTime;
constexpr WallTime kNow = site::from_unix_milliseconds(1'717'000'000'123);

class SiteTablesTest : public testing::TestWithParam<DatabaseKind> {
protected:
    void SetUp() override {
        database_ = SiteDatabase::open(place_.where());
        ASSERT_TRUE(database_.ok()) << database_.error().message();
    }
    SiteDatabase& db() { return *database_; }

    site::Device device(const std::string& name) {
        site::Device made;
        made.name = name;
        made.created_at = kNow;
        return *db().devices().add(made);
    }
    site::Collection collection(const std::string& name) {
        site::Collection made;
        made.name = name;
        made.created_at = kNow;
        return *db().collections().add(made);
    }
    site::Deployment deployment(const site::Collection& room) {
        site::Deployment made;
        made.sequence_id = db().sequences().add("Disk", "steps: []", kNow)->id;
        made.collection_id = room.id;
        made.created_at = kNow;
        return *db().deployments().add(made);
    }

private:
    DatabasePlace place_{GetParam()};
    Result<SiteDatabase> database_ = Error(Errc::cancelled, "not open yet");
};

INSTANTIATE_TEST_SUITE_P(On, SiteTablesTest,
                         testing::Values(DatabaseKind::sqlite, DatabaseKind::postgresql),
                         testing::PrintToStringParamName());

TEST_P(SiteTablesTest, PagesOfDevicesFollowEachOtherAndKnowWildcards) {
    for (const char* name : {"pc-3", "PC-1", "PC-2", "lab-1", "labx1"}) device(name);
    Page page;
    page.limit = 2;
    auto first = *db().devices().page(page);
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(first[0].name, "lab-1");
    page.after = first.back().name;
    auto second = *db().devices().page(page);
    ASSERT_EQ(second.size(), 2u);
    EXPECT_EQ(second[0].name, "PC-1");
    page.after = second.back().name;
    EXPECT_EQ(db().devices().page(page)->size(), 1u);
    Page named;
    named.name = "pc-*";
    EXPECT_EQ(db().devices().page(named)->size(), 3u);
    named.name = "lab?1";
    EXPECT_EQ(db().devices().page(named)->size(), 2u);
    named.name = "lab_1";
    EXPECT_TRUE(db().devices().page(named)->empty()) << "_ is no wildcard";
    const std::vector<site::DeviceId> nobody;
    EXPECT_TRUE(db().devices().page({}, {}, &nobody)->empty());
}

TEST_P(SiteTablesTest, ADeviceIsChangedAndForgottenButNotWhileItRuns) {
    auto pc = device("PC-1");
    const auto other = device("PC-2");
    pc.name = "PC-2";
    EXPECT_EQ(db().devices().change(pc).error().code(), Errc::already_exists);
    pc.name = "PC-9";
    pc.macs = {"02:00:00:00:00:01"};
    ASSERT_TRUE(db().devices().change(pc).ok());
    EXPECT_EQ(db().devices().find_by_mac("02:00:00:00:00:01")->name, "PC-9");
    const auto made = deployment(collection("Room"));
    site::DeviceProgress running;
    running.deployment_id = made.id;
    running.device_id = pc.id;
    running.state = site::ProgressState::running;
    ASSERT_TRUE(db().progress().upsert(std::span(&running, 1)).ok());
    EXPECT_EQ(db().devices().remove(pc.id).error().code(), Errc::busy);
    EXPECT_TRUE(db().devices().remove(other.id).ok());
    EXPECT_EQ(db().devices().remove(other.id).error().code(), Errc::not_found);
}

TEST_P(SiteTablesTest, VariablesAreReplacedWhateverTheirCase) {
    const auto pc = device("PC-1");
    ASSERT_TRUE(db().devices().set_variable(pc.id, {"OSDTimeZone", "a", false}).ok());
    ASSERT_TRUE(db().devices().set_variable(pc.id, {"osdtimezone", "b", true}).ok());
    const auto variables = *db().devices().variables(pc.id);
    ASSERT_EQ(variables.size(), 1u);
    EXPECT_EQ(variables[0].value, "b");
    EXPECT_TRUE(variables[0].secret);
    EXPECT_EQ(db().devices().all_variables()->at(pc.id).size(), 1u);
    EXPECT_EQ(db().devices().remove_variable(pc.id, "nothing").error().code(), Errc::not_found);
    EXPECT_TRUE(db().devices().remove_variable(pc.id, "OSDTIMEZONE").ok());
}

TEST_P(SiteTablesTest, ACollectionKeepsAllItSaysAndIsNotRemovedWhileUsed) {
    const auto all = collection("All");
    const auto pc = device("PC-1");
    site::Collection made;
    made.name = "Room";
    made.members = {pc.id};
    made.rules = {"Name like 'PC-*'", "Memory >= 8 GB"};
    made.windows = {"sat,sun 22:00 for 6h"};
    made.includes = {all.id};
    made.limiting = all.id;
    made.priority = 7;
    const auto added = db().collections().add(made);
    ASSERT_TRUE(added.ok()) << added.error().message();
    const auto read = *db().collections().find("room");
    EXPECT_EQ(read.rules, made.rules);
    EXPECT_EQ(read.windows, made.windows);
    EXPECT_EQ(read.includes, made.includes);
    EXPECT_EQ(read.limiting, made.limiting);
    EXPECT_EQ(read.members, made.members);
    EXPECT_EQ(read.priority, 7);
    const auto refused = db().collections().remove(all.id);
    EXPECT_EQ(refused.error().code(), Errc::busy);
    EXPECT_NE(refused.error().message().find("collection Room"), std::string::npos);
    ASSERT_TRUE(db().collections().remove(read.id).ok());
    EXPECT_TRUE(db().collections().remove(all.id).ok());
}

TEST_P(SiteTablesTest, ADeploymentKeepsItsTimetable) {
    site::Deployment made;
    made.sequence_id = db().sequences().add("Disk", "steps: []", kNow)->id;
    made.collection_id = collection("Room").id;
    made.available_from = kNow;
    made.deadline = kNow + std::chrono::hours(1);
    made.expires = kNow + std::chrono::hours(2);
    made.armed_until = kNow + std::chrono::hours(3);
    made.rerun = site::Rerun::if_failed;
    made.offered_to = {site::Environment::media, site::Environment::running_system};
    made.start_rule.when_all = true;
    made.readiness_minutes = 30;
    made.created_at = kNow;
    const auto read = *db().deployments().find(db().deployments().add(made)->id);
    EXPECT_EQ(read.deadline, made.deadline);
    EXPECT_EQ(read.expires, made.expires);
    EXPECT_EQ(read.armed_until, made.armed_until);
    EXPECT_EQ(read.rerun, made.rerun);
    EXPECT_EQ(read.offered_to, made.offered_to);
    EXPECT_TRUE(read.start_rule.when_all);
    EXPECT_EQ(read.readiness_minutes, 30);
    EXPECT_EQ(read.point_id.value, 0);
    EXPECT_EQ(db().sequences().remove("Disk").error().code(), Errc::busy);
}

TEST_P(SiteTablesTest, ArmingIsReplacedAndClearedWithTheProgress) {
    const auto pc = device("PC-1");
    const auto made = deployment(collection("Room"));
    ASSERT_TRUE(db().deployments().arm({made.id, pc.id, kNow, kNow, "anna"}).ok());
    ASSERT_TRUE(db().deployments().arm({made.id, pc.id, kNow, kNow, "bert"}).ok());
    ASSERT_EQ(db().deployments().armings(pc.id)->size(), 1u);
    EXPECT_EQ(db().deployments().armings(pc.id)->at(0).who, "bert");
    site::DeviceProgress done;
    done.deployment_id = made.id;
    done.device_id = pc.id;
    done.state = site::ProgressState::applied;
    ASSERT_TRUE(db().progress().upsert(std::span(&done, 1)).ok());
    EXPECT_EQ(db().progress().applied()->size(), 1u);
    ASSERT_TRUE(db().deployments().clear(made.id, pc.id).ok());
    EXPECT_TRUE(db().deployments().armings(pc.id)->empty());
    EXPECT_TRUE(db().progress().for_device(pc.id)->empty());
}

TEST_P(SiteTablesTest, TheAuditIsReadFromTheNewestOnAndForgetsByAge) {
    for (int i = 0; i < 5; ++i) {
        AuditRecord record;
        record.at = kNow + std::chrono::hours(i);
        record.operation = "op" + std::to_string(i);
        ASSERT_TRUE(db().audit().add(record).ok());
    }
    const auto newest = *db().audit().list(0, 2);
    ASSERT_EQ(newest.size(), 2u);
    EXPECT_EQ(newest[0].operation, "op4");
    EXPECT_EQ(db().audit().list(newest.back().id, 10)->at(0).operation, "op2");
    ASSERT_TRUE(db().audit().remove_older_than(kNow + std::chrono::hours(3)).ok());
    EXPECT_EQ(db().audit().list(0, 10)->size(), 2u);
}

TEST_P(SiteTablesTest, LogLinesAreRecordedUpToANumberOfARun) {
    const auto pc = device("PC-1");
    EXPECT_EQ(*db().devices().recorded(pc.id, "run-1"), 0);
    ASSERT_TRUE(db().devices().set_recorded(pc.id, "run-1", 12).ok());
    EXPECT_EQ(*db().devices().recorded(pc.id, "run-1"), 12);
    EXPECT_EQ(*db().devices().recorded(pc.id, "run-2"), 0) << "another start of the agent";
    site::LogLine line;
    line.device_id = pc.id;
    line.text = "one";
    site::LogLine more = line;
    more.text = "two";
    const site::LogLine lines[] = {line, more};
    ASSERT_TRUE(db().progress().append_log(lines).ok());
    const auto first = *db().progress().log(pc.id, 0, 1);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(db().progress().log(pc.id, first[0].id, 10)->at(0).text, "two");
}

TEST_P(SiteTablesTest, ATokenExpiresAndTheLastThatMayWriteStays) {
    const std::string full(64, 'a');
    const std::string reader(64, 'b');
    auto& tokens = db().admin_tokens();
    ASSERT_TRUE(tokens.add({"anna", TokenRole::full, kNow, {}}, full).ok());
    ASSERT_TRUE(
        tokens.add({"bert", TokenRole::read_only, kNow, kNow + std::chrono::hours(1)}, reader)
            .ok());
    EXPECT_EQ(tokens.verify(reader, kNow)->role, TokenRole::read_only);
    EXPECT_EQ(tokens.verify(reader, kNow + std::chrono::hours(1)).error().code(),
              Errc::unauthenticated);
    EXPECT_EQ(tokens.revoke("anna", kNow).error().code(), Errc::busy);
    EXPECT_TRUE(tokens.revoke("bert", kNow).ok());
}

TEST_P(SiteTablesTest, SeveralCallsAreOneChangeOrNone) {
    const Status failed = db().change("test", [&]() -> Status {
        device("PC-1");
        return Error(Errc::invalid_argument, "no");
    });
    EXPECT_EQ(failed.error().message(), "no");
    EXPECT_TRUE(db().devices().list()->empty());
    ASSERT_TRUE(db().change("test",
                            [&]() -> Status {
                                device("PC-1");
                                device("PC-2");
                                return {};
                            })
                    .ok());
    EXPECT_EQ(db().devices().list()->size(), 2u);
}

TEST_P(SiteTablesTest, PointsAndLocationsOfImages) {
    const auto point = *db().points().add({{}, "default", "{}", kNow});
    EXPECT_EQ(db().points().add({{}, "Default", "{}", kNow}).error().code(), Errc::already_exists);
    site::ImagePackage image;
    image.name = "win11";
    image.content_id = std::string(64, 'a');
    image.image_bytes = 1;
    image.priority = site::Priority::high;
    const auto added = *db().images().add(image);
    ASSERT_TRUE(db().images()
                    .set_location({added.id, point.id, site::LocationState::hashing, "", kNow})
                    .ok());
    ASSERT_TRUE(db().images()
                    .set_location({added.id, point.id, site::LocationState::damaged, "x", kNow})
                    .ok());
    ASSERT_EQ(db().images().locations(added.id)->size(), 1u);
    EXPECT_EQ(db().images().locations(point.id)->at(0).state, site::LocationState::damaged);
    EXPECT_EQ(db().images().find("win11")->priority, site::Priority::high);
}

}  // namespace
}  // namespace muster::store
