// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/postgres_testing.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <grp.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "store/connection.h"

namespace muster::store {

namespace {

namespace fs = std::filesystem;

const fs::path kBinaries = "/usr/lib/postgresql/15/bin";
constexpr int kLimitMilliseconds = 60'000;

// The user the server runs as: postgres when we are root, else ourselves.
struct Account {
    uid_t user = ::geteuid();
    gid_t group = ::getegid();
};

Account server_account() {
    const passwd* known = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
    return known == nullptr ? Account() : Account{known->pw_uid, known->pw_gid};
}

// In the child: becomes the program, and dies with the test program.
[[noreturn]] void become(const std::vector<std::string>& words, const fs::path& log,
                         pid_t test_program) {
    const Account account = server_account();
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::setsid();
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(account.group) != 0 ||
                             ::setuid(account.user) != 0)) {
        ::_exit(126);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::getppid() != test_program || ::chdir("/") != 0) ::_exit(126);
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

pid_t run(const std::vector<std::string>& words, const fs::path& log) {
    const pid_t test_program = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) become(words, log, test_program);
    return child;
}

std::string text_of(const fs::path& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

// The socket on which the server says that it is ready (sd_notify, which Debian builds in).
int ready_socket(const fs::path& path) {
    fs::remove(path);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
    ::chmod(path.c_str(), 0666);
    return fd;
}

// "" when it said READY=1.
std::string wait_until_ready(int socket, int server_fd) {
    for (;;) {
        pollfd events[2] = {{socket, POLLIN, 0}, {server_fd, POLLIN, 0}};
        if (::poll(events, 2, kLimitMilliseconds) <= 0) return "it did not get ready in time";
        if (events[0].revents & POLLIN) {
            char words[1024] = {};
            if (::recv(socket, words, sizeof words - 1, 0) > 0 &&
                std::strstr(words, "READY=1") != nullptr) {
                return {};
            }
        } else if (events[1].revents != 0) {
            return "it ended";
        }
    }
}

}  // namespace

PostgresServer& PostgresServer::shared() {
    static PostgresServer server;
    return server;
}

PostgresServer::PostgresServer() {
    problem_ = make_cluster();
    has_cluster_ = problem_.empty();
    start();
}

PostgresServer::~PostgresServer() { stop_immediately(); }

std::string PostgresServer::make_cluster() {
    if (!fs::exists(kBinaries / "initdb") || !fs::exists(kBinaries / "postgres")) {
        return "these tests need PostgreSQL 15, there is no " + (kBinaries / "initdb").string() +
               ": install postgresql-15 (./dev deps)";
    }
    const Account account = server_account();
    if (account.user == 0) return "PostgreSQL refuses root, and there is no user postgres";
    if (::chown(scratch_.path().c_str(), account.user, account.group) != 0) {
        return "chown: " + std::string(std::strerror(errno));
    }
    const fs::path log = scratch_.path() / "initdb.log";
    // A language's own order of letters, so that a text column that follows it is seen.
    const pid_t child =
        run({(kBinaries / "initdb").string(), "-D", (scratch_.path() / "data").string(),
             "--username=muster", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
             "--locale-provider=icu", "--icu-locale=en", "--no-sync", "--no-instructions"},
            log);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
        return "initdb failed: " + text_of(log);
    }
    std::ofstream(scratch_.path() / "data" / "pg_hba.conf")
        << "local all locked scram-sha-256\nlocal all all trust\n";
    return {};
}

void PostgresServer::start() {
    if (!has_cluster_ || server_ >= 0) return;
    problem_ = launch();
    if (problem_.empty()) return;
    problem_ = "PostgreSQL did not start: " + problem_ + "\n" + text_of(scratch_.path() / "log");
    stop_immediately();
}

std::string PostgresServer::launch() {
    const fs::path ready = scratch_.path() / "ready";
    const int socket = ready_socket(ready);
    if (socket < 0) return std::strerror(errno);
    ::setenv("NOTIFY_SOCKET", ready.c_str(), 1);
    server_ = run({(kBinaries / "postgres").string(), "-D", (scratch_.path() / "data").string(),
                   "-k", scratch_.path().string(), "-c", "listen_addresses=", "-c", "fsync=off",
                   "-c", "shared_buffers=16MB", "-c", "max_connections=20"},
                  scratch_.path() / "log");
    ::unsetenv("NOTIFY_SOCKET");
    server_fd_ = server_ < 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, server_, 0));
    std::string problem =
        server_fd_ < 0 ? std::strerror(errno) : wait_until_ready(socket, server_fd_);
    ::close(socket);
    return problem;
}

void PostgresServer::stop_immediately() {
    if (server_ < 0) return;
    ::kill(server_, SIGQUIT);
    pollfd ended = {server_fd_, POLLIN, 0};
    if (::poll(&ended, 1, kLimitMilliseconds) != 1) ::kill(server_, SIGKILL);
    ::waitpid(server_, nullptr, 0);
    ::close(server_fd_);
    server_ = server_fd_ = -1;
}

std::string PostgresServer::make_database(const std::string& create_options) {
    const std::string name = "site" + std::to_string(++databases_);
    auto connection = Connection::open(url("postgres"));
    Status made = connection.ok()
                      ? (*connection)->execute("CREATE DATABASE " + name + " " + create_options)
                      : Status(connection.error());
    EXPECT_TRUE(made.ok()) << made.error().message();
    return url(name);
}

std::string PostgresServer::url(const std::string& database, const std::string& user,
                                const std::string& password, const std::string& more) const {
    return "postgresql://" + user + (password.empty() ? "" : ":" + password) + "@/" + database +
           "?host=" + scratch_.path().string() + more;
}

DatabasePlace::DatabasePlace(DatabaseKind kind) {
    if (kind == DatabaseKind::sqlite) {
        where_ = (scratch_.path() / "site.db").string();
        return;
    }
    auto& server = PostgresServer::shared();
    EXPECT_EQ(server.problem(), "");
    if (server.problem().empty()) where_ = server.make_database();
}

std::string DatabasePlace::with_options(const std::string& options) const {
    std::string escaped;
    for (char c : options) escaped += c == ' ' ? "%20" : c == '=' ? "%3D" : std::string(1, c);
    return where_ + "&options=" + escaped;
}

}  // namespace muster::store
