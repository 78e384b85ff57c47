// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/check.h"
#include "fec/gf256.h"
#include "fec/kernel.h"

namespace muster::fec {
namespace {

class ScalarKernel final : public Kernel {
public:
    void multiply_accumulate(std::span<const std::uint8_t> coefficients,
                             std::span<const std::byte* const> sources, std::size_t bytes,
                             std::span<std::byte* const> outs) const override {
        CHECK(coefficients.size() == sources.size() * outs.size());
        for (std::size_t r = 0; r < outs.size(); ++r) {
            for (std::size_t j = 0; j < sources.size(); ++j) {
                const auto coefficient = coefficients[r * sources.size() + j];
                for (std::size_t b = 0; b < bytes; ++b) {
                    outs[r][b] ^= static_cast<std::byte>(
                        gf256::multiply(coefficient, static_cast<std::uint8_t>(sources[j][b])));
                }
            }
        }
    }
};

}  // namespace

const Kernel& scalar_kernel() {
    static const ScalarKernel kernel;
    return kernel;
}

}  // namespace muster::fec
