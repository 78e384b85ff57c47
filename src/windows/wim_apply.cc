// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/wim_apply.h"

#include <unistd.h>
#include <wimlib.h>

#include "windows/wimlib_adapter.h"

namespace muster::windows {
namespace {

struct Context {
    const ApplyProgressCallback* callback;
    ApplyProgress now;
};

wimlib_progress_status on_message(wimlib_progress_msg message, wimlib_progress_info* info,
                                  void* raw) {
    auto& context = *static_cast<Context*>(raw);
    switch (message) {
        case WIMLIB_PROGRESS_MSG_EXTRACT_FILE_STRUCTURE:
            context.now.files_done = info->extract.current_file_count;
            context.now.files_total = info->extract.end_file_count;
            break;
        case WIMLIB_PROGRESS_MSG_EXTRACT_STREAMS:
            context.now.bytes_done = info->extract.completed_bytes;
            context.now.bytes_total = info->extract.total_bytes;
            break;
        default: break;
    }
    bool go_on = !*context.callback || (*context.callback)(context.now);
    return go_on ? WIMLIB_PROGRESS_STATUS_CONTINUE : WIMLIB_PROGRESS_STATUS_ABORT;
}

}  // namespace

Result<ApplyResult> apply_from_pipe(int pipe_fd, int index, const std::string& ntfs_device,
                                    const ApplyProgressCallback& progress) {
    if (auto started = start_wimlib(); !started.ok()) {
        ::close(pipe_fd);
        return started.error();
    }
    forget_wimlib_details();
    Context context{&progress, {}};
    // libwim closes the descriptor itself, also when it fails.
    int code = wimlib_extract_image_from_pipe_with_progress(
        pipe_fd, std::to_string(index).c_str(), ntfs_device.c_str(), WIMLIB_EXTRACT_FLAG_NTFS,
        on_message, &context);
    std::string what =
        "apply index " + std::to_string(index) + " to the NTFS volume " + ntfs_device;
    if (code == WIMLIB_ERR_ABORTED_BY_PROGRESS) return Error(Errc::cancelled, what + ": cancelled");
    if (code != 0) return wimlib_error(code, what);
    return ApplyResult{context.now.files_total, context.now.bytes_total};
}

}  // namespace muster::windows
