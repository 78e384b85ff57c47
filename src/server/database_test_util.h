// SPDX-License-Identifier: GPL-3.0-or-later
//
// For tests only: an empty site database in a folder of its own, removed with the object.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <string>

#include "store/database.h"

namespace muster::server {

class ScratchDatabase {
public:
    ScratchDatabase() {
        std::string pattern = (std::filesystem::temp_directory_path() / "muster-XXXXXX").string();
        const char* made = ::mkdtemp(pattern.data());
        EXPECT_NE(made, nullptr);
        if (made != nullptr) folder_ = made;
        reopen();
    }
    ~ScratchDatabase() {
        database_.reset();
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    }
    ScratchDatabase(const ScratchDatabase&) = delete;

    // As another run of the program finds it.
    void reopen() {
        database_.reset();
        auto opened = store::SiteDatabase::open((folder_ / "site.db").string());
        EXPECT_TRUE(opened.ok()) << opened.error().message();
        if (opened.ok()) database_.emplace(std::move(*opened));
    }
    store::SiteDatabase& operator*() { return *database_; }
    store::SiteDatabase* operator->() { return &*database_; }

private:
    std::filesystem::path folder_;
    std::optional<store::SiteDatabase> database_;
};

}  // namespace muster::server
