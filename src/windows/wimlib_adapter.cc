// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/wimlib_adapter.h"

#include <libxml/xmlerror.h>
#include <wimlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace muster::windows {
namespace {

constexpr std::size_t kKeptDetailBytes = 4096;
thread_local std::string details;

ssize_t keep_details(void*, const char* text, std::size_t count) {
    if (details.size() < kKeptDetailBytes) details.append(text, count);
    return static_cast<ssize_t>(count);
}

// The first error line: later ones only add that the caller failed too.
std::string first_error_line() {
    static constexpr std::string_view kTag = "[ERROR] ";
    std::size_t start = details.find(kTag);
    if (start == std::string::npos) return {};
    start += kTag.size();
    std::string line = details.substr(start, details.find('\n', start) - start);
    return line;
}

Errc code_of(int code) {
    switch (code) {
        case WIMLIB_ERR_OPEN:
        case WIMLIB_ERR_READ:
        case WIMLIB_ERR_WRITE:
        case WIMLIB_ERR_NTFS_3G: return Errc::io;
        case WIMLIB_ERR_ABORTED_BY_PROGRESS: return Errc::cancelled;
        case WIMLIB_ERR_INVALID_IMAGE:
        case WIMLIB_ERR_NOT_A_WIM_FILE:
        case WIMLIB_ERR_IS_SPLIT_WIM:
        case WIMLIB_ERR_NOT_PIPABLE:
        case WIMLIB_ERR_UNKNOWN_VERSION:
        case WIMLIB_ERR_WIM_IS_ENCRYPTED:
        case WIMLIB_ERR_UNSUPPORTED: return Errc::invalid_argument;
        case WIMLIB_ERR_NOMEM: return Errc::no_space;
        case WIMLIB_ERR_DECOMPRESSION:
        case WIMLIB_ERR_IMAGE_COUNT:
        case WIMLIB_ERR_INTEGRITY:
        case WIMLIB_ERR_INVALID_CHUNK_SIZE:
        case WIMLIB_ERR_INVALID_COMPRESSION_TYPE:
        case WIMLIB_ERR_INVALID_HEADER:
        case WIMLIB_ERR_INVALID_INTEGRITY_TABLE:
        case WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY:
        case WIMLIB_ERR_INVALID_METADATA_RESOURCE:
        case WIMLIB_ERR_INVALID_PART_NUMBER:
        case WIMLIB_ERR_INVALID_PIPABLE_WIM:
        case WIMLIB_ERR_INVALID_RESOURCE_HASH:
        case WIMLIB_ERR_METADATA_NOT_FOUND:
        case WIMLIB_ERR_RESOURCE_NOT_FOUND:
        case WIMLIB_ERR_UNEXPECTED_END_OF_FILE:
        case WIMLIB_ERR_WIM_IS_INCOMPLETE:
        case WIMLIB_ERR_XML: return Errc::corrupt;
        default: return Errc::internal;
    }
}

// libwim parses a WIM's XML with libxml2, which would tell standard error about damage in it.
void keep_silent(void*, const char*, ...) {}

int start() {
    cookie_io_functions_t functions{};
    functions.write = keep_details;
    if (FILE* sink = ::fopencookie(nullptr, "w", functions)) {
        // Unbuffered, so that every line reaches the thread that printed it.
        ::setvbuf(sink, nullptr, _IONBF, 0);
        wimlib_set_error_file(sink);
        wimlib_set_print_errors(true);
    }
    // NTFS can hold names that differ only in case, and images use that.
    return wimlib_global_init(WIMLIB_INIT_FLAG_DEFAULT_CASE_SENSITIVE);
}

}  // namespace

void WimFree::operator()(WIMStruct* wim) const { wimlib_free(wim); }

Status start_wimlib() {
    static std::once_flag once;
    static int code = 0;
    std::call_once(once, [] { code = start(); });
    if (code != 0) return wimlib_error(code, "start libwim");
    return {};
}

Error wimlib_error(int code, const std::string& what) {
    std::string words = wimlib_get_error_string(static_cast<wimlib_error_code>(code));
    while (!words.empty() && (words.back() == '.' || words.back() == '\n')) words.pop_back();
    for (char& c : words) {
        if (c == '\n') c = ' ';
    }
    std::string line = first_error_line();
    // A full disk has no code of its own in libwim; the operating system's words are in the line.
    const bool full = line.find(std::strerror(ENOSPC)) != std::string::npos;
    const Errc kind = full ? Errc::no_space : code_of(code);
    return {kind, what + ": " + words + (line.empty() ? "" : " (" + line + ")") +
                      (kind == Errc::corrupt ? "; it is damaged, copy or capture it again" : "")};
}

void forget_wimlib_details() {
    details.clear();
    xmlSetGenericErrorFunc(nullptr, keep_silent);  // libxml2 keeps this per thread
}

Result<WimHandle> open_wim(const std::string& path) {
    TRY(start_wimlib());
    forget_wimlib_details();
    WIMStruct* raw = nullptr;
    int code = wimlib_open_wim(path.c_str(), 0, &raw);
    if (code != 0) return wimlib_error(code, path);
    return WimHandle(raw);
}

}  // namespace muster::windows
