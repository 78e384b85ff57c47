// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/database.h"

#include <gtest/gtest.h>

#include <cmath>

#include "store/postgres_testing.h"

namespace muster::store {
namespace {

using site::WallTime;

constexpr WallTime kNow = site::from_unix_milliseconds(1'717'000'000'123);

class DatabaseTest : public testing::TestWithParam<DatabaseKind> {
protected:
    void SetUp() override { reopen(); }
    SiteDatabase& db() { return *database_; }
    void reopen() {
        database_ = Error(Errc::cancelled, "closed");
        database_ = SiteDatabase::open(place_.where());
        ASSERT_TRUE(database_.ok()) << database_.error().message();
    }

    site::Device device(const std::string& name, std::vector<std::string> macs = {}) {
        site::Device made;
        made.name = name;
        made.macs = std::move(macs);
        made.created_at = kNow;
        auto added = db().devices().add(made);
        EXPECT_TRUE(added.ok()) << added.error().message();
        return added.ok() ? *added : made;
    }
    site::ImagePackage image(const std::string& name, const std::string& version, char content) {
        site::ImagePackage made;
        made.name = name;
        made.version = version;
        made.content_id = std::string(64, content);
        made.image_bytes = 5'000'000'000;
        made.images = {{1, "Education", "for schools", "x86_64", 12'345, 678},
                       {3, "Pro", "", "", 1, 2}};
        made.created_at = kNow;
        return made;
    }
    static site::Collection named(const std::string& name) {
        site::Collection collection;
        collection.name = name;
        collection.created_at = kNow;
        return collection;
    }
    site::Deployment deploy(std::vector<site::ImageId> images = {}) {
        if (!room_.value) room_ = db().collections().add(named("Room"))->id;
        site::Deployment made;
        made.sequence_id = db().sequences().add("Room image", "steps: []", kNow)->id;
        made.collection_id = room_;
        made.image_ids = std::move(images);
        made.start_rule = {3, 20};
        made.created_at = kNow;
        auto added = db().deployments().add(made);
        EXPECT_TRUE(added.ok()) << added.error().message();
        return added.ok() ? *added : made;
    }
    site::CollectionId room_;

private:
    DatabasePlace place_{GetParam()};
    Result<SiteDatabase> database_ = Error(Errc::cancelled, "not open yet");
};

INSTANTIATE_TEST_SUITE_P(On, DatabaseTest,
                         testing::Values(DatabaseKind::sqlite, DatabaseKind::postgresql),
                         testing::PrintToStringParamName());

TEST_P(DatabaseTest, SettingsKeepTheLastValue) {
    EXPECT_FALSE(*db().settings().find("rate"));
    ASSERT_TRUE(db().settings().set("rate", "200M").ok());
    ASSERT_TRUE(db().settings().set("rate", "100M").ok());
    reopen();
    EXPECT_EQ(*db().settings().find("rate"), "100M");
}

TEST_P(DatabaseTest, AnAdministratorTokenIsKnownByItsHashOnly) {
    const std::string hash(64, 'a');
    auto& tokens = db().admin_tokens();
    const auto token = [](const char* name) { return AdminToken{name, TokenRole::full, kNow, {}}; };
    ASSERT_TRUE(tokens.add(token("first"), hash).ok());
    EXPECT_EQ(tokens.verify(hash, kNow)->name, "first");
    EXPECT_EQ(tokens.verify(std::string(64, 'b'), kNow).error().code(), Errc::unauthenticated);
    EXPECT_EQ(tokens.verify("", kNow).error().code(), Errc::unauthenticated);
    EXPECT_EQ(tokens.add(token("First"), std::string(64, 'c')).error().code(),
              Errc::already_exists);
    EXPECT_EQ(tokens.add(token("second"), hash).error().code(), Errc::already_exists);
    EXPECT_EQ(tokens.add(token("plain"), "a token itself").error().code(), Errc::invalid_argument);
    ASSERT_EQ(tokens.list()->size(), 1u);
    EXPECT_EQ(tokens.list()->at(0).created_at, kNow);
}

TEST_P(DatabaseTest, ADeviceIsFoundByIdNameAndMacAddress) {
    auto pc = device("PC-02", {"02-00-00-00-00-02", "02-00-00-00-00-03"});
    device("PC-01");
    reopen();
    auto all = db().devices().list();
    ASSERT_EQ(all->size(), 2u);
    EXPECT_EQ(all->at(0).name, "PC-01");
    EXPECT_EQ(all->at(1).macs,
              (std::vector<std::string>{"02:00:00:00:00:02", "02:00:00:00:00:03"}));
    EXPECT_EQ(all->at(1).created_at, kNow);
    EXPECT_EQ(db().devices().find("pc-02")->id, pc.id);
    EXPECT_EQ(db().devices().find(std::to_string(pc.id.value))->name, "PC-02");
    EXPECT_EQ(db().devices().find(pc.id)->name, "PC-02");
    EXPECT_EQ(db().devices().find_by_mac("020000000003")->name, "PC-02");
    EXPECT_EQ(db().devices().find_by_mac("020000000009").error().code(), Errc::not_found);
    EXPECT_EQ(db().devices().find_by_mac("nonsense").error().code(), Errc::invalid_argument);
}

TEST_P(DatabaseTest, WhatIsNotThereIsAnsweredWithWhatIs) {
    EXPECT_EQ(db().devices().find("PC-09").error().message(),
              "find device: no device named PC-09 (there is none yet)");
    device("PC-02");
    device("PC-01");
    auto error = db().devices().find("PC-09").error();
    EXPECT_EQ(error.code(), Errc::not_found);
    EXPECT_EQ(error.message(), "find device: no device named PC-09 (known: PC-01, PC-02)");
    EXPECT_EQ(db().devices().find("99").error().message(),
              "find device: no device with id 99 (known: PC-01, PC-02)");
    EXPECT_EQ(db().devices().find("99999999999999999999999").error().code(), Errc::not_found);
    EXPECT_EQ(db().devices().find(site::DeviceId(99)).error().code(), Errc::not_found);
    for (int i = 3; i <= 12; ++i) device("PC-" + std::to_string(i));
    EXPECT_NE(db().devices().find("x").error().message().find(" and 4 more)"), std::string::npos);
    EXPECT_NE(db().devices().find("a'; DROP TABLE devices; --").error().code(), Errc::internal);
    EXPECT_EQ(db().devices().list()->size(), 12u);
}

TEST_P(DatabaseTest, NamesAndMacAddressesBelongToOneDevice) {
    device("PC-01", {"02:00:00:00:00:01"});
    site::Device other;
    other.name = "pc-01";
    EXPECT_EQ(db().devices().add(other).error().message(),
              "add device pc-01: a device named PC-01 exists");
    other.name = "PC-02";
    other.macs = {"02:00:00:00:00:09", "02:00:00:00:00:01"};
    auto error = db().devices().add(other).error();
    EXPECT_EQ(error.code(), Errc::already_exists);
    EXPECT_EQ(error.message(),
              "add device PC-02: MAC address 02:00:00:00:00:01 belongs to the device PC-01");
    EXPECT_EQ(db().devices().list()->size(), 1u) << "a refused device leaves nothing";
    other.name = "not_a_name";
    EXPECT_EQ(db().devices().add(other).error().code(), Errc::invalid_argument);
}

TEST_P(DatabaseTest, ADeviceIsKnownByItsNewestToken) {
    auto pc = device("PC-01");
    const std::string old_hash(64, '1');
    const std::string new_hash(64, '2');
    ASSERT_TRUE(db().devices().set_token(pc.id, old_hash).ok());
    ASSERT_TRUE(db().devices().set_token(pc.id, new_hash).ok());
    EXPECT_EQ(db().devices().find_by_token(new_hash)->name, "PC-01");
    EXPECT_EQ(db().devices().find_by_token(old_hash).error().code(), Errc::unauthenticated);
    EXPECT_EQ(db().devices().find_by_token("").error().code(), Errc::unauthenticated);
    EXPECT_EQ(db().devices().set_token(site::DeviceId(99), old_hash).error().code(),
              Errc::not_found);
    EXPECT_EQ(db().devices().set_token(pc.id, "short").error().code(), Errc::invalid_argument);
}

TEST_P(DatabaseTest, CollectionsHaveMembers) {
    auto pc2 = device("PC-02");
    auto pc1 = device("PC-01");
    auto room = db().collections().add(named("Room"));
    ASSERT_TRUE(room.ok());
    EXPECT_TRUE(db().collections().add_member(room->id, pc1.id).ok());
    EXPECT_TRUE(db().collections().add_member(room->id, pc2.id).ok());
    EXPECT_EQ(db().collections().find("room")->members,
              (std::vector<site::DeviceId>{pc2.id, pc1.id}));
    EXPECT_EQ(db().collections().add_member(room->id, pc1.id).error().message(),
              "add member: PC-01 is in the collection Room");
    EXPECT_EQ(db().collections().add_member(room->id, site::DeviceId(9)).error().code(),
              Errc::not_found);
    EXPECT_EQ(db().collections().add_member(site::CollectionId(9), pc1.id).error().code(),
              Errc::not_found);
    EXPECT_EQ(db().collections().add(named("ROOM")).error().code(), Errc::already_exists);
    EXPECT_EQ(db().collections().add(named("a/b")).error().code(), Errc::invalid_argument);
    EXPECT_EQ(db().collections().list()->size(), 1u);
    EXPECT_EQ(db().collections().find(room->id)->name, "Room");
}

TEST_P(DatabaseTest, ImagesComeInVersionsAndTheNewestIsFoundByName) {
    auto first = db().images().add(image("win11", "", 'a'));
    ASSERT_TRUE(first.ok()) << first.error().message();
    EXPECT_EQ(first->version, "1");
    auto second = db().images().add(image("Win11", "23H2", 'b'));
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(db().images().add(image("WIN11", "1", 'c')).error().message(),
              "add image WIN11: an image named win11, version 1, exists");
    auto found = db().images().find("win11");
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->id, second->id);
    EXPECT_EQ(found->image_bytes, 5'000'000'000) << "more than 32 bits";
    ASSERT_EQ(found->images.size(), 2u);
    EXPECT_EQ(found->images[0].architecture, "x86_64");
    EXPECT_EQ(found->images[1].index, 3);
    EXPECT_EQ(db().images().find(first->id)->version, "1");
    EXPECT_EQ(db().images().list()->size(), 2u);
    EXPECT_NE(db().images().find("win10").error().message().find("(known: "), std::string::npos);
    ASSERT_TRUE(db().images().set_state(first->id, site::ImageState::damaged).ok());
    EXPECT_EQ(db().images().find(first->id)->state, site::ImageState::damaged);
}

TEST_P(DatabaseTest, AnImageIsRemovedOnlyWhenNoActiveDeploymentUsesIt) {
    auto used = db().images().add(image("win11", "1", 'a'));
    auto twin = db().images().add(image("win11-copy", "1", 'a'));
    auto deployment = deploy({used->id});
    auto refused = db().images().remove_if_unused(used->id);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::busy);
    EXPECT_NE(refused.error().message().find("deployment 1 (Room image)"), std::string::npos);
    ASSERT_TRUE(db().deployments().set_state(deployment.id, site::DeploymentState::cancelled).ok());
    auto removed = db().images().remove_if_unused(used->id);
    ASSERT_TRUE(removed.ok()) << removed.error().message();
    EXPECT_EQ(removed->content_id, std::string(64, 'a'));
    EXPECT_FALSE(removed->content_unused) << "win11-copy has the same content";
    EXPECT_TRUE(db().images().remove_if_unused(twin->id)->content_unused);
    EXPECT_EQ(db().images().remove_if_unused(twin->id).error().code(), Errc::not_found);
    EXPECT_TRUE(db().deployments().find(deployment.id).ok()) << "the history stays";
}

TEST_P(DatabaseTest, ASequenceOfTheSameNameIsItsNextVersion) {
    auto first = db().sequences().add("Room image", "one", kNow);
    auto second = db().sequences().add("room image", "two", kNow);
    db().sequences().add("Other", "three", kNow).value();
    EXPECT_EQ(first->version, 1);
    EXPECT_EQ(second->version, 2);
    EXPECT_EQ(db().sequences().find("Room image")->text, "two");
    EXPECT_EQ(db().sequences().find(first->id)->text, "one");
    auto all = db().sequences().list();
    ASSERT_EQ(all->size(), 2u);
    EXPECT_EQ(all->at(0).name, "Other");
    EXPECT_EQ(all->at(1).version, 2);
    EXPECT_EQ(db().sequences().find("None").error().message(),
              "find task sequence: no task sequence named None (known: Other, Room image, room "
              "image)");
}

TEST_P(DatabaseTest, ADeploymentReachesTheMembersOfItsCollection) {
    auto pc1 = device("PC-01");
    auto pc2 = device("PC-02");
    auto windows = db().images().add(image("win11", "1", 'a'));
    auto deployment = deploy({windows->id, windows->id});
    ASSERT_TRUE(db().collections().add_member(room_, pc1.id).ok());
    EXPECT_EQ(deployment.sequence_name, "Room image");
    EXPECT_EQ(deployment.sequence_version, 1);
    EXPECT_EQ(deployment.collection_name, "Room");
    EXPECT_EQ(deployment.image_ids, std::vector<site::ImageId>{windows->id});
    EXPECT_EQ(deployment.start_rule.min_clients, 3);
    EXPECT_EQ(deployment.start_rule.max_wait_seconds, 20);
    EXPECT_EQ(deployment.state, site::DeploymentState::active);
    auto newer = deploy();
    auto reaching = db().deployments().of_collections({room_});
    ASSERT_EQ(reaching->size(), 2u);
    EXPECT_EQ(reaching->at(0).id, newer.id);
    EXPECT_EQ(reaching->at(0).sequence_version, 2);
    EXPECT_TRUE(db().deployments().of_collections({})->empty());
    EXPECT_EQ(db().deployments().list()->size(), 2u);
}

TEST_P(DatabaseTest, ADeploymentOfWhatIsNotThereIsRefused) {
    auto good = deploy();
    auto bad = good;
    bad.sequence_id = site::SequenceId(99);
    EXPECT_EQ(db().deployments().add(bad).error().code(), Errc::not_found);
    bad = good;
    bad.collection_id = site::CollectionId(99);
    EXPECT_EQ(db().deployments().add(bad).error().code(), Errc::not_found);
    bad = good;
    bad.image_ids = {site::ImageId(99)};
    EXPECT_EQ(db().deployments().add(bad).error().code(), Errc::not_found);
    bad = good;
    bad.start_rule.min_clients = -1;
    EXPECT_EQ(db().deployments().add(bad).error().code(), Errc::invalid_argument);
    EXPECT_EQ(db().deployments().list()->size(), 1u);
    EXPECT_EQ(db().deployments().find(site::DeploymentId(99)).error().code(), Errc::not_found);
    EXPECT_EQ(db().deployments()
                  .set_state(site::DeploymentId(99), site::DeploymentState::cancelled)
                  .error()
                  .code(),
              Errc::not_found);
}

TEST_P(DatabaseTest, ProgressIsOverwrittenAndComesBackWhole) {
    auto pc = device("PC-01");
    auto deployment = deploy();
    site::DeviceProgress record;
    record.deployment_id = deployment.id;
    record.device_id = pc.id;
    record.state = site::ProgressState::running;
    ASSERT_TRUE(db().progress().upsert({&record, 1}).ok());
    record.state = site::ProgressState::succeeded;
    record.step_index = 1;
    record.step_name = "Apply";
    record.stage = "verifying";
    record.progress = 0.123456789012345678;
    record.rate_bytes_per_second = 2.5e7;
    record.missing_blocks = 12;
    record.message = "all\nwell";
    record.counters = {5'000'000'000, 17, 0.0125, 33.25};
    record.verified = true;
    record.updated_at = kNow;
    ASSERT_TRUE(db().progress().upsert({&record, 1}).ok());
    reopen();
    auto all = db().progress().list(deployment.id);
    ASSERT_EQ(all->size(), 1u);
    const auto& read = all->at(0);
    EXPECT_EQ(read.state, site::ProgressState::succeeded);
    EXPECT_EQ(read.step_index, 1);
    EXPECT_EQ(read.step_name, "Apply");
    EXPECT_EQ(read.stage, "verifying");
    EXPECT_EQ(read.progress, record.progress);
    EXPECT_EQ(read.rate_bytes_per_second, 2.5e7);
    EXPECT_EQ(read.missing_blocks, 12);
    EXPECT_EQ(read.message, "all\nwell");
    EXPECT_EQ(read.counters.blocks_received, 5'000'000'000);
    EXPECT_EQ(read.counters.blocks_repaired, 17);
    EXPECT_EQ(read.counters.loss, 0.0125);
    EXPECT_EQ(read.counters.seconds, 33.25);
    EXPECT_TRUE(read.verified);
    EXPECT_EQ(read.updated_at, kNow);
    EXPECT_EQ(db().progress().for_device(pc.id)->size(), 1u);
    EXPECT_TRUE(db().progress().find(deployment.id, pc.id)->has_value());
    EXPECT_FALSE(db().progress().find(deployment.id, site::DeviceId(99))->has_value());
}

TEST_P(DatabaseTest, ProgressIsStoredAllOrNone) {
    auto pc = device("PC-01");
    auto deployment = deploy();
    std::vector<site::DeviceProgress> records(2);
    records[0].deployment_id = records[1].deployment_id = deployment.id;
    records[0].device_id = pc.id;
    records[0].rate_bytes_per_second = std::nan("");
    records[0].counters.loss = HUGE_VAL;
    records[1].device_id = site::DeviceId(99);
    EXPECT_EQ(db().progress().upsert(records).error().code(), Errc::not_found);
    EXPECT_TRUE(db().progress().list(deployment.id)->empty());
    records.pop_back();
    ASSERT_TRUE(db().progress().upsert(records).ok());
    EXPECT_EQ(db().progress().list(deployment.id)->at(0).rate_bytes_per_second, 0);
    EXPECT_TRUE(db().progress().upsert({}).ok());
}

TEST_P(DatabaseTest, WhatAComputerSaysInBrokenTextIsKeptAsFarAsItCanBe) {
    auto pc = device("PC-01");
    site::DeviceProgress record;
    record.deployment_id = deploy().id;
    record.device_id = pc.id;
    record.message = std::string("a\0b \xff ü", 8);
    ASSERT_TRUE(db().progress().upsert({&record, 1}).ok());
    EXPECT_EQ(db().progress().for_device(pc.id)->at(0).message, "a?b ? ü");
}

TEST_P(DatabaseTest, NamesAreOrderedByTheirBytes) {
    for (const char* name : {"zebra", "Älter", "a_b", "a b", "aB", "a-b", "B"}) {
        ASSERT_TRUE(db().collections().add(named(name)).ok()) << name;
    }
    std::string order;
    const auto all = db().collections().list();
    for (const auto& collection : *all) order += collection.name + ", ";
    EXPECT_EQ(order, "a b, a-b, a_b, aB, B, zebra, Älter, ");
}

TEST_P(DatabaseTest, StepHistoryIsOnlyAddedTo) {
    auto pc = device("PC-01");
    auto deployment = deploy();
    site::StepEvent started{deployment.id, pc.id, 0, "Partition", site::StepOutcome::started, "",
                            kNow};
    site::StepEvent failed{deployment.id,       pc.id, 0, "Partition", site::StepOutcome::failed,
                           "disk 0 is mounted", kNow};
    const site::StepEvent both[] = {started, failed};
    ASSERT_TRUE(db().progress().append_steps(both).ok());
    ASSERT_TRUE(db().progress().append_steps({&started, 1}).ok());
    auto steps = db().progress().steps(deployment.id, pc.id);
    ASSERT_EQ(steps->size(), 3u);
    EXPECT_EQ(steps->at(1).outcome, site::StepOutcome::failed);
    EXPECT_EQ(steps->at(1).message, "disk 0 is mounted");
    EXPECT_EQ(steps->at(1).at, kNow);
    EXPECT_EQ(steps->at(2).outcome, site::StepOutcome::started);
    EXPECT_TRUE(db().progress().steps(deployment.id, site::DeviceId(9))->empty());
}

}  // namespace
}  // namespace muster::store
