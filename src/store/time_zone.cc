// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/time_zone.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "site/ascii.h"
#include "site/names.h"
#include "store/files.h"
#include "store/posix_zone.h"

namespace muster::store {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;
using Transition = site::TimeZone::Transition;

// Files begin with a "transition" at the big bang; all that was before 1900 is one offset here.
constexpr sys_seconds kEarliest = std::chrono::sys_days(std::chrono::year(1900) / 1 / 1);
constexpr sys_seconds kLatest = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
constexpr std::int32_t kMaxOffsetSeconds = 26 * 3600;

struct Counts {
    std::uint8_t version = 0;
    std::size_t ut_indicators = 0, standard_indicators = 0, leap_seconds = 0, transitions = 0,
                types = 0, name_bytes = 0;

    std::size_t data_bytes(std::size_t time_bytes) const {
        constexpr std::size_t kTypeBytes = 6;
        return transitions * (time_bytes + 1) + types * kTypeBytes + name_bytes +
               leap_seconds * (time_bytes + 4) + standard_indicators + ut_indicators;
    }
};

bool read_counts(ByteReader& in, Counts& counts) {
    constexpr std::size_t kReserved = 15;
    const bool ours = as_text(in.bytes(4)) == "TZif";
    counts.version = in.u8();
    in.bytes(kReserved);
    for (auto* count : {&counts.ut_indicators, &counts.standard_indicators, &counts.leap_seconds,
                        &counts.transitions, &counts.types, &counts.name_bytes}) {
        *count = in.u32();
    }
    return ours && !in.failed();
}

// The 64-bit block of data; false: it contradicts itself.
bool read_transitions(ByteSpan data, const Counts& counts, site::TimeZone& zone) {
    ByteReader times(data.first(counts.transitions * 8));
    ByteReader indices(data.subspan(counts.transitions * 8, counts.transitions));
    ByteReader types(data.subspan(counts.transitions * 9));
    std::vector<seconds> offsets;
    for (std::size_t i = 0; i < counts.types; ++i) {
        const auto offset = static_cast<std::int32_t>(types.u32());
        types.bytes(2);
        if (offset < -kMaxOffsetSeconds || offset > kMaxOffsetSeconds) return false;
        offsets.emplace_back(offset);
    }
    if (offsets.empty()) return false;
    zone.first_offset = offsets.front();
    std::int64_t before = std::numeric_limits<std::int64_t>::min();
    for (std::size_t i = 0; i < counts.transitions; ++i) {
        const auto at = static_cast<std::int64_t>(times.u64());
        const std::size_t type = indices.u8();
        if (type >= offsets.size() || (i > 0 && at <= before)) return false;
        before = at;
        const sys_seconds when{seconds(at)};
        if (when < kEarliest) {
            zone.first_offset = offsets[type];
        } else if (when <= kLatest) {
            zone.transitions.push_back({when, offsets[type]});
        }
    }
    return true;
}

bool is_zone_name(std::string_view name) {
    const auto fits = [](char c) {
        return site::is_letter(c) || site::is_digit(c) || c == '/' || c == '_' || c == '-' ||
               c == '+';
    };
    return !name.empty() && name.front() != '/' && std::ranges::all_of(name, fits);
}

}  // namespace

Result<site::TimeZone> parse_zone_file(ByteSpan file, std::string_view name) {
    const std::string named = "time zone " + site::printable(name);
    const auto corrupt = [&](std::string_view why) {
        return Error(Errc::corrupt, named + ": " + std::string(why));
    };
    ByteReader in(file);
    Counts counts;
    if (!read_counts(in, counts)) return corrupt("not a zone file");
    if (counts.version < '2') return corrupt("a zone file of version 1, expected 2 or later");
    in.bytes(counts.data_bytes(4));
    if (!read_counts(in, counts)) return corrupt("cut short");
    const ByteSpan data = in.bytes(counts.data_bytes(8));
    if (in.failed()) return corrupt("cut short");
    site::TimeZone zone;
    zone.name = std::string(name);
    if (!read_transitions(data, counts, zone)) return corrupt("its table contradicts itself");
    const auto footer = as_text(in.rest());
    if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') {
        return corrupt("cut short");
    }
    TRY(extend_by_rule(zone, footer.substr(1, footer.size() - 2), kLastZoneYear).context(named));
    return zone;
}

Result<site::TimeZone> load_time_zone(std::string_view name, const std::filesystem::path& folder) {
    if (name == "UTC") return site::TimeZone{};
    const auto unknown = [&] {
        return Error(Errc::not_found, "no time zone '" + site::printable(name) + "' in " +
                                          folder.string() +
                                          " (names are like Europe/Berlin, from package tzdata)");
    };
    if (!is_zone_name(name)) return unknown();
    const auto path = folder / name;
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure)) return unknown();
    const std::string file = TRY(read_text_file(path));
    return parse_zone_file(as_bytes(file), name);
}

}  // namespace muster::store
