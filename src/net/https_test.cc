// SPDX-License-Identifier: GPL-3.0-or-later
//
// Server and client against each other over TLS on the loop-back interface, and the server
// against clients that do not behave.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/prng.h"
#include "net/server_for_test.h"

namespace muster::net {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

void serve_echo(HttpsServer& server) {
    server.on_request([](HttpRequest request, Responder respond) {
        if (request.path == "/none") return respond(HttpResponse::text(404, "no such thing"));
        std::string answer =
            request.method + " " + request.path + " [" + request.bearer_token + "] " + request.body;
        HttpResponse response = HttpResponse::json(200, answer);
        response.headers.emplace_back("X-Query", request.query["q"]);
        response.headers.emplace_back("X-Peer", request.peer.to_string());
        respond(std::move(response));
    });
}

TEST(Https, a_request_arrives_whole_and_so_does_its_answer) {
    ServerThread server(serve_echo);
    auto options = server.client_options();
    options.bearer_token = "secret";
    HttpsClient client(options);
    const auto answer = client.request("POST", "/a%20b?q=1%2B1", "body", "text/plain");
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "POST /a b [secret] body");
    EXPECT_EQ(answer->content_type, "application/json");
    EXPECT_EQ(answer->header("x-query"), "1+1");
}

TEST(Https, a_refusal_is_a_response_and_no_error) {
    ServerThread server(serve_echo);
    const auto answer = server.client().get("/none");
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->status, 404);
    EXPECT_EQ(answer->body, "no such thing\n");
}

TEST(Https, one_connection_serves_many_requests) {
    ServerThread server(serve_echo);
    auto client = server.client();
    const auto first = client.get("/1");
    const auto second = client.request("PUT", "/2", std::string(100'000, 'x'));
    const auto third = client.request("HEAD", "/3");
    const auto fourth = client.get("/4");
    ASSERT_TRUE(first.ok() && second.ok() && third.ok() && fourth.ok());
    EXPECT_EQ(second->body.size(), 100'000 + std::string("PUT /2 [] ").size());
    EXPECT_EQ(first->header("X-Peer"), fourth->header("X-Peer"));
    EXPECT_EQ(third->status, 200);
    EXPECT_TRUE(third->body.empty());
    EXPECT_EQ(third->header("Content-Length"), std::to_string(std::string("GET /3 [] ").size()));
}

TEST(Https, the_client_opens_a_new_connection_when_the_server_closed_the_old_one) {
    ServerThread server(serve_echo, [](auto& o) { o.max_connections = 1; });
    auto first = server.client();
    auto second = server.client();
    const auto a = first.get("/a");
    const auto b = second.get("/b");  // takes the only place
    const auto c = first.get("/c");
    ASSERT_TRUE(a.ok() && b.ok() && c.ok()) << c.error().message();
    EXPECT_NE(a->header("X-Peer"), c->header("X-Peer"));
}

TEST(Https, an_answer_may_come_from_another_thread) {
    std::vector<std::thread> workers;
    {
        ServerThread server([&](HttpsServer& s) {
            s.on_request([&](HttpRequest request, Responder respond) {
                workers.emplace_back([path = request.path, respond] {
                    respond(HttpResponse::text(200, path));
                    respond(HttpResponse::text(500, "a second answer counts for nothing"));
                });
            });
        });
        auto client = server.client();
        for (int i = 0; i < 20; ++i) {
            const auto path = "/" + std::to_string(i);
            EXPECT_EQ(client.get(path).value().body, path + "\n");
        }
    }
    for (auto& worker : workers) worker.join();
}

TEST(Https, a_request_nobody_answers_gets_a_500) {
    ServerThread server([](HttpsServer& s) { s.on_request([](HttpRequest, Responder) {}); });
    EXPECT_EQ(server.client().get("/").value().status, 500);
}

TEST(Https, a_responder_may_outlive_its_server) {
    Responder kept;
    std::promise<void> arrived;
    auto server = std::make_unique<ServerThread>([&](HttpsServer& s) {
        s.on_request([&](HttpRequest, Responder respond) {
            kept = respond;
            arrived.set_value();
        });
    });
    auto client = server->client();
    std::thread asking([&] { EXPECT_FALSE(client.get("/").ok()); });
    arrived.get_future().wait();
    server.reset();
    kept(HttpResponse::text(200, "too late"));
    asking.join();
}

TEST(Https, the_wrong_key_is_refused_with_both_fingerprints) {
    ServerThread server(serve_echo);
    auto options = server.client_options();
    options.fingerprint = TlsIdentity::generate("other")->fingerprint();
    const auto answer = HttpsClient(options).get("/");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), Errc::unauthenticated);
    const auto& message = answer.error().message();
    EXPECT_EQ(message.rfind("server key of " + options.server + " is " + server.fingerprint() +
                                ", expected " + options.fingerprint,
                            0),
              0u)
        << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST(Https, a_person_can_be_shown_the_key) {
    ServerThread server(serve_echo);
    EXPECT_EQ(fetch_fingerprint({.server = server.address().to_string()}).value(),
              server.fingerprint());
}

TEST(Https, speaks_tls_1_3_only) {
    ServerThread server(serve_echo);
    RawTls old(server.address());
    SSL_set_max_proto_version(old.ssl(), TLS1_2_VERSION);
    EXPECT_FALSE(old.handshake());
    RawTls fresh(server.address());
    EXPECT_TRUE(fresh.handshake());
    EXPECT_EQ(SSL_version(fresh.ssl()), TLS1_3_VERSION);
}

TEST(Https, wrong_options_of_a_client_are_named) {
    ServerThread server(serve_echo);
    auto options = server.client_options();
    options.fingerprint = "abc";
    EXPECT_EQ(HttpsClient(options).get("/").error().code(), Errc::invalid_argument);
    options = server.client_options();
    options.server = "nowhere";
    EXPECT_EQ(HttpsClient(options).get("/").error().code(), Errc::invalid_argument);
    options = server.client_options();
    options.bearer_token = "a\r\nHost: b";
    EXPECT_EQ(HttpsClient(options).get("/").error().code(), Errc::invalid_argument);
    EXPECT_EQ(server.client().get("/a b").error().code(), Errc::invalid_argument);
    EXPECT_EQ(server.client().get("http://x/").error().code(), Errc::invalid_argument);
}

TEST(Https, a_closed_port_is_said_in_plain_words) {
    Address address;
    std::string fingerprint;
    {
        ServerThread server(serve_echo);
        address = server.address();
        fingerprint = server.fingerprint();
    }
    const auto answer =
        HttpsClient({.server = address.to_string(), .fingerprint = fingerprint}).get("/");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), Errc::unavailable);
    EXPECT_EQ(answer.error().message(), "cannot reach " + address.to_string() +
                                            ": connection refused; is muster serve running there?");
}

