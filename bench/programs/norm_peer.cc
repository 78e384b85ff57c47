// SPDX-License-Identifier: GPL-3.0-or-later
//
// NORM (RFC 5740) as a peer of the bench: one file to a known number of receivers, as fast as
// libnorm can with settings a careful operator would choose.
//
//     muster_bench_norm send INTERFACE BITS_PER_SECOND FILE RECEIVERS
//     muster_bench_norm receive INTERFACE NODE OUTPUT
//
// Node numbers are 1 for the sender and 2 and up for receivers. The sender ends when every receiver
// has acknowledged the end of the file; a receiver prints `complete` when it has the file and runs
// until it is killed, because its acknowledgement may be asked for again.
//
// Settings: a fixed rate (its congestion control stays far below the link), 64 source and up to 32
// parity symbols per block (its own default is 8 parity; 32 covers 5 % loss at 16 receivers without
// repeats), GRTT started at the network's and not at 0.5 s, socket buffers as large as the kernel
// grants, unicast NACKs so that they are not lost with the data.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <normApi.h>

namespace {

constexpr char kGroup[] = "239.192.77.1";
constexpr UINT16 kPort = 6003;
constexpr UINT16 kSymbolBytes = 1400;
constexpr UINT16 kSourceSymbols = 64;
constexpr UINT16 kParitySymbols = 32;
constexpr UINT32 kBufferBytes = 64u << 20;
constexpr unsigned kSocketBufferBytes = 4u << 20;
constexpr double kRoundTripSeconds = 0.005;
constexpr NormNodeId kSenderNode = 1;

int fail(std::string_view what) {
    std::fprintf(stderr, "norm: %.*s\n", static_cast<int>(what.size()), what.data());
    return 1;
}

NormSessionHandle open_session(NormInstanceHandle instance, const char* interface,
                               NormNodeId node) {
    const auto session = NormCreateSession(instance, kGroup, kPort, node);
    if (session == NORM_SESSION_INVALID) return session;
    NormSetMulticastInterface(session, interface);
    NormSetTTL(session, 1);
    return session;
}

int send(const char* interface, double rate, const char* file, unsigned receivers) {
    const auto instance = NormCreateInstance();
    const auto session = open_session(instance, interface, kSenderNode);
    if (session == NORM_SESSION_INVALID) return fail("no session");
    NormSetTxRate(session, rate);
    NormSetCongestionControl(session, false);
    NormSetGrttEstimate(session, kRoundTripSeconds);
    NormSetGroupSize(session, receivers);
    NormSetTxCacheBounds(session, 1 << 30, 1, 16);
    if (!NormStartSender(session, 1, kBufferBytes, kSymbolBytes, kSourceSymbols, kParitySymbols)) {
        return fail("cannot start the sender");
    }
    NormSetTxSocketBuffer(session, kSocketBufferBytes);
    for (unsigned i = 0; i < receivers; ++i) NormAddAckingNode(session, kSenderNode + 1 + i);
    const auto object = NormFileEnqueue(session, file);
    if (object == NORM_OBJECT_INVALID) return fail("cannot read the file");
    NormSetWatermark(session, object);
    NormEvent event;
    while (NormGetNextEvent(instance, &event)) {
        if (event.type != NORM_TX_WATERMARK_COMPLETED) continue;
        if (NormGetAckingStatus(session) == NORM_ACK_SUCCESS) {
            NormDestroyInstance(instance);
            return 0;
        }
        NormResetWatermark(session);  // somebody has not answered yet: ask again
    }
    return fail("no more events");
}

int receive(const char* interface, NormNodeId node, const std::string& output) {
    const auto instance = NormCreateInstance();
    const auto session = open_session(instance, interface, node);
    if (session == NORM_SESSION_INVALID) return fail("no session");
    const auto folder = output.substr(0, output.rfind('/') + 1);
    if (!NormSetCacheDirectory(instance, folder.c_str())) return fail("cannot use " + folder);
    NormSetDefaultUnicastNack(session, true);
    NormSetDefaultSyncPolicy(session, NORM_SYNC_ALL);
    if (!NormStartReceiver(session, kBufferBytes)) return fail("cannot start the receiver");
    NormSetRxSocketBuffer(session, kSocketBufferBytes);
    std::puts("listening");
    std::fflush(stdout);
    NormEvent event;
    while (NormGetNextEvent(instance, &event)) {
        if (event.type == NORM_RX_OBJECT_ABORTED) return fail("the transfer was aborted");
        if (event.type != NORM_RX_OBJECT_COMPLETED) continue;
        if (!NormFileRename(event.object, output.c_str())) return fail("cannot make " + output);
        std::puts("complete");
        std::fflush(stdout);
    }
    return fail("no more events");
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (verb == "send" && argc == 6) {
        return send(argv[2], std::strtod(argv[3], nullptr), argv[4],
                    static_cast<unsigned>(std::strtoul(argv[5], nullptr, 10)));
    }
    if (verb == "receive" && argc == 5) {
        return receive(argv[2], static_cast<NormNodeId>(std::strtoul(argv[3], nullptr, 10)),
                       argv[4]);
    }
    return fail("send INTERFACE BITS_PER_SECOND FILE RECEIVERS, or receive INTERFACE NODE OUTPUT");
}
