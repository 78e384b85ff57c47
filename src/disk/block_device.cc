// SPDX-License-Identifier: GPL-3.0-or-later
//
// A disk is "used" by its device number: a mount, a swap area or a holder of the disk, of one of
// its partitions, or of something that lies on them, all count. Paths are not compared: a disk has
// many names.
#include "disk/block_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

namespace muster::disk {
namespace {

namespace fs = std::filesystem;

const fs::path kClassBlock = "/sys/class/block";

std::string read_line(const fs::path& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\n')) line.pop_back();
    return line;
}

std::uint64_t read_number(const fs::path& path) {
    std::string line = read_line(path);
    std::uint64_t value = 0;
    std::from_chars(line.data(), line.data() + line.size(), value);
    return value;
}

std::vector<fs::path> entries_of(const fs::path& directory) {
    std::vector<fs::path> entries;
    std::error_code ignored;
    for (fs::directory_iterator it(directory, ignored), end; !ignored && it != end;
         it.increment(ignored)) {
        entries.push_back(it->path());
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool has_prefix(const std::string& text, std::initializer_list<const char*> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const char* prefix) { return text.rfind(prefix, 0) == 0; });
}

DiskInfo info_from_sysfs(const std::string& name) {
    fs::path directory = kClassBlock / name;
    DiskInfo info;
    info.path = "/dev/" + name;
    // Slashes in a device name ("cciss/c0d0") are exclamation marks in sysfs.
    std::replace(info.path.begin(), info.path.end(), '!', '/');
    info.size_bytes = read_number(directory / "size") * 512;
    info.logical_sector_bytes = read_number(directory / "queue/logical_block_size");
    info.model = read_line(directory / "device/model");
    info.serial = read_line(directory / "device/serial");
    if (info.serial.empty()) info.serial = read_line(directory / "serial");
    info.read_only = read_number(directory / "ro") != 0;
    info.removable = read_number(directory / "removable") != 0;
    std::error_code ignored;
    fs::path real = fs::canonical(directory, ignored);
    info.is_virtual = real.string().rfind("/sys/devices/virtual/", 0) == 0;
    return info;
}

// The device numbers ("8:1") of a disk, its partitions and all that lies on them, each with the
// name the kernel has for it.
void collect_users(const std::string& name, std::vector<std::pair<std::string, std::string>>& out) {
    std::string number = read_line(kClassBlock / name / "dev");
    if (number.empty()) return;
    for (const auto& known : out) {
        if (known.first == number) return;
    }
    out.emplace_back(number, name);
    for (const auto& part : kernel_partitions(name)) collect_users(part.name, out);
    for (const auto& holder : entries_of(kClassBlock / name / "holders")) {
        collect_users(holder.filename(), out);
    }
}

std::string device_number(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISBLK(status.st_mode)) return {};
    return std::to_string(major(status.st_rdev)) + ":" + std::to_string(minor(status.st_rdev));
}

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescape(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                     (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

struct Mount {
    std::string number;  // of the file system; anonymous for btrfs and the like
    std::string source_number;
    std::string point;
};

// Our own mounts and those of the first process, which differ when we live in a namespace.
std::vector<Mount> mounts() {
    std::vector<Mount> found;
    for (const char* table : {"/proc/self/mountinfo", "/proc/1/mountinfo"}) {
        std::ifstream in(table);
        std::string line;
        while (std::getline(in, line)) {
            std::istringstream words(line);
            std::string skip, number, root, point, word, type, source;
            words >> skip >> skip >> number >> root >> point;
            while (words >> word && word != "-") {
            }
            words >> type >> source;
            found.push_back({number, device_number(unescape(source)), unescape(point)});
        }
    }
    return found;
}

bool is_system_mount(const std::string& point) {
    static const std::set<std::string> kPoints = {"/",    "/boot", "/boot/efi", "/efi", "/usr",
                                                  "/var", "/etc",  "/home",     "/opt", "/srv"};
    return kPoints.count(point) != 0;
}

using Users = std::vector<std::pair<std::string, std::string>>;

const std::string* find_user(const Users& users, const std::string& number) {
    for (const auto& user : users) {
        if (user.first == number && !number.empty()) return &user.second;
    }
    return nullptr;
}

Status check_mounts(const std::string& path, const Users& users) {
    std::optional<Error> busy;
    for (const auto& mount : mounts()) {
        const std::string* name = find_user(users, mount.number);
        if (name == nullptr) name = find_user(users, mount.source_number);
        if (name == nullptr) continue;
        if (is_system_mount(mount.point)) {
            return Error(Errc::permission_denied,
                         path + " is the disk this system runs from (/dev/" + *name +
                             " is mounted on " + mount.point + "): choose another disk");
        }
        if (!busy) {
            busy = Error(Errc::busy, path + " is in use: /dev/" + *name + " is mounted on " +
                                         mount.point + "; unmount it or choose another disk");
        }
    }
    if (busy) return *busy;
    return {};
}

Status check_swap(const std::string& path, const Users& users) {
    std::ifstream in("/proc/swaps");
    std::string line;
    std::getline(in, line);  // the headings
    while (std::getline(in, line)) {
        std::string area = unescape(line.substr(0, line.find_first_of(" \t")));
        if (const std::string* name = find_user(users, device_number(area))) {
            return Error(Errc::busy, path + " is in use: /dev/" + *name +
                                         " is swap space; swapoff it or choose another disk");
        }
    }
    return {};
}

Status check_holders(const std::string& path, const std::string& disk) {
    std::vector<std::string> names = {disk};
    for (const auto& part : kernel_partitions(disk)) names.push_back(part.name);
    for (const auto& name : names) {
        for (const auto& holder : entries_of(kClassBlock / name / "holders")) {
            return Error(Errc::busy, path + " is in use: /dev/" + name + " is part of " +
                                         holder.filename().string() +
                                         " (LVM, RAID or encryption); take that apart first or "
                                         "choose another disk");
        }
    }
    return {};
}

}  // namespace

std::vector<KernelPartition> kernel_partitions(const std::string& name) {
    std::vector<KernelPartition> found;
    std::error_code ignored;
    fs::path directory = fs::canonical(kClassBlock / name, ignored);
    if (ignored) return found;
    for (const auto& entry : entries_of(directory)) {
        if (!is_there(entry / "partition")) continue;
        found.push_back({entry.filename(), static_cast<int>(read_number(entry / "partition")),
                         read_number(entry / "start") * 512, read_number(entry / "size") * 512});
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    return found;
}

Result<std::string> kernel_name(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno != ENOENT) return error_from_errno(errno, path);
        return Error(Errc::not_found, path + ": no such disk (lsblk shows those that are there)");
    }
    if (!S_ISBLK(status.st_mode)) {
        return Error(Errc::invalid_argument,
                     path + " is not a block device: name a disk, for example /dev/sda");
    }
    std::error_code failed;
    fs::path real = fs::canonical("/sys/dev/block/" + std::to_string(major(status.st_rdev)) + ":" +
                                      std::to_string(minor(status.st_rdev)),
                                  failed);
    if (failed) {
        return Error(Errc::io, path + ": the kernel does not list it in /sys/dev/block");
    }
    if (is_there(real / "partition")) {
        return Error(Errc::invalid_argument, path + " is a partition: name the whole disk, /dev/" +
                                                 real.parent_path().filename().string());
    }
    return real.filename().string();
}

Result<DiskInfo> disk_info(const std::string& path) {
    DiskInfo info = info_from_sysfs(TRY(kernel_name(path)));
    info.path = path;
    return info;
}

Result<std::vector<DiskInfo>> list_disks() {
    std::vector<DiskInfo> disks;
    for (const auto& entry : entries_of("/sys/block")) {
        std::string name = entry.filename();
        if (has_prefix(name, {"ram", "zram", "dm-", "md", "sr", "fd", "nbd"})) continue;
        if (name.rfind("mmcblk", 0) == 0 && name.find("boot") != std::string::npos) continue;
        DiskInfo info = info_from_sysfs(name);
        if (info.size_bytes > 0) disks.push_back(std::move(info));
    }
    return disks;
}

Status check_may_erase(const std::string& path, std::uint64_t least_bytes) {
    std::string name = TRY(kernel_name(path));
    Users users;
    collect_users(name, users);
    TRY(check_mounts(path, users));
    TRY(check_swap(path, users));
    TRY(check_holders(path, name));
    DiskInfo info = info_from_sysfs(name);
    if (info.size_bytes == 0) {
        return Error(Errc::no_space, path + " has no size: there is no medium in it");
    }
    if (info.size_bytes < least_bytes) {
        return Error(Errc::no_space, path + " is too small: it has " +
                                         std::to_string(info.size_bytes) + " bytes, needed are " +
                                         std::to_string(least_bytes));
    }
    if (info.read_only) {
        return Error(Errc::permission_denied,
                     path + " is read-only: remove its write protection or choose another disk");
    }
    TRY(open_exclusive(path));
    return {};
}

Result<UniqueFd> open_exclusive(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    if (fd.valid()) return fd;
    if (errno == EBUSY) {
        return Error(Errc::busy, path +
                                     " is in use by another program (the kernel does not give it "
                                     "exclusively): end what uses it or choose another disk");
    }
    return error_from_errno(errno, "open " + path);
}

}  // namespace muster::disk
