// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/router.h"

#include <gtest/gtest.h>

#include "server/database_test_util.h"
#include "text/json.h"

namespace muster::server {
namespace {

constexpr const char* kPoint = R"({"name":"PC-01"})";

class RouterTest : public testing::Test {
protected:
    void SetUp() override {
        router_ = std::make_unique<Router>(*database_);
        router_->on("listDevices", [this](const Request& request) -> Result<Answer> {
            seen_ = request.query;
            Value items = Value::list();
            for (const auto& device : TRY(database_->devices().list())) items.push(device.name);
            return Answer{200, Value::map().set("items", std::move(items))};
        });
        router_->on("showDevice", [this](const Request& request) { return shown(request); });
        router_->on("addDevice", [this](const Request& request) -> Result<Answer> {
            seen_ = request.body;
            TRY(add(TRY(request.body.string_at("name"))));
            if (fail_) return Error(Errc::busy, "not now");
            return Answer{201, Value::map().set("name", TRY(request.body.string_at("name")))};
        });
        router_->on("setDevice", [this](const Request& request) -> Result<Answer> {
            auto device = TRY(database_->devices().find(request.path.at("device")));
            device.comment = TRY(request.body.string_or("comment", ""));
            TRY(database_->devices().change(device));
            return shown(request);
        });
        router_->on("removeDevice", [this](const Request& request) -> Result<Answer> {
            const auto device = TRY(database_->devices().find(request.path.at("device")));
            TRY(database_->devices().remove(device.id));
            return Answer{200, Value::map().set("removed", device.name)};
        });
        router_->on("setDeviceVariable", [this](const Request& request) -> Result<Answer> {
            const auto device = TRY(database_->devices().find(request.path.at("device")));
            TRY(database_->devices().set_variable(
                device.id, {request.path.at("variable"), TRY(request.body.string_at("value"))}));
            return shown(request);
        });
    }

    Status add(const std::string& name) {
        site::Device device;
        device.name = name;
        const auto added = database_->devices().add(device);
        return added.ok() ? Status() : Status(added.error());
    }

    Result<Answer> shown(const Request& request) {
        const auto device = TRY(database_->devices().find(request.path.at("device")));
        Value value = Value::map().set("name", device.name).set("comment", device.comment);
        for (const auto& each : TRY(database_->devices().variables(device.id))) {
            value.set(each.name, each.value);
        }
        return Answer{200, std::move(value)};
    }

    net::HttpResponse ask(const std::string& method, const std::string& path,
                          const std::string& body = "", net::HttpHeaders headers = {}) {
        net::HttpRequest request;
        request.method = method;
        const auto target = net::parse_target("/api/v1" + path);
        EXPECT_TRUE(target.ok());
        request.path = target->path;
        request.query = target->query;
        request.body = body;
        request.headers = std::move(headers);
        net::HttpResponse response;
        response.status = 0;
        router_->handle(request, who_, [&](net::HttpResponse given) {
            EXPECT_EQ(response.status, 0) << "answered twice";
            response = std::move(given);
        });
        return response;
    }

    static std::string detail(const net::HttpResponse& response) {
        const auto problem = text::parse_json(response.body);
        const Value* words = problem.ok() ? problem->find("detail") : nullptr;
        return words == nullptr ? response.body : *words->as_string();
    }

    std::vector<store::AuditRecord> audit() {
        auto rows = database_->audit().list(0, 100);
        EXPECT_TRUE(rows.ok());
        return rows.ok() ? *rows : std::vector<store::AuditRecord>();
    }

    std::size_t devices() { return database_->devices().list()->size(); }

