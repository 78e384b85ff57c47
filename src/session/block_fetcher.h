// SPDX-License-Identifier: GPL-3.0-or-later
//
// Takes runs of blocks from the server by HTTPS ranges, one after the other over one connection, on
// a thread of its own. What a broken connection left of a run in whole blocks is given on; of the
// manifest, which is worth nothing in parts, the beginning is kept for the next attempt.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mcast/fetch_plan.h"
#include "net/https_client.h"
#include "session/worker.h"

namespace muster::session {

struct FetchResult {
    mcast::BlockRun run;
    std::vector<Bytes> blocks;  // whole ones from the run's beginning, as the server sent them
    Status status;              // why they are not all
    Duration retry_after{};     // as the server said it
};

class BlockFetcher {
public:
    // `answer` is called on the fetcher's thread, once for every fetch().
    BlockFetcher(const net::HttpsClientOptions& server, std::string path,
                 const mcast::Layout& layout, std::function<void(FetchResult)> answer);
    // Gives up what is under way.
    ~BlockFetcher();

    void fetch(mcast::BlockRun run);

private:
    FetchResult take(mcast::BlockRun run);

    const std::string path_;
    const mcast::Layout layout_;
    const std::function<void(FetchResult)> answer_;
    net::HttpsClient client_;
    Bytes manifest_;  // what there is of it
    Worker worker_{"fetch"};
};

}  // namespace muster::session