TEST(Https, a_server_that_says_nothing_runs_into_the_timeout) {
    UniqueFd silent(::socket(AF_INET, SOCK_STREAM, 0));
    const auto any = to_sockaddr(Address::loopback());
    ASSERT_EQ(::bind(silent.value(), any.raw(), any.length), 0);
    ASSERT_EQ(::listen(silent.value(), 1), 0);
    const auto answer = HttpsClient({.server = local_address_of(silent.value())->to_string(),
                                     .fingerprint = std::string(64, '0'),
                                     .connect_timeout = milliseconds(50)})
                            .get("/");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), Errc::unavailable);
    EXPECT_NE(answer.error().message().find("no TLS answer within 0.05 s"), std::string::npos)
        << answer.error().message();
}

TEST(Https, a_slow_answer_runs_into_the_timeout) {
    Responder kept;
    ServerThread server([&](HttpsServer& s) {
        s.on_request([&](HttpRequest, Responder respond) { kept = respond; });
    });
    auto options = server.client_options();
    options.response_timeout = milliseconds(100);
    const auto answer = HttpsClient(options).get("/");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().message(), options.server + " did not answer within 0.1 s");
}

TEST(Https, a_used_port_is_an_error_with_the_address) {
    ServerThread server(serve_echo);
    Loop loop;
    HttpsServer second(
        loop, {.listen = server.address(), .identity = TlsIdentity::generate("second").value()});
    const auto started = second.start();
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().code(), Errc::busy);
    EXPECT_NE(started.error().message().find(server.address().to_string()), std::string::npos);
    HttpsServer elsewhere(loop, {.listen = Address::ipv4({192, 0, 2, 1}, 8443),
                                 .identity = TlsIdentity::generate("second").value()});
    EXPECT_EQ(elsewhere.start().error().code(), Errc::invalid_argument);
    HttpsServer anonymous(loop, {.listen = Address::loopback()});
    EXPECT_EQ(anonymous.start().error().code(), Errc::invalid_argument);
}

