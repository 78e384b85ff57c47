// SPDX-License-Identifier: GPL-3.0-or-later
//
// An HTTPS server on a loop and a thread of its own, for tests of both sides, and a TLS client
// that sends whatever bytes a test likes.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <future>
#include <string>
#include <thread>

#include "net/fd.h"
#include "net/https_client.h"
#include "net/https_server.h"
#include "net/sockaddr.h"

namespace muster::net {

class LoopThread {
public:
    LoopThread() : thread_([this] { loop_.run(); }) {}
    ~LoopThread() {
        loop_.stop();
        thread_.join();
    }
    Loop& loop() { return loop_; }
    // Runs on the loop and waits for it.
    void run(const std::function<void()>& function) {
        std::promise<void> done;
        loop_.post([&] {
            function();
            done.set_value();
        });
        done.get_future().wait();
    }

private:
    Loop loop_;
    std::thread thread_;
};

class ServerThread {
public:
    explicit ServerThread(const std::function<void(HttpsServer&)>& set_up,
                          const std::function<void(HttpsServerOptions&)>& adjust = {}) {
        HttpsServerOptions options{.listen = Address::loopback(0),
                                   .identity = TlsIdentity::generate("test").value()};
        if (adjust) adjust(options);
        fingerprint_ = options.identity.fingerprint();
        thread_.run([&] {
            server_ = std::make_unique<HttpsServer>(thread_.loop(), options);
            set_up(*server_);
            const auto started = server_->start();
            ASSERT_TRUE(started.ok()) << started.error().message();
            address_ = server_->local_address();
        });
    }
    ~ServerThread() {
        thread_.run([&] { server_.reset(); });
    }
    HttpsClientOptions client_options() const {
        return {.server = address_.to_string(), .fingerprint = fingerprint_};
    }
    HttpsClient client() const { return HttpsClient(client_options()); }
    LoopThread& thread() { return thread_; }
    HttpsServer& server() { return *server_; }
    const Address& address() const { return address_; }
    const std::string& fingerprint() const { return fingerprint_; }

private:
    LoopThread thread_;
    std::unique_ptr<HttpsServer> server_;
    Address address_;
    std::string fingerprint_;
};

// Blocking TLS with any bytes in it; every read has a limit of 30 s.
class RawTls {
public:
    explicit RawTls(const Address& address) {
        fd_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const timeval limit{.tv_sec = 30};
        ::setsockopt(fd_.value(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        const auto to = to_sockaddr(address);
        EXPECT_EQ(::connect(fd_.value(), to.raw(), to.length), 0);
        context_.reset(SSL_CTX_new(TLS_client_method()));
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), fd_.value());
    }
    SSL* ssl() { return ssl_.get(); }
    int fd() const { return fd_.value(); }
    bool handshake() { return SSL_connect(ssl_.get()) == 1; }
    void send(std::string_view bytes) {
        if (bytes.empty()) return;
        EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
                  static_cast<int>(bytes.size()));
    }
    // Everything until the server closes.
    std::string read_to_end() {
        std::string all;
        char piece[4096];
        for (int got; (got = SSL_read(ssl_.get(), piece, sizeof piece)) > 0;) {
            all.append(piece, static_cast<std::size_t>(got));
        }
        return all;
    }
    std::string read_until(std::string_view mark) {
        std::string all;
        char byte = 0;
        while (all.find(mark) == std::string::npos && SSL_read(ssl_.get(), &byte, 1) == 1) {
            all.push_back(byte);
        }
        return all;
    }

private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    UniqueFd fd_;
    std::unique_ptr<SSL_CTX, Free> context_;
    std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace muster::net
