// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/websocket.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "net/monotonic.h"
#include "net/server_for_test.h"

namespace muster::net {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

// What happened, in order, across threads; wait() fails the test when it does not come in 30 s.
class Events {
public:
    void add(std::string event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
        changed_.notify_all();
    }
    std::string wait() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, seconds(30), [&] { return !events_.empty(); })) {
            return "nothing within 30 s";
        }
        auto event = events_.front();
        events_.pop_front();
        return event;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> events_;
};

struct Room {
    explicit Room(const std::function<void(HttpsServerOptions&)>& adjust = {})
        : server([this](HttpsServer& s) { set_up(s); }, adjust) {}
    ~Room() {
        server.thread().run([&] { at_server.reset(); });
        client_loop.run([&] {
            attempt = {};
            at_client.reset();
        });
    }
    void set_up(HttpsServer& s) {
        s.on_websocket([this](const HttpRequest& request, WebSocketAcceptor acceptor) {
            if (request.bearer_token != "good") {
                return acceptor.reject(HttpResponse::text(401, "ask for a token"));
            }
            if (request.path == "/old") {
                return acceptor.reject(HttpResponse::text(426, "speak version 2"));
            }
            if (request.path == "/dropped") return;
            at_server = acceptor.accept();
            at_server->on_text([this](std::string text) {
                if (text == "echo off") return;
                server_events.add(text);
                at_server->send_text("echo " + text);
            });
            at_server->on_closed([this](const std::string& why) { server_events.add(why); });
            at_server->send_text("welcome");
        });
    }
    void connect(std::string token = "good", const std::string& target = "/session",
                 const WebSocketOptions& options = {}, bool listen = true) {
        auto client = server.client_options();
        client.bearer_token = std::move(token);
        client_loop.run([&] {
            attempt = WebSocketClient::connect(
                client_loop.loop(), client, target,
                {.on_open =
                     [this, listen](std::shared_ptr<WebSocket> socket) {
                         at_client = std::move(socket);
                         if (listen) {
                             at_client->on_text(
                                 [this](std::string text) { client_events.add(text); });
                         }
                         at_client->on_closed(
                             [this](const std::string& why) { client_events.add(why); });
                         client_events.add("open");
                     },
                 .on_failed =
                     [this](const WebSocketFailure& failure) {
                         client_events.add(std::to_string(failure.http_status) + " " +
                                           std::string(to_string(failure.error.code())) + " " +
                                           failure.error.message());
                     }},
                options);
        });
    }
    Events server_events;
    Events client_events;
    std::shared_ptr<WebSocket> at_server;
    std::shared_ptr<WebSocket> at_client;
    WebSocketClient attempt;
    LoopThread client_loop;
    ServerThread server;
};

TEST(WebSocket, carries_text_both_ways_in_order) {
    Room room;
    room.connect();
    EXPECT_EQ(room.client_events.wait(), "open");
    EXPECT_EQ(room.client_events.wait(), "welcome");
    for (int i = 0; i < 200; ++i) room.at_client->send_text(std::to_string(i));
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(room.server_events.wait(), std::to_string(i));
        EXPECT_EQ(room.client_events.wait(), "echo " + std::to_string(i));
    }
    const std::string large(1'000'000, 'x');
    room.at_client->send_text(large);
    EXPECT_EQ(room.client_events.wait(), "echo " + large);
    EXPECT_EQ(room.at_client->peer(), room.server.address());
    EXPECT_TRUE(room.at_client->is_open());
}

TEST(WebSocket, both_sides_learn_why_one_closed) {
    Room room;
    room.connect();
    EXPECT_EQ(room.client_events.wait(), "open");
    EXPECT_EQ(room.client_events.wait(), "welcome");
    room.at_client->send_text("last words");
    room.at_client->close("work is done");
    EXPECT_EQ(room.server_events.wait(), "last words");
    EXPECT_EQ(room.server_events.wait(), "closed by the peer: work is done");
    auto event = room.client_events.wait();
    if (event == "echo last words") event = room.client_events.wait();
    EXPECT_EQ(event, "work is done");
    EXPECT_FALSE(room.at_client->is_open());
    room.at_client->send_text("into the void");
}

TEST(WebSocket, dropping_the_handle_closes_the_connection) {
    Room room;
    room.connect();
    EXPECT_EQ(room.client_events.wait(), "open");
    room.client_loop.run([&] { room.at_client.reset(); });
    EXPECT_EQ(room.server_events.wait(), "closed by the peer: no longer needed");
}

TEST(WebSocket, a_refusal_arrives_with_its_status_and_words) {
    Room room;
    const auto server = room.server.address().to_string();
    room.connect("bad");
    EXPECT_EQ(room.client_events.wait(),
              "401 unauthenticated " + server + " answered 401: ask for a token");
    room.connect("good", "/old");
    EXPECT_EQ(room.client_events.wait(),
              "426 version_mismatch " + server + " answered 426: speak version 2");
    room.connect("good", "/dropped");
    EXPECT_EQ(room.client_events.wait().substr(0, 4), "500 ");
    EXPECT_EQ(room.server.client().get("/").value().status, 404);
}