struct BadRequest {
    const char* name;
    std::string bytes;
    std::string status;
};

class HttpsBad : public testing::TestWithParam<BadRequest> {};

TEST_P(HttpsBad, is_answered_with_its_status_and_the_server_lives_on) {
    ServerThread server(serve_echo, [](auto& o) {
        o.body_limit_bytes = 1000;
        o.header_limit_bytes = 2000;
        o.idle_timeout = milliseconds(300);
        o.request_timeout = milliseconds(300);
    });
    RawTls raw(server.address());
    ASSERT_TRUE(raw.handshake());
    raw.send(GetParam().bytes);
    const auto answer = raw.read_to_end();
    EXPECT_EQ(answer.substr(0, answer.find("\r\n")), GetParam().status);
    EXPECT_EQ(server.client().get("/").value().status, 200);
}

const std::string kPost = "POST /x HTTP/1.1\r\nHost: a\r\n";
INSTANTIATE_TEST_SUITE_P(
    Request, HttpsBad,
    testing::Values(
        BadRequest{"garbage", "\x01\x02\x03 no http at all\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        BadRequest{"unknown_version", "GET / HTTP/7.5\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        BadRequest{"no_path", "GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
                   "HTTP/1.1 400 Bad Request"},
        BadRequest{"control_character", "GET /%0a HTTP/1.1\r\nHost: a\r\n\r\n",
                   "HTTP/1.1 400 Bad Request"},
        BadRequest{"two_lengths", kPost + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
                   "HTTP/1.1 400 Bad Request"},
        BadRequest{"length_and_chunks",
                   kPost + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
                   "HTTP/1.1 400 Bad Request"},
        BadRequest{"large_body",
                   kPost + "Content-Length: 100000\r\n\r\n" + std::string(100000, 'x'),
                   "HTTP/1.1 413 Payload Too Large"},
        BadRequest{"large_chunk",
                   kPost + "Transfer-Encoding: chunked\r\n\r\nffff\r\n" + std::string(65535, 'x'),
                   "HTTP/1.1 413 Payload Too Large"},
        BadRequest{"long_headers", "GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n",
                   "HTTP/1.1 431 Request Header Fields Too Large"},
        BadRequest{"half_a_header", "GET / HTTP/1.1\r\nHo", "HTTP/1.1 408 Request Timeout"},
        BadRequest{"half_a_body", kPost + "Content-Length: 10\r\n\r\nabc",
                   "HTTP/1.1 408 Request Timeout"},
        BadRequest{"nothing", "", ""}),
    [](const auto& bad) { return bad.param.name; });

TEST(Https, garbage_instead_of_tls_closes_that_connection_only) {
    ServerThread server(serve_echo);
    RawTls raw(server.address());
    const std::string garbage = "GET / HTTP/1.1\r\nHost: plain\r\n\r\n";
    ASSERT_GT(::send(raw.fd(), garbage.data(), garbage.size(), 0), 0);
    char byte = 0;
    while (::recv(raw.fd(), &byte, 1, 0) > 0) {
    }
    EXPECT_EQ(server.client().get("/").value().status, 200);
}

TEST(Https, a_client_that_waits_for_100_continue_is_told_to_go_on) {
    ServerThread server(serve_echo);
    RawTls raw(server.address());
    ASSERT_TRUE(raw.handshake());
    raw.send(
        "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
        "Connection: close\r\n\r\n");
    EXPECT_EQ(raw.read_until("\r\n\r\n").substr(0, 12), "HTTP/1.1 100");
    raw.send("ok");
    const auto answer = raw.read_to_end();
    EXPECT_NE(answer.find("PUT /x [] ok"), std::string::npos) << answer;
}

TEST(Https, pipelined_requests_are_answered_in_order) {
    ServerThread server(serve_echo);
    RawTls raw(server.address());
    ASSERT_TRUE(raw.handshake());
    raw.send(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n"
        "Connection: close\r\n\r\n");
    const auto answer = raw.read_to_end();
    const auto one = answer.find("GET /1 [] ");
    const auto two = answer.find("GET /2 [] ");
    ASSERT_NE(one, std::string::npos);
    ASSERT_NE(two, std::string::npos);
    EXPECT_LT(one, two);
}

class HttpsFile : public testing::Test {
protected:
    HttpsFile() {
        char name[] = "/tmp/muster-file-XXXXXX";
        folder_ = ::mkdtemp(name);
        Prng prng(3);
        content_.resize(1'000'000);
        for (auto& c : content_) c = static_cast<char>(prng.next());
        std::ofstream(path()) << content_;
    }
    ~HttpsFile() override { std::filesystem::remove_all(folder_); }
    std::string path() const { return folder_ + "/data"; }
    std::function<void(HttpsServer&)> serve() {
        return [this](HttpsServer& server) {
            server.on_request([this](HttpRequest request, Responder respond) {
                if (request.path == "/gone") {
                    return respond({.file = FileRange{folder_ + "/gone", 0, 1}});
                }
                if (request.path == "/short") {
                    return respond({.file = FileRange{path(), 0, content_.size() + 1}});
                }
                if (request.path == "/missing") {
                    return respond(HttpResponse::text(404, "no such image: win11"));
                }
                const auto range = parse_byte_range(request.header("Range"), content_.size());
                if (!range) return respond(HttpResponse::text(416, range.error().message()));
                HttpResponse response;
                response.file = FileRange{path(), 0, content_.size()};
                if (*range) {
                    const auto [first, last] = **range;
                    response.status = 206;
                    response.file = FileRange{path(), first, last - first + 1};
                    const auto shift = request.path == "/wrong" ? 1 : 0;
                    response.headers.emplace_back("Content-Range",
                                                  "bytes " + std::to_string(first + shift) + "-" +
                                                      std::to_string(last) + "/" +
                                                      std::to_string(content_.size()));
                }
                respond(std::move(response));
            });
        };
    }
    Result<std::string> download(HttpsClient& client, std::string_view target, std::uint64_t first,
                                 std::uint64_t last) {
        std::string got;
        TRY(client.download_range(target, first, last, [&](ByteSpan piece) -> Status {
            got += as_text(piece);
            return {};
        }));
        return got;
    }
    std::string folder_;
    std::string content_;
};

TEST_F(HttpsFile, a_range_arrives_byte_for_byte) {
    ServerThread server(serve());
    auto client = server.client();
    EXPECT_EQ(download(client, "/data", 0, content_.size() - 1).value(), content_);
    EXPECT_EQ(download(client, "/data", 12345, 700000).value(),
              content_.substr(12345, 700000 - 12345 + 1));
    EXPECT_EQ(download(client, "/data", 5, 5).value(), content_.substr(5, 1));
    EXPECT_EQ(client.get("/data").value().body, content_);
    const auto head = client.request("HEAD", "/data");
    EXPECT_EQ(head->header("Content-Length"), std::to_string(content_.size()));
}

TEST_F(HttpsFile, a_refused_download_is_an_error_with_the_servers_words) {
    ServerThread server(serve());
    auto client = server.client();
    const auto missing = download(client, "/missing", 0, 9);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_NE(missing.error().message().find("answered 404: no such image: win11"),
              std::string::npos);
    EXPECT_EQ(download(client, "/data", 2'000'000, 2'000'001).error().code(),
              Errc::invalid_argument);
    // The connection is still good.
    EXPECT_EQ(download(client, "/data", 0, 9).value(), content_.substr(0, 10));
}

TEST_F(HttpsFile, another_range_than_asked_for_is_corrupt) {
    ServerThread server(serve());
    auto client = server.client();
    EXPECT_EQ(download(client, "/wrong", 0, 9).error().code(), Errc::corrupt);
    EXPECT_EQ(download(client, "/data", 0, 2'000'000).error().code(), Errc::corrupt);
}

TEST_F(HttpsFile, a_file_that_went_away_or_shrank_is_a_refusal) {
    ServerThread server(serve());
    auto client = server.client();
    EXPECT_EQ(client.get("/gone").value().status, 404);
    EXPECT_EQ(client.get("/short").value().status, 500);
}

TEST_F(HttpsFile, an_error_of_the_callback_ends_the_download) {
    ServerThread server(serve());
    auto client = server.client();
    const auto status = client.download_range(
        "/data", 0, content_.size() - 1,
        [](ByteSpan) -> Status { return Error(Errc::no_space, "the disk is full"); });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), Errc::no_space);
    EXPECT_EQ(download(client, "/data", 0, 0).value(), content_.substr(0, 1));
}

