// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/router.h"

#include <gtest/gtest.h>

#include "text/json.h"

namespace muster::server {
namespace {

net::HttpResponse ask(const Router& router, std::string method, std::string path,
                      std::string body = "") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.body = std::move(body);
    net::HttpResponse response;
    router.handle(request, [&](net::HttpResponse given) { response = std::move(given); });
    return response;
}

Router sample() {
    Router router;
    router.add("GET", "/api/v1/images/{name}", [](const Request& request) -> Result<Answer> {
        if (request.path.at("name") == "gone") return Error(Errc::not_found, "no image gone");
        return Answer{200, Value::map().set("name", request.path.at("name"))};
    });
    router.add("POST", "/api/v1/images", [](const Request& request) -> Result<Answer> {
        return Answer{201, Value::map().set("name", TRY(request.body.string_at("name")))};
    });
    router.add("GET", "/api/v1/jobs/{job}", [](const Request& request) -> Result<Answer> {
        return Answer{200, Value::map().set("job", TRY(id_in(request, "job")))};
    });
    return router;
}

TEST(Router, GivesTheSegmentsThatStandForNames) {
    const auto answer = ask(sample(), "GET", "/api/v1/images/lab image");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{\"name\":\"lab image\"}\n");
}

TEST(Router, TurnsErrorsIntoProblemDetails) {
    const auto answer = ask(sample(), "GET", "/api/v1/images/gone");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.content_type, "application/problem+json");
    EXPECT_EQ(*text::parse_json(answer.body)->string_at("detail"), "no image gone");
}

TEST(Router, TellsAnUnknownPathFromAnImpossibleMethod) {
    EXPECT_EQ(ask(sample(), "GET", "/api/v1/nothing").status, 404);
    EXPECT_EQ(ask(sample(), "GET", "/").status, 404);
    EXPECT_EQ(ask(sample(), "GET", "").status, 404);
    EXPECT_EQ(ask(sample(), "DELETE", "/api/v1/images").status, 405);
}

TEST(Router, RefusesABodyThatIsNoJsonMap) {
    EXPECT_EQ(ask(sample(), "POST", "/api/v1/images", "{").status, 400);
    EXPECT_EQ(ask(sample(), "POST", "/api/v1/images", "[1]").status, 400);
    EXPECT_EQ(ask(sample(), "POST", "/api/v1/images", "{}").status, 400);
    EXPECT_EQ(ask(sample(), "POST", "/api/v1/images", R"({"name":"x"})").status, 201);
}

TEST(Router, AnswersLaterWhenTheHandlerWaits) {
    Router router;
    Answerer kept;
    router.add_waiting("POST", "/api/v1/orders",
                       [&](const Request&, Answerer answer) { kept = std::move(answer); });
    net::HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/orders";
    int status = 0;
    router.handle(request, [&](const net::HttpResponse& given) { status = given.status; });
    EXPECT_EQ(status, 0);
    kept(Error(Errc::busy, "not now"));
    EXPECT_EQ(status, 409);
}

TEST(Router, TakesOnlyDigitsForANumber) {
    EXPECT_EQ(ask(sample(), "GET", "/api/v1/jobs/12").status, 200);
    EXPECT_EQ(ask(sample(), "GET", "/api/v1/jobs/x").status, 404);
    EXPECT_EQ(ask(sample(), "GET", "/api/v1/jobs/99999999999999999999999").status, 404);
}

}  // namespace
}  // namespace muster::server
