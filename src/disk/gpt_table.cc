// SPDX-License-Identifier: GPL-3.0-or-later
//
// libfdisk counts partitions from 0 and sizes in sectors; both stay in this file. Its own
// "re-read the table" is never called: it needs partition scanning, which loop devices lack.
#include "disk/gpt_table.h"

#include <libfdisk/libfdisk.h>

#include <algorithm>
#include <memory>

namespace muster::disk {
namespace {

struct Unref {
    void operator()(fdisk_context* context) const { fdisk_unref_context(context); }
    void operator()(fdisk_partition* partition) const { fdisk_unref_partition(partition); }
    void operator()(fdisk_parttype* type) const { fdisk_unref_parttype(type); }
    void operator()(fdisk_table* table) const { fdisk_unref_table(table); }
};
using Context = std::unique_ptr<fdisk_context, Unref>;
using FdiskPartition = std::unique_ptr<fdisk_partition, Unref>;
using FdiskType = std::unique_ptr<fdisk_parttype, Unref>;
using FdiskTable = std::unique_ptr<fdisk_table, Unref>;

Error fdisk_error(int code, const std::string& path, const std::string& what) {
    return error_from_errno(code < 0 ? -code : code, path + ": " + what);
}

Result<Context> open_context(int fd, const std::string& path, bool read_only) {
    Context context(fdisk_new_context());
    if (!context) return Error(Errc::internal, path + ": libfdisk has no memory");
    fdisk_disable_dialogs(context.get(), 1);
    int code = fdisk_assign_device_by_fd(context.get(), fd, path.c_str(), read_only ? 1 : 0);
    if (code != 0) return fdisk_error(code, path, "read the partition table");
    return context;
}

Status add_partition(fdisk_context* context, const std::string& path,
                     const PlannedPartition& planned) {
    std::uint64_t sector = fdisk_get_sector_size(context);
    FdiskPartition partition(fdisk_new_partition());
    FdiskType type(fdisk_label_get_parttype_from_string(
        fdisk_get_label(context, "gpt"), std::string(type_guid(planned.role)).c_str()));
    if (!partition || !type) return Error(Errc::internal, path + ": libfdisk has no memory");
    auto number = static_cast<std::size_t>(planned.number);
    fdisk_partition_set_partno(partition.get(), number - 1);
    fdisk_partition_set_start(partition.get(), planned.start_bytes / sector);
    fdisk_partition_set_size(partition.get(), planned.size_bytes / sector);
    fdisk_partition_size_explicit(partition.get(), 1);
    fdisk_partition_set_type(partition.get(), type.get());
    fdisk_partition_set_name(partition.get(), std::string(partition_name(planned.role)).c_str());
    int code = fdisk_add_partition(context, partition.get(), nullptr);
    if (code != 0) {
        return fdisk_error(code, path, "add partition " + std::to_string(planned.number));
    }
    return {};
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

GptPartition describe(fdisk_context* context, fdisk_partition* partition) {
    std::uint64_t sector = fdisk_get_sector_size(context);
    GptPartition out;
    out.number = static_cast<int>(fdisk_partition_get_partno(partition)) + 1;
    out.guid = text_or_empty(fdisk_partition_get_uuid(partition));
    out.name = text_or_empty(fdisk_partition_get_name(partition));
    if (auto* type = fdisk_partition_get_type(partition)) {
        out.type_guid = text_or_empty(fdisk_parttype_get_string(type));
    }
    out.start_bytes = fdisk_partition_get_start(partition) * sector;
    out.size_bytes = fdisk_partition_get_size(partition) * sector;
    return out;
}

}  // namespace

Status write_gpt(int fd, const std::string& path, const std::vector<PlannedPartition>& plan) {
    auto context = TRY(open_context(fd, path, false));
    fdisk_enable_wipe(context.get(), 1);
    int code = fdisk_create_disklabel(context.get(), "gpt");
    if (code != 0) return fdisk_error(code, path, "prepare a GPT");
    for (const auto& planned : plan) TRY(add_partition(context.get(), path, planned));
    code = fdisk_write_disklabel(context.get());
    if (code != 0) return fdisk_error(code, path, "write the partition table");
    return {};
}

Result<GptTable> read_gpt(int fd, const std::string& path) {
    auto context = TRY(open_context(fd, path, true));
    if (!fdisk_is_labeltype(context.get(), FDISK_DISKLABEL_GPT)) {
        return Error(Errc::not_found, path + " has no GPT partition table");
    }
    GptTable result;
    result.sector_bytes = fdisk_get_sector_size(context.get());
    char* id = nullptr;
    if (fdisk_get_disklabel_id(context.get(), &id) == 0 && id != nullptr) result.disk_guid = id;
    std::free(id);
    fdisk_table* raw = nullptr;
    int code = fdisk_get_partitions(context.get(), &raw);
    FdiskTable table(raw);
    if (code != 0) return fdisk_error(code, path, "list the partitions");
    for (std::size_t i = 0; i < fdisk_table_get_nents(table.get()); ++i) {
        result.partitions.push_back(
            describe(context.get(), fdisk_table_get_partition(table.get(), i)));
    }
    std::sort(result.partitions.begin(), result.partitions.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    return result;
}

Status change_gpt(int fd, const std::string& path, int removed, int grown,
                  std::uint64_t size_bytes) {
    auto context = TRY(open_context(fd, path, false));
    if (removed > 0) {
        int code = fdisk_delete_partition(context.get(), static_cast<std::size_t>(removed) - 1);
        if (code != 0) {
            return fdisk_error(code, path, "delete partition " + std::to_string(removed));
        }
    }
    FdiskPartition change(fdisk_new_partition());
    if (!change) return Error(Errc::internal, path + ": libfdisk has no memory");
    fdisk_partition_set_size(change.get(), size_bytes / fdisk_get_sector_size(context.get()));
    fdisk_partition_size_explicit(change.get(), 1);
    int code =
        fdisk_set_partition(context.get(), static_cast<std::size_t>(grown) - 1, change.get());
    if (code != 0) return fdisk_error(code, path, "enlarge partition " + std::to_string(grown));
    code = fdisk_write_disklabel(context.get());
    if (code != 0) return fdisk_error(code, path, "write the partition table");
    return {};
}

}  // namespace muster::disk
