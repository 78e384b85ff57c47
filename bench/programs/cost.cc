// SPDX-License-Identifier: GPL-3.0-or-later
//
// What one byte costs at each stage of the transport, as processor time of the thread that does it
// (CLOCK_THREAD_CPUTIME_ID), with our own libraries in the sizes the transport uses them in. One
// JSON object per line: {"stage": ..., "cpu_seconds_per_gb": ...}.
//
//     muster_bench_cost compute FOLDER           AEAD, FEC, hash and write (into FOLDER)
//     muster_bench_cost send INTERFACE           datagrams out, the kernel's part with them
//     muster_bench_cost receive INTERFACE        the other end, until 1 s passes without any
//
// A GB is 1e9 bytes of image. FEC encodes what a loss of 1 or 5 % makes the sender repair, and
// decodes as many missing symbols.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/prng.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "fec/decoder.h"
#include "fec/encoder.h"
#include "fec/kernel.h"
#include "net/udp_socket.h"

namespace muster {
namespace {

constexpr std::size_t kSymbolBytes = 1408;
constexpr std::size_t kDatagramBytes = 1444;  // with header and tag
constexpr std::size_t kBlockBytes = 64 * kSymbolBytes;
constexpr std::size_t kGroupSymbols = 2048;
constexpr double kLeastSeconds = 0.5;
constexpr std::size_t kSendBytes = 2'000'000'000;
constexpr std::size_t kSendBatch = 45;
constexpr std::string_view kGroup = "239.192.77.2:7000";

double thread_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void report(std::string_view stage, double seconds, double bytes) {
    std::printf("{\"stage\": \"%.*s\", \"cpu_seconds_per_gb\": %.4f}\n",
                static_cast<int>(stage.size()), stage.data(), seconds / (bytes / 1e9));
    std::fflush(stdout);
}

// Does `work`, which handles `bytes`, until it has taken long enough for the clock.
void measure(std::string_view stage, std::size_t bytes, const std::function<void()>& work) {
    work();  // code and tables into the caches
    double done = 0;
    const double from = thread_seconds();
    double seconds = 0;
    do {
        work();
        done += static_cast<double>(bytes);
        seconds = thread_seconds() - from;
    } while (seconds < kLeastSeconds);
    report(stage, seconds, done);
}

Bytes random_bytes(std::size_t count, Prng& prng) {
    Bytes bytes(count);
    for (auto& b : bytes) b = static_cast<std::byte>(prng.next());
    return bytes;
}

void measure_aead(Prng& prng) {
    const Bytes key = random_bytes(crypto::kAeadKeyBytes, prng);
    auto aead = crypto::Aead::create(std::span<const std::byte, crypto::kAeadKeyBytes>(key));
    const Bytes header = random_bytes(16, prng);
    // A block's worth of symbols, each under a nonce of its own.
    std::vector<Bytes> plain(64), sealed(64);
    for (auto& symbol : plain) symbol = random_bytes(kSymbolBytes, prng);
    for (auto& symbol : sealed) symbol.resize(kSymbolBytes + crypto::kTagBytes);
    std::array<std::byte, crypto::kAeadNonceBytes> nonce{};
    measure("AEAD seal", plain.size() * kSymbolBytes, [&] {
        for (std::size_t i = 0; i < plain.size(); ++i) {
            nonce[0] = static_cast<std::byte>(i);
            aead.seal(nonce, header, plain[i], sealed[i]);
        }
    });
    bool genuine = true;
    measure("AEAD open", plain.size() * kSymbolBytes, [&] {
        for (std::size_t i = 0; i < plain.size(); ++i) {
            nonce[0] = static_cast<std::byte>(i);
            genuine &= aead.open(nonce, header, sealed[i], plain[i]);
        }
    });
    if (!genuine) std::fprintf(stderr, "cost: a tag did not fit\n");
}

void measure_fec(Prng& prng, double loss, std::string_view name) {
    const auto count = static_cast<std::size_t>(loss * static_cast<double>(kGroupSymbols));
    const std::size_t spare = 4;  // a set of rows that is short of rank is rare, five in a row more
    std::vector<Bytes> symbols, rows(count + spare, Bytes(kSymbolBytes));
    for (std::size_t i = 0; i < kGroupSymbols; ++i) {
        symbols.push_back(random_bytes(kSymbolBytes, prng));
    }
    std::vector<std::byte*> in, out;
    for (auto& symbol : symbols) in.push_back(symbol.data());
    for (auto& row : rows) out.push_back(row.data());
    const std::vector<const std::byte*> sources(in.begin(), in.end());
    const std::size_t group_bytes = kGroupSymbols * kSymbolBytes;
    measure("FEC encode, " + std::string(name), group_bytes, [&] {
        fec::encode_rows(fec::fast_kernel(), sources, kSymbolBytes, 0, std::span(out).first(count));
    });
    fec::encode_rows(fec::fast_kernel(), sources, kSymbolBytes, 0, out);
    std::vector<std::uint32_t> missing(count);
    for (std::size_t i = 0; i < count; ++i) {
        missing[i] = static_cast<std::uint32_t>(i * kGroupSymbols / count);
    }
    std::vector<fec::RepairRow> repair;
    for (std::size_t i = 0; i < out.size(); ++i) {
        repair.push_back({static_cast<std::uint32_t>(i), out[i]});
    }
    std::size_t short_of = 0;
    measure("FEC decode, " + std::string(name), group_bytes, [&] {
        short_of += fec::decode(fec::fast_kernel(), in, missing, repair, kSymbolBytes).missing_rank;
    });
    if (short_of != 0) std::fprintf(stderr, "cost: a group was not decoded\n");
}

int measure_write(Prng& prng, const std::string& folder) {
    const std::string path = folder + "/written";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return 1;
    const Bytes block = random_bytes(kBlockBytes, prng);
    constexpr std::size_t kBlocks = 1000;  // then over the same pages again
    std::size_t written = 0, at = 0;
    measure("write", kBlockBytes, [&] {
        written += ::pwrite(fd, block.data(), block.size(),
                            static_cast<off_t>((at++ % kBlocks) * kBlockBytes)) ==
                   static_cast<ssize_t>(block.size());
    });
    ::close(fd);
    ::unlink(path.c_str());
    return written == at ? 0 : 1;
}

// The one operation of the code, for as many rows and sources at once as callers hand over.
void measure_kernel(std::string_view stage, const fec::Kernel& kernel, Prng& prng) {
    const Bytes sources = random_bytes(fec::kStripSources * kSymbolBytes, prng);
    Bytes rows(fec::kStripRows * kSymbolBytes);
    std::vector<const std::byte*> from;
    std::vector<std::byte*> to;
    for (std::size_t i = 0; i < fec::kStripSources; ++i) {
        from.push_back(sources.data() + i * kSymbolBytes);
    }
    for (std::size_t i = 0; i < fec::kStripRows; ++i) to.push_back(rows.data() + i * kSymbolBytes);
    std::vector<std::uint8_t> coefficients(from.size() * to.size());
    for (auto& c : coefficients) c = static_cast<std::uint8_t>(prng.next());
    measure(stage, sources.size(),
            [&] { kernel.multiply_accumulate(coefficients, from, kSymbolBytes, to); });
}

int compute(const std::string& folder) {
    Prng prng(1);
    measure_aead(prng);
    measure_kernel("FEC kernel, ISA-L", fec::isal_kernel(), prng);
    if (const auto* gfni = fec::gfni_kernel()) measure_kernel("FEC kernel, GFNI", *gfni, prng);
    measure_fec(prng, 0.01, "1 % loss");
    measure_fec(prng, 0.05, "5 % loss");
    const Bytes block = random_bytes(kBlockBytes, prng);
    measure("hash", kBlockBytes, [&] { (void)crypto::sha256(block); });
    return measure_write(prng, folder);
}

int fail(const Error& error) {
    std::fprintf(stderr, "cost: %s\n", error.message().c_str());
    return 1;
}

int send(const std::string& interface_name) {
    auto interface = net::resolve_interface(interface_name);
    if (!interface.ok()) return fail(interface.error());
    auto group = net::Address::parse(kGroup);
    if (!group.ok()) return fail(group.error());
    auto socket = net::MulticastSender::open({.interface = *interface, .group = *group});
    if (!socket.ok()) return fail(socket.error());
    Prng prng(1);
    const Bytes datagram = random_bytes(kDatagramBytes, prng);
    const std::vector<ByteSpan> batch(kSendBatch, ByteSpan(datagram));
    const double from = thread_seconds();
    std::size_t sent = 0;
    while (sent * kSymbolBytes < kSendBytes) {
        const auto taken = socket->send_batch(batch);
        if (!taken.ok()) return fail(taken.error());
        sent += *taken;
    }
    report("send", thread_seconds() - from, static_cast<double>(sent * kSymbolBytes));
    return 0;
}

int receive(const std::string& interface_name) {
    auto interface = net::resolve_interface(interface_name);
    if (!interface.ok()) return fail(interface.error());
    auto group = net::Address::parse(kGroup);
    if (!group.ok()) return fail(group.error());
    auto socket = net::MulticastReceiver::open({.interface = *interface, .group = *group});
    if (!socket.ok()) return fail(socket.error());
    std::puts("listening");
    std::fflush(stdout);
    const double from = thread_seconds();
    std::size_t received = 0;
    while (true) {
        const auto datagrams = socket->receive(std::chrono::seconds(received == 0 ? 30 : 1));
        if (!datagrams.ok()) return fail(datagrams.error());
        if (datagrams->empty()) break;
        received += datagrams->size();
    }
    if (received == 0) return 1;
    report("receive", thread_seconds() - from, static_cast<double>(received * kSymbolBytes));
    return 0;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
    const std::string_view verb = argc == 3 ? argv[1] : "";
    if (verb == "compute") return muster::compute(argv[2]);
    if (verb == "send") return muster::send(argv[2]);
    if (verb == "receive") return muster::receive(argv[2]);
    std::fprintf(stderr, "cost: compute FOLDER, send INTERFACE or receive INTERFACE\n");
    return 2;
}