TEST(WebSocket, a_wrong_key_or_no_server_fails_without_a_status) {
    Room room;
    auto options = room.server.client_options();
    options.fingerprint = std::string(64, 'a');
    const auto fail = [&](const HttpsClientOptions& with) {
        WebSocketClient attempt;
        room.client_loop.run([&] {
            attempt = WebSocketClient::connect(
                room.client_loop.loop(), with, "/session",
                {.on_open = [&](auto) { room.client_events.add("open"); },
                 .on_failed =
                     [&](const WebSocketFailure& failure) {
                         EXPECT_EQ(failure.http_status, 0);
                         room.client_events.add(std::string(to_string(failure.error.code())));
                     }});
        });
        const auto event = room.client_events.wait();
        room.client_loop.run([&] { attempt.cancel(); });
        return event;
    };
    EXPECT_EQ(fail(options), "unauthenticated");
    options.fingerprint = "short";
    EXPECT_EQ(fail(options), "invalid_argument");
    options = room.server.client_options();
    UniqueFd unused(::socket(AF_INET, SOCK_STREAM, 0));
    const auto any = to_sockaddr(Address::loopback());
    ASSERT_EQ(::bind(unused.value(), any.raw(), any.length), 0);
    options.server = local_address_of(unused.value())->to_string();  // bound, not listening
    EXPECT_EQ(fail(options), "unavailable");
}

TEST(WebSocket, a_cancelled_attempt_calls_nobody) {
    Room room;
    room.client_loop.run([&] {
        auto options = room.server.client_options();
        options.bearer_token = "good";
        auto attempt = WebSocketClient::connect(
            room.client_loop.loop(), options, "/session",
            {.on_open = [&](auto) { room.client_events.add("called"); },
             .on_failed = [&](const WebSocketFailure&) { room.client_events.add("called"); }});
    });
    room.connect();  // and the next one works
    EXPECT_EQ(room.client_events.wait(), "open");
}

// A peer that shook hands and then says nothing, not even a pong.
TEST(WebSocket, a_dead_peer_is_noticed) {
    Room room([](auto& o) { o.websocket.idle_timeout = milliseconds(400); });
    RawTls raw(room.server.address());
    ASSERT_TRUE(raw.handshake());
    raw.send(
        "GET /session HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Authorization: Bearer good\r\n\r\n");
    EXPECT_EQ(raw.read_until("\r\n\r\n").substr(0, 12), "HTTP/1.1 101");
    const auto start = monotonic_now();
    const auto why = room.server_events.wait();
    EXPECT_EQ(why.rfind("no sign of life from 127.0.0.1:", 0), 0u) << why;
    EXPECT_NE(why.find(" for 0.4 s"), std::string::npos) << why;
    EXPECT_LT(monotonic_now() - start, seconds(10));
}

TEST(WebSocket, pings_keep_a_quiet_connection_open) {
    Room room([](auto& o) { o.websocket.idle_timeout = milliseconds(200); });
    room.connect();
    EXPECT_EQ(room.client_events.wait(), "open");
    EXPECT_EQ(room.client_events.wait(), "welcome");
    // Several idle times later it still echoes.
    std::promise<void> later;
    Timer timer;
    room.client_loop.run(
        [&] { timer = room.client_loop.loop().after(seconds(1), [&] { later.set_value(); }); });
    later.get_future().wait();
    room.client_loop.run([&] { timer.cancel(); });
    room.at_client->send_text("still here");
    EXPECT_EQ(room.client_events.wait(), "echo still here");
}

TEST(WebSocket, a_peer_that_does_not_read_is_cut_off_when_the_queue_is_full) {
    // One piece for each turn of the loop: 128 MiB fill the kernel's buffers and then the queue.
    int pieces = 512;
    std::function<void()> send_more;  // outlives the loop that runs it
    Room room([](auto& o) { o.websocket.queue_limit_bytes = 1u << 20; });
    room.connect("good", "/session", {}, false);  // reads nothing: no on_text
    EXPECT_EQ(room.client_events.wait(), "open");
    send_more = [&] {
        if (--pieces < 0 || !room.at_server) return;
        room.at_server->send_text(std::string(256 * 1024, 'x'));
        room.server.thread().loop().post(send_more);
    };
    room.server.thread().loop().post(send_more);
    const auto why = room.server_events.wait();
    EXPECT_NE(why.find("does not read: more than 1048576 bytes are waiting"), std::string::npos)
        << why;
}

TEST(WebSocket, a_message_beyond_the_limit_closes_the_connection) {
    Room room([](auto& o) { o.websocket.message_limit_bytes = 1000; });
    room.connect();
    EXPECT_EQ(room.client_events.wait(), "open");
    room.at_client->send_text(std::string(1001, 'x'));
    const auto why = room.server_events.wait();
    EXPECT_EQ(why.rfind("a message of more than 1000 bytes from ", 0), 0u) << why;
}

TEST(WebSocket, a_stopping_server_says_goodbye) {
    Room room;
    room.connect();
    EXPECT_EQ(room.client_events.wait(), "open");
    EXPECT_EQ(room.client_events.wait(), "welcome");
    std::promise<void> stopped;
    room.server.thread().run([&] { room.server.server().stop([&] { stopped.set_value(); }); });
    EXPECT_EQ(room.client_events.wait(), "closed by the peer: the server is stopping");
    EXPECT_EQ(room.server_events.wait(), "the server is stopping");
    stopped.get_future().wait();
}

TEST(WebSocket, a_handle_may_outlive_its_loop) {
    std::shared_ptr<WebSocket> kept;
    {
        Room room;
        room.connect();
        EXPECT_EQ(room.client_events.wait(), "open");
        kept = room.at_client;
    }
    kept->send_text("nobody hears it");
    kept->close("nobody cares");
}

}  // namespace
}  // namespace muster::net
