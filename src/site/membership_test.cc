// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/membership.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"

namespace muster::site {
namespace {

CollectionDefinition named(std::int64_t id, std::string name) {
    CollectionDefinition made;
    made.id = CollectionId(id);
    made.name = std::move(name);
    return made;
}

DescribedDevice pc(std::int64_t id, std::string model) {
    DescribedDevice made;
    made.id = DeviceId(id);
    made.name = "PC-0" + std::to_string(id);
    made.attributes.set("Model", std::move(model));
    made.attributes.set("MemoryBytes", std::int64_t{id} << 30);
    return made;
}

std::vector<DescribedDevice> four_computers() {
    return {pc(4, "OptiPlex 7090"), pc(1, "OptiPlex 3000"), pc(2, "Latitude"), pc(3, "Latitude")};
}

std::vector<std::int64_t> ids(const std::vector<DeviceId>& devices) {
    std::vector<std::int64_t> values;
    for (const auto id : devices) values.push_back(id.value);
    return values;
}

// Room 12 has PC-04 and all Latitudes; Lab includes Room 12; Teachers has PC-03; All Desktops are
// the OptiPlexes.
std::vector<CollectionDefinition> school() {
    auto room = named(12, "Room 12");
    room.direct = {DeviceId(4), DeviceId(99)};
    room.rules.push_back(*parse_rule("Model = 'Latitude'"));
    auto lab = named(13, "Lab");
    lab.includes = {room.id};
    auto teachers = named(14, "Teachers");
    teachers.direct = {DeviceId(3)};
    auto desktops = named(15, "All Desktops");
    desktops.rules.push_back(*parse_rule("Model like 'Opti*'"));
    return {lab, room, teachers, desktops};
}

TEST(MembershipTest, DirectMembersAndThoseARuleMatchesAreIn) {
    auto membership = Membership::evaluate(school(), four_computers());
    ASSERT_TRUE(membership.ok());
    EXPECT_EQ(ids(membership->members(CollectionId(12))), (std::vector<std::int64_t>{2, 3, 4}));
    EXPECT_EQ(ids(membership->members(CollectionId(13))), (std::vector<std::int64_t>{2, 3, 4}));
    EXPECT_EQ(ids(membership->members(CollectionId(15))), (std::vector<std::int64_t>{1, 4}));
    EXPECT_TRUE(membership->members(CollectionId(77)).empty());
    EXPECT_TRUE(membership->is_member(DeviceId(4), CollectionId(12)));
    EXPECT_FALSE(membership->is_member(DeviceId(1), CollectionId(12)));
    EXPECT_FALSE(membership->is_member(DeviceId(99), CollectionId(12))) << "a device long gone";
}

TEST(MembershipTest, AnExclusionWinsOverEveryWayIn) {
    auto collections = school();
    collections[1].direct.push_back(DeviceId(3));
    collections[1].excludes = {CollectionId(14)};
    auto membership = Membership::evaluate(collections, four_computers());
    EXPECT_EQ(ids(membership->members(CollectionId(12))), (std::vector<std::int64_t>{2, 4}));
    EXPECT_EQ(ids(membership->members(CollectionId(13))), (std::vector<std::int64_t>{2, 4}))
        << "what is included is what is left";
    EXPECT_EQ(*membership->explain(DeviceId(3), CollectionId(12)),
              "PC-03 is not in Room 12: excluded by Teachers, where it is a direct member");
}

TEST(MembershipTest, TheLimitHoldsForEveryWayIn) {
    auto collections = school();
    collections[1].limiting = CollectionId(15);
    auto membership = Membership::evaluate(collections, four_computers());
    EXPECT_EQ(ids(membership->members(CollectionId(12))), (std::vector<std::int64_t>{4}));
    EXPECT_EQ(*membership->explain(DeviceId(4), CollectionId(12)),
              "PC-04 is in Room 12: direct member; limited by All Desktops, where rule \"Model "
              "like 'Opti*'\" is true");
    EXPECT_EQ(*membership->explain(DeviceId(2), CollectionId(12)),
              "PC-02 is not in Room 12: rule \"Model = 'Latitude'\" is true, but limited by All "
              "Desktops, where it is not: not a direct member, no rule is true (Model like 'Opti*' "
              "is false: it is 'Latitude')");
}

TEST(MembershipTest, AnExplanationGoesThroughIncludedCollections) {
    auto membership = Membership::evaluate(school(), four_computers());
    EXPECT_EQ(*membership->explain(DeviceId(2), CollectionId(13)),
              "PC-02 is in Lab: included through Room 12, where rule \"Model = 'Latitude'\" is "
              "true");
    EXPECT_EQ(*membership->explain(DeviceId(1), CollectionId(13)),
              "PC-01 is not in Lab: not a direct member, in none of the included collections "
              "Room 12");
    EXPECT_EQ(membership->explain(DeviceId(9), CollectionId(13)).error().code(), Errc::not_found);
    EXPECT_EQ(membership->explain(DeviceId(1), CollectionId(9)).error().code(), Errc::not_found);
}

TEST(MembershipTest, ACircleIsNamedWhateverItIsMadeOf) {
    auto collections = school();
    EXPECT_TRUE(check_no_cycle(collections).ok());
    collections[1].limiting = CollectionId(13);
    EXPECT_EQ(check_no_cycle(collections).error().message(),
              "collections refer to each other in a circle: Lab -> Room 12 -> Lab");
    collections[1].limiting.reset();
    collections[1].excludes = {CollectionId(12)};
    EXPECT_EQ(check_no_cycle(collections).error().message(),
              "collections refer to each other in a circle: Room 12 -> Room 12");
    EXPECT_EQ(Membership::evaluate(collections, {}).error().code(), Errc::invalid_argument);
}

TEST(MembershipTest, ACollectionThatIsNotThereIsNamed) {
    auto collections = school();
    collections[0].excludes = {CollectionId(55)};
    auto error = check_no_cycle(collections).error();
    EXPECT_EQ(error.code(), Errc::not_found);
    EXPECT_EQ(error.message(), "collection Lab: its excluded collection 55 does not exist");
}

TEST(MembershipTest, AChainAsLongAsAnyoneMakesItIsFollowedAndItsSentenceStaysShort) {
    std::vector<CollectionDefinition> chain;
    for (std::int64_t id = 1; id <= 100'000; ++id) {
        chain.push_back(named(id, "C" + std::to_string(id)));
        if (id < 100'000) chain.back().includes = {CollectionId(id + 1)};
    }
    chain.back().direct = {DeviceId(1)};
    auto membership = Membership::evaluate(chain, four_computers());
    ASSERT_TRUE(membership.ok());
    EXPECT_TRUE(membership->is_member(DeviceId(1), CollectionId(1)));
    EXPECT_LT(membership->explain(DeviceId(1), CollectionId(1))->size(), 400u);
    EXPECT_LT(membership->explain(DeviceId(2), CollectionId(1))->size(), 400u);
}

// The definition in membership.h, read aloud.
bool is_member_by_definition(const std::vector<CollectionDefinition>& all, std::size_t collection,
                             const DescribedDevice& device) {
    const auto& c = all[collection];
    const auto in = [&](CollectionId id) {
        return is_member_by_definition(all, static_cast<std::size_t>(id.value), device);
    };
    if (std::ranges::any_of(c.excludes, in)) return false;
    if (c.limiting && !in(*c.limiting)) return false;
    return std::ranges::find(c.direct, device.id) != c.direct.end() ||
           std::ranges::any_of(c.rules,
                               [&](const Rule& rule) { return rule.matches(device.attributes); }) ||
           std::ranges::any_of(c.includes, in);
}

std::vector<CollectionDefinition> draw_collections(Prng& prng) {
    std::vector<CollectionDefinition> drawn;
    for (std::int64_t id = 0; id < 12; ++id) {
        auto c = named(id, "C" + std::to_string(id));
        for (int i = 0; i < 3; ++i) {
            c.direct.push_back(DeviceId(static_cast<std::int64_t>(prng.below(100))));
        }
        if (prng.chance(0.5)) {
            const auto bound = std::to_string(prng.below(100));
            c.rules.push_back(*parse_rule("Memory < " + bound + " GB"));
        }
        const auto earlier = [&] {
            return CollectionId(
                static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(id))));
        };
        if (id > 0 && prng.chance(0.6)) c.includes.push_back(earlier());
        if (id > 0 && prng.chance(0.3)) c.excludes.push_back(earlier());
        if (id > 0 && prng.chance(0.3)) c.limiting = earlier();
        drawn.push_back(std::move(c));
    }
    return drawn;
}

TEST(MembershipTest, EveryAnswerIsTheOneOfTheDefinitionAndIsExplainedSo) {
    std::vector<DescribedDevice> devices;
    for (std::int64_t id = 0; id < 100; ++id) devices.push_back(pc(id, "any"));
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        const auto collections = draw_collections(prng);
        auto membership = Membership::evaluate(collections, devices);
        ASSERT_TRUE(membership.ok());
        for (std::size_t c = 0; c < collections.size(); ++c) {
            for (const auto& device : devices) {
                const bool in = is_member_by_definition(collections, c, device);
                ASSERT_EQ(membership->is_member(device.id, collections[c].id), in);
                const auto sentence = *membership->explain(device.id, collections[c].id);
                ASSERT_TRUE(sentence.starts_with(device.name + (in ? " is in " : " is not in ")));
            }
        }
    }
}

}  // namespace
}  // namespace muster::site