    ScratchDatabase database_;
    std::unique_ptr<Router> router_;
    Administrator who_{"admin", true};
    Value seen_;
    bool fail_ = false;
};

TEST_F(RouterTest, TellsAnUnknownPathFromAnImpossibleMethod) {
    EXPECT_EQ(ask("GET", "/nothing").status, 404);
    EXPECT_EQ(ask("GET", "/devices/PC-01/no/where").status, 404);
    const auto refused = ask("DELETE", "/devices");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.header("Allow"), "GET, POST");
    // {device} could be "import", but the path that is written out is meant.
    EXPECT_EQ(ask("PURGE", "/devices/import").header("Allow"), "POST, GET, PATCH, DELETE");
}

TEST_F(RouterTest, RefusesWithEveryFaultAndItsPlace) {
    const auto refused =
        ask("POST", "/devices?x=1", R"({"macs":["a"],"name":7,"serial":"ok","z":1})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.content_type, "application/problem+json");
    const auto problem = text::parse_json(refused.body);
    ASSERT_TRUE(problem.ok());
    std::vector<std::string> pointers;
    for (const auto& fault : *problem->find("errors")->as_list()) {
        pointers.push_back(*fault.string_at("pointer"));
    }
    EXPECT_EQ(pointers, (std::vector<std::string>{"", "/macs/0", "/name", "/z"}));
    EXPECT_EQ(*problem->string_at("detail"), "x: no such parameter");
    EXPECT_EQ(*problem->string_at("type"), "/problems/invalid-request");
    EXPECT_EQ(*problem->int_at("status"), 400);
    EXPECT_TRUE(audit().empty());
}

TEST_F(RouterTest, RefusesABodyThatIsNoJsonMap) {
    for (const char* body : {"{", "[1]", "7", R"({"name":"a","name":"b"})"}) {
        const auto refused = ask("POST", "/devices", body);
        EXPECT_EQ(refused.status, 400) << body;
        EXPECT_NE(refused.body.find("\"errors\""), std::string::npos) << refused.body;
    }
    EXPECT_EQ(ask("POST", "/devices", "").status, 400);
    EXPECT_EQ(detail(ask("DELETE", "/devices/PC-01", "{\"a\":1}")),
              "body: removeDevice takes none");
    EXPECT_EQ(devices(), 0U);
}

TEST_F(RouterTest, GivesHandlersTypedParametersAndDefaults) {
    ASSERT_EQ(ask("GET", "/devices?limit=5&name=PC-*").status, 200);
    EXPECT_EQ(*seen_.int_at("limit"), 5);
    EXPECT_EQ(*seen_.string_at("name"), "PC-*");
    ASSERT_EQ(ask("GET", "/devices").status, 200);
    EXPECT_EQ(*seen_.int_at("limit"), 100);
    ASSERT_EQ(ask("POST", "/devices", kPoint).status, 201);
    EXPECT_EQ(*seen_.string_at("comment"), "");
    EXPECT_NE(seen_.find("macs")->as_list(), nullptr);
    EXPECT_EQ(detail(ask("GET", "/devices?limit=x")),
              "limit: expected a whole number, got a string");
    EXPECT_EQ(detail(ask("GET", "/devices?limit=0")), "limit: 0 is not allowed: 1 to 1000");
}

TEST_F(RouterTest, AReadOnlyAdministratorReadsAndChangesNothing) {
    who_ = {"viewer", false};
    EXPECT_EQ(ask("GET", "/devices").status, 200);
    const auto refused = ask("POST", "/devices", kPoint);
    EXPECT_EQ(refused.status, 403);
    EXPECT_NE(detail(refused).find("viewer is read-only"), std::string::npos);
    EXPECT_EQ(devices(), 0U);
}

TEST_F(RouterTest, WhatHasNotChangedIsNotSentAgain) {
    ASSERT_TRUE(add("PC-01").ok());
    const auto first = ask("GET", "/devices/PC-01");
    const std::string etag(first.header("ETag"));
    ASSERT_FALSE(etag.empty());
    for (const auto& header : {etag, "W/" + etag, "\"x\", " + etag, std::string("*")}) {
        const auto again = ask("GET", "/devices/PC-01", "", {{"If-None-Match", header}});
        EXPECT_EQ(again.status, 304) << header;
        EXPECT_EQ(again.body, "") << header;
        EXPECT_EQ(again.header("ETag"), etag) << header;
    }
    EXPECT_EQ(ask("GET", "/devices/PC-01", "", {{"If-None-Match", "\"x\""}}).status, 200);
    ASSERT_EQ(ask("PATCH", "/devices/PC-01", R"({"comment":"new"})").status, 200);
    EXPECT_EQ(ask("GET", "/devices/PC-01", "", {{"If-None-Match", etag}}).status, 200);
    EXPECT_EQ(ask("GET", "/devices/PC-02").header("ETag"), "");
}

TEST_F(RouterTest, AnOutdatedChangeIsRefusedAndDoesNothing) {
    ASSERT_TRUE(add("PC-01").ok());
    const std::string etag(ask("GET", "/devices/PC-01").header("ETag"));
    const std::string change = R"({"comment":"mine"})";
    ASSERT_EQ(ask("PATCH", "/devices/PC-01", change, {{"If-Match", etag}}).status, 200);
    const auto late = ask("PATCH", "/devices/PC-01", R"({"comment":"late"})", {{"If-Match", etag}});
    EXPECT_EQ(late.status, 412);
    EXPECT_NE(detail(late).find("If-Match"), std::string::npos);
    EXPECT_EQ(ask("DELETE", "/devices/PC-01", "", {{"If-Match", etag}}).status, 412);
    EXPECT_EQ(ask("PATCH", "/devices/PC-01", change, {{"If-Match", "W/" + etag}}).status, 412);
    EXPECT_EQ(database_->devices().find("PC-01")->comment, "mine");
    EXPECT_EQ(audit().size(), 1U);
    EXPECT_EQ(ask("DELETE", "/devices/PC-01", "", {{"If-Match", "*"}}).status, 200);
}

TEST_F(RouterTest, AChangeAndItsAuditRowAreThereTogether) {
    ASSERT_EQ(ask("POST", "/devices", kPoint).status, 201);
    ASSERT_EQ(ask("PATCH", "/devices/PC-01", R"({"comment":"new"})").status, 200);
    ASSERT_EQ(ask("DELETE", "/devices/PC-01").status, 200);
    const auto rows = audit();  // the newest first
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[2].operation, "addDevice");
    EXPECT_EQ(rows[2].before, "");
    EXPECT_EQ(rows[2].after, kPoint);
    EXPECT_EQ(rows[1].who, "admin");
    EXPECT_EQ(rows[1].target, "/api/v1/devices/PC-01");
    EXPECT_EQ(rows[1].before, R"({"name":"PC-01","comment":""})");
    EXPECT_EQ(rows[1].after, R"({"name":"PC-01","comment":"new"})");
    EXPECT_EQ(rows[0].before, rows[1].after);
    EXPECT_EQ(rows[0].after, "");
}

TEST_F(RouterTest, APartsAuditRowShowsTheWhole) {
    ASSERT_TRUE(add("PC-01").ok());
    ASSERT_EQ(ask("PUT", "/devices/PC-01/variables/Seat", R"({"value":"7"})").status, 200);
    ASSERT_EQ(audit().size(), 1U);
    EXPECT_EQ(audit()[0].before, R"({"name":"PC-01","comment":""})");
    EXPECT_EQ(audit()[0].after, R"({"name":"PC-01","comment":"","Seat":"7"})");
}

TEST_F(RouterTest, WhatAHandlerDidBeforeItFailedIsUndone) {
    bool told = false;
    router_->on_failure([&] { told = true; });
    fail_ = true;
    EXPECT_EQ(ask("POST", "/devices", kPoint).status, 409);
    EXPECT_TRUE(told);
    EXPECT_EQ(devices(), 0U);
    EXPECT_TRUE(audit().empty());
    fail_ = false;
    EXPECT_EQ(ask("POST", "/devices", kPoint).status, 201);
}

TEST_F(RouterTest, WhatMakesATokenIsAuditedByWhatWasAskedFor) {
    router_->on("addToken", [](const Request&) -> Result<Answer> {
        return Answer{201, Value::map().set("token", "very secret")};
    });
    ASSERT_EQ(ask("POST", "/tokens", R"({"name":"bob"})").status, 201);
    ASSERT_EQ(audit().size(), 1U);
    EXPECT_EQ(audit()[0].after, R"({"name":"bob","role":"full","expires_days":0})");
}

TEST_F(RouterTest, AnswersLaterWhenTheHandlerWaits) {
    ASSERT_TRUE(add("PC-01").ok());
    Answer::Answerer kept;
    router_->on("controlDevice", [&](const Request& request) -> Result<Answer> {
        Answer answer;
        answer.body = request.body;
        answer.later = [&](Answer::Answerer respond) { kept = std::move(respond); };
        return answer;
    });
    net::HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/devices/PC-01/control";
    request.body = R"({"action":"pause"})";
    int status = 0;
    router_->handle(request, who_, [&](const net::HttpResponse& given) { status = given.status; });
    EXPECT_EQ(status, 0);
    ASSERT_TRUE(kept);
    kept(Error(Errc::busy, "not now"));
    EXPECT_EQ(status, 409);
    ASSERT_EQ(audit().size(), 1U);
    EXPECT_EQ(audit()[0].after, R"({"action":"pause","reason":""})");
}

TEST_F(RouterTest, WhatIsToHappenAfterAChangeFindsItDone) {
    std::size_t audited = 0;
    router_->on("approveDevice", [&](const Request&) -> Result<Answer> {
        return Answer{200, Value::map(), [&] { audited = audit().size(); }};
    });
    ASSERT_TRUE(add("PC-01").ok());
    ASSERT_EQ(ask("POST", "/devices/PC-01/approve").status, 200);
    EXPECT_EQ(audited, 1U);
}

TEST_F(RouterTest, KnowsWhatHasNoHandler) {
    const auto names = router_->unanswered();
    EXPECT_EQ(names.size(), router_->description().operations().size() - 6);
    EXPECT_EQ(ask("GET", "/sessions").status, 500);
}

TEST(PathPattern, OnlyWholeSegmentsStandForNames) {
    const auto values = match_path(split_path("/a/{b}/c"), split_path("/a/x y/c"));
    ASSERT_TRUE(values);
    EXPECT_EQ(values->at("b"), "x y");
    for (const char* path : {"/a//c", "/a/x", "/a/x/c/d", "/a/x/d", "", "/"}) {
        EXPECT_FALSE(match_path(split_path("/a/{b}/c"), split_path(path))) << path;
    }
}

}  // namespace
}  // namespace muster::server
