// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/content_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fec/decoder.h"
#include "session/block_cache.h"
#include "session/row_encoder.h"

namespace muster::session {
namespace {

class ContentSourceTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name =
            (std::filesystem::temp_directory_path() / "muster-source-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = (folder_ / "image").string();
        for (int i = 0; i < 200'000; ++i) bytes_ += static_cast<char>(i * 31 + i / 256);
        std::ofstream(path_, std::ios::binary) << bytes_;
        content::ManifestBuilder builder(content::kBlockBytes);
        builder.add(as_bytes(bytes_));
        manifest_ = std::make_unique<content::Manifest>(*builder.finish());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    Result<std::shared_ptr<ContentSource>> open() {
        return ContentSource::open(path_, *manifest_, layout_for(manifest_->descriptor()));
    }

    std::filesystem::path folder_;
    std::string path_;
    std::string bytes_;
    std::unique_ptr<content::Manifest> manifest_;
};

TEST_F(ContentSourceTest, GivesTheManifestFirstAndPadsTheLastBlockWithZeros) {
    auto source = open();
    ASSERT_TRUE(source.ok());
    const auto& layout = (*source)->layout();
    ASSERT_EQ(layout.manifest_blocks(), 1u);
    Bytes first(layout.symbols_in_block(mcast::BlockIndex(0)) * layout.symbol_bytes());
    ASSERT_TRUE((*source)->read(mcast::BlockIndex(0), first).ok());
    const Bytes encoded = manifest_->encode();
    EXPECT_TRUE(std::equal(encoded.begin(), encoded.end(), first.begin()));
    const mcast::BlockIndex last(layout.block_count() - 1);
    Bytes end(layout.symbols_in_block(last) * layout.symbol_bytes(), std::byte{0xff});
    ASSERT_TRUE((*source)->read(last, end).ok());
    const std::size_t length = layout.block_length_bytes(last);
    EXPECT_EQ(as_text(ByteSpan(end).first(length)), std::string_view(bytes_).substr(180'224));
    for (std::size_t i = length; i < end.size(); ++i) EXPECT_EQ(end[i], std::byte{0});
}

TEST_F(ContentSourceTest, RefusesAFileOfAnotherSize) {
    std::ofstream(path_, std::ios::binary | std::ios::app) << "more";
    auto source = open();
    ASSERT_FALSE(source.ok());
    EXPECT_EQ(source.error().code(), Errc::corrupt);
}

TEST_F(ContentSourceTest, SymbolsOfInterleavedBlocksAreThoseOfTheFile) {
    auto source = open();
    ASSERT_TRUE(source.ok());
    const auto& layout = (*source)->layout();
    BlockCache cache(*source);
    Bytes block(layout.options().block_bytes);
    for (std::uint32_t s = 0; s < layout.symbols_per_block(); ++s) {
        for (mcast::BlockIndex b(0); b.value < layout.block_count(); ++b) {
            if (s >= layout.symbols_in_block(b)) continue;
            const auto symbol = cache.symbol(layout, layout.wire_symbol(b, s));
            ASSERT_TRUE(symbol.ok());
            const std::size_t bytes =
                std::size_t{layout.symbols_in_block(b)} * layout.symbol_bytes();
            ASSERT_TRUE((*source)->read(b, MutableByteSpan(block).first(bytes)).ok());
            const auto expected = ByteSpan(block).subspan(std::size_t{s} * layout.symbol_bytes(),
                                                          layout.symbol_bytes());
            ASSERT_TRUE(
                std::equal(symbol->begin(), symbol->end(), expected.begin(), expected.end()))
                << "block " << b.value << " symbol " << s;
        }
    }
}

TEST_F(ContentSourceTest, RowsRestoreLostSymbols) {
    auto source = open();
    ASSERT_TRUE(source.ok());
    const auto& layout = (*source)->layout();
    const mcast::GroupId group =
        layout.group_of(mcast::BlockIndex(layout.block_count() - 1), layout.longest_group_log2());
    const std::size_t symbol_bytes = layout.symbol_bytes();
    Bytes original(layout.symbols_in_group(group) * symbol_bytes);
    for (auto b = layout.first_block(group); b < layout.end_block(group); ++b) {
        ASSERT_TRUE((*source)
                        ->read(b, MutableByteSpan(original).subspan(
                                      layout.first_symbol_in_group(group, b) * symbol_bytes,
                                      layout.symbols_in_block(b) * symbol_bytes))
                        .ok());
    }
    RowEncoder encoder(*source);
    auto rows = encoder.rows(layout, group, 40, 5);
    ASSERT_TRUE(rows.ok());
    Bytes damaged = original;
    const std::uint32_t missing[] = {0, 17, 90};
    std::vector<std::byte*> symbols;
    for (std::size_t at = 0; at < damaged.size(); at += symbol_bytes) {
        symbols.push_back(damaged.data() + at);
    }
    for (auto m : missing) std::fill_n(symbols[m], symbol_bytes, std::byte{0});
    std::vector<fec::RepairRow> repair;
    for (std::uint32_t i = 0; i < rows->size(); ++i) repair.push_back({40 + i, (*rows)[i].data()});
    EXPECT_EQ(fec::decode(fec::fast_kernel(), symbols, missing, repair, symbol_bytes).missing_rank,
              0u);
    EXPECT_EQ(damaged, original);
}

}  // namespace
}  // namespace muster::session