// Counts what leaves and holds every piece back for as long as the test says.
class PacedBody : public BodySource {
public:
    struct Seen {
        std::atomic<int> pieces = 0;
        std::atomic<bool> over = false;
    };
    PacedBody(Seen& seen, std::uint64_t length, Duration delay)
        : seen_(seen), length_(length), delay_(delay) {}
    ~PacedBody() override { seen_.over = true; }
    std::uint64_t length() const override { return length_; }
    bool read(std::uint64_t offset, MutableByteSpan out) override {
        if (offset + out.size() > length_) return false;
        for (auto& byte : out) byte = static_cast<std::byte>(offset++ % 251);
        return true;
    }
    Duration delay(std::size_t) override {
        ++seen_.pieces;
        return delay_;
    }

private:
    Seen& seen_;
    std::uint64_t length_;
    Duration delay_;
};

std::function<void(HttpsServer&)> serve_paced(PacedBody::Seen& seen, std::uint64_t length,
                                              Duration delay) {
    return [&seen, length, delay](HttpsServer& server) {
        server.on_request([&seen, length, delay](HttpRequest, Responder respond) {
            respond({.source = std::make_shared<PacedBody>(seen, length, delay)});
        });
    };
}

TEST(Https, a_body_may_be_made_while_it_is_sent_at_its_makers_pace) {
    PacedBody::Seen seen;
    ServerThread server(serve_paced(seen, 500'000, std::chrono::milliseconds(5)));
    auto client = server.client();
    const auto before = std::chrono::steady_clock::now();
    const auto body = client.get("/").value().body;
    const auto took = std::chrono::steady_clock::now() - before;
    ASSERT_EQ(body.size(), 500'000u);
    for (std::size_t i = 0; i < body.size(); i += 997) {
        ASSERT_EQ(static_cast<std::uint8_t>(body[i]), i % 251);
    }
    EXPECT_GE(seen.pieces, 4);
    EXPECT_GE(took, seen.pieces.load() * std::chrono::milliseconds(5));
    server.thread().run([] {});
    EXPECT_TRUE(seen.over);
    EXPECT_EQ(client.get("/").value().body, body);
}

TEST(Https, a_request_can_be_given_up_from_another_thread) {
    PacedBody::Seen seen;
    ServerThread server(serve_paced(seen, 500'000, std::chrono::hours(1)));
    auto client = server.client();
    std::thread other([&] {
        while (seen.pieces == 0) std::this_thread::yield();
        client.cancel();
    });
    const auto answer = client.get("/");
    other.join();
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), Errc::cancelled);
    EXPECT_EQ(client.get("/").error().code(), Errc::cancelled);
}

TEST(Https, a_refused_download_says_how_long_to_wait) {
    ServerThread server([](HttpsServer& https) {
        https.on_request([](HttpRequest request, Responder respond) {
            auto refusal = HttpResponse::text(503, "too many at once");
            if (request.path == "/soon") refusal.headers.emplace_back("Retry-After", "7");
            if (request.path == "/odd") refusal.headers.emplace_back("Retry-After", "never");
            respond(std::move(refusal));
        });
    });
    auto client = server.client();
    const auto ask = [&](std::string_view target) {
        const auto status = client.download_range(target, 0, 9, [](ByteSpan) { return Status(); });
        EXPECT_EQ(status.error().code(), Errc::unavailable);
        return client.retry_after();
    };
    EXPECT_EQ(ask("/soon"), std::chrono::seconds(7));
    EXPECT_EQ(ask("/odd"), Duration::zero());
    EXPECT_EQ(ask("/"), Duration::zero());
}

TEST(Https, a_stopping_server_finishes_what_it_was_asked) {
    Responder kept;
    std::promise<void> arrived;
    ServerThread server([&](HttpsServer& s) {
        s.on_request([&](HttpRequest, Responder respond) {
            kept = respond;
            arrived.set_value();
        });
    });
    auto client = server.client();
    Result<HttpResponse> answer = Error(Errc::internal, "none");
    std::thread asking([&] { answer = client.get("/"); });
    arrived.get_future().wait();
    std::promise<void> stopped;
    server.thread().run([&] { server.server().stop([&] { stopped.set_value(); }); });
    EXPECT_EQ(server.client().get("/").error().code(), Errc::unavailable);
    kept(HttpResponse::text(200, "done"));
    stopped.get_future().wait();
    asking.join();
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->body, "done\n");
    EXPECT_EQ(answer->header("Connection"), "close");
}

}  // namespace
}  // namespace muster::net
