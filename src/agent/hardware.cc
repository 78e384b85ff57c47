// SPDX-License-Identifier: GPL-3.0-or-later
//
// Linux sysfs: Documentation/ABI/testing/sysfs-{class-net,bus-pci,bus-usb}, stable/sysfs-block.
#include "agent/hardware.h"

#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <vector>

#include "net/interface.h"

namespace muster::agent {

namespace {

namespace fs = std::filesystem;

// ---- reading ----

std::string read_file(const fs::path& path, std::size_t most = 64 << 10) {
    std::ifstream in(path, std::ios::binary);
    std::string text(most, '\0');
    in.read(text.data(), static_cast<std::streamsize>(most));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return text;
}

std::string trimmed(std::string text) {
    const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && is_blank(text.back())) text.pop_back();
    const auto first = std::find_if_not(text.begin(), text.end(), is_blank);
    text.erase(text.begin(), first);
    return text;
}

std::string read_text(const fs::path& path) { return trimmed(read_file(path)); }

std::optional<std::int64_t> number_in(std::string_view text, int base = 10) {
    std::int64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (end.ec != std::errc() || end.ptr == text.data()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> read_number(const fs::path& path) { return number_in(read_text(path)); }

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

std::vector<fs::path> entries_of(const fs::path& folder) {
    std::vector<fs::path> entries;
    std::error_code ignored;
    for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
         it.increment(ignored)) {
        entries.push_back(it->path());
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::string real_path(const fs::path& path) {
    std::error_code failed;
    const fs::path real = fs::canonical(path, failed);
    return failed ? std::string() : real.string();
}

void set_text(Value& value, std::string_view key, std::string text) {
    if (!text.empty()) value.set(key, std::move(text));
}

void set_number(Value& value, std::string_view key, std::optional<std::int64_t> number) {
    if (number) value.set(key, *number);
}

// ---- firmware ----

// What firmware shows where nobody has filled in anything.
bool is_placeholder(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    static const std::set<std::string> kWords = {"to be filled by o.e.m.",
                                                 "default string",
                                                 "system serial number",
                                                 "not specified",
                                                 "not applicable",
                                                 "system product name",
                                                 "system manufacturer",
                                                 "none",
                                                 "o.e.m.",
                                                 "unknown",
                                                 "n/a",
                                                 "invalid",
                                                 "empty"};
    return kWords.count(text) != 0 || text.find_first_not_of("0-.") == std::string::npos ||
           text.find_first_not_of("f-") == std::string::npos;
}

void read_dmi(const fs::path& dmi, Value& hardware) {
    static constexpr std::pair<const char*, const char*> kFields[] = {
        {"smbios_uuid", "product_uuid"}, {"serial", "product_serial"},
        {"manufacturer", "sys_vendor"},  {"model", "product_name"},
        {"board", "board_name"},         {"bios_version", "bios_version"}};
    for (const auto& [key, file] : kFields) {
        const std::string text = read_text(dmi / file);
        if (!text.empty() && !is_placeholder(text)) hardware.set(key, text);
    }
}

void read_firmware(const fs::path& sys, Value& hardware) {
    const bool uefi = is_there(sys / "firmware/efi");
    if (!uefi && !is_there(sys / "class")) return;
    hardware.set("firmware", uefi ? "UEFI" : "BIOS");
    // Four bytes of attributes and then the value.
    const std::string secure_boot =
        read_file(sys / "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 16);
    const bool known = !uefi || secure_boot.size() == 5;
    hardware.set("secure_boot", known ? Value(uefi && secure_boot[4] == 1) : Value());
    const fs::path tpm = sys / "class/tpm/tpm0";
    const std::string major = read_text(tpm / "tpm_version_major");
    if (!is_there(tpm)) {
        hardware.set("tpm_version", "");
    } else if (!major.empty()) {
        hardware.set("tpm_version", major == "2" ? "2.0" : "1.2");
    }
}

// ---- processor and memory ----

std::string after_colon(const std::string& line) {
    const auto colon = line.find(':');
    return colon == std::string::npos ? std::string() : trimmed(line.substr(colon + 1));
}

void read_processors(const fs::path& proc, Value& hardware) {
    std::ifstream in(proc / "cpuinfo");
    std::int64_t count = 0;
    std::string model;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("processor")) ++count;
        if (model.empty() && line.starts_with("model name")) model = after_colon(line);
    }
    if (count > 0) hardware.set("processors", count);
    set_text(hardware, "processor", model);
    std::ifstream memory(proc / "meminfo");
    for (std::string line; std::getline(memory, line);) {
        if (!line.starts_with("MemTotal:")) continue;
        if (const auto kib = number_in(after_colon(line))) {
            hardware.set("memory_bytes", *kib * 1024);
        }
    }
}

// ---- devices ----

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
    return text;
}

// "0x8086" or "8086" as Windows writes it, empty when it is no such number.
std::string id_word(std::string text) {
    if (text.starts_with("0x")) text.erase(0, 2);
    const bool digits = text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    return digits && text.size() == 4 ? upper(text) : std::string();
}

std::string pci_id(const fs::path& device) {
    const std::string vendor = id_word(read_text(device / "vendor"));
    const std::string product = id_word(read_text(device / "device"));
    if (vendor.empty() || product.empty()) return {};
    return "PCI\\VEN_" + vendor + "&DEV_" + product;
}

std::string usb_id(const fs::path& device) {
    const std::string vendor = id_word(read_text(device / "idVendor"));
    const std::string product = id_word(read_text(device / "idProduct"));
    if (vendor.empty() || product.empty()) return {};
    return "USB\\VID_" + vendor + "&PID_" + product;
}

// The device on a bus that an interface of the kernel belongs to: a card on USB is an interface of
// its device, one of a virtual machine a virtio device of it.
std::string id_of_owner(const fs::path& interface) {
    fs::path device = real_path(interface);
    for (int level = 0; level < 3; ++level, device = device.parent_path()) {
        const fs::path bus = fs::path(real_path(device / "subsystem")).filename();
        if (bus == "pci") return pci_id(device);
        if (auto id = usb_id(device); !id.empty()) return id;
    }
    return {};
}

// As Windows names it, without the revision.
void read_hardware_ids(const fs::path& sys, Value& hardware) {
    std::set<std::string> ids;
    for (const auto& device : entries_of(sys / "bus/pci/devices")) ids.insert(pci_id(device));
    for (const auto& device : entries_of(sys / "bus/usb/devices")) {
        // The kernel's own root hubs are no devices.
        if (read_text(device / "idVendor") != "1d6b") ids.insert(usb_id(device));
    }
    ids.erase("");
    if (ids.empty()) return;
    Value list = Value::list();
    for (const auto& id : ids) list.push(id);
    hardware.set("hardware_ids", std::move(list));
}

// Cards, and where there is none (in a container) what stands for one.
std::vector<fs::path> network_cards(const fs::path& folder) {
    std::vector<fs::path> real, virtual_ones;
    for (const auto& entry : entries_of(folder)) {
        const bool ethernet = read_number(entry / "type") == 1;
        if (!ethernet || is_there(entry / "bridge") || is_there(entry / "bonding") ||
            is_there(entry / "tun_flags")) {
            continue;
        }
        (is_there(entry / "device") ? real : virtual_ones).push_back(entry);
    }
    return real.empty() ? virtual_ones : real;
}

void read_network(const fs::path& sys, Value& hardware) {
    Value macs = Value::list();
    Value nics = Value::list();
    for (const auto& entry : network_cards(sys / "class/net")) {
        const std::string name = entry.filename();
        const std::string mac = read_text(entry / "address");
        Value nic = Value::map();
        nic.set("name", name);
        if (mac.find_first_not_of("0:") != std::string::npos) {
            nic.set("mac", mac);
            macs.push(mac);
        }
        set_text(nic, "driver", fs::path(real_path(entry / "device/driver")).filename());
        if (is_there(entry / "device")) {
            set_text(nic, "hardware_id", id_of_owner(entry / "device"));
        }
        const auto speed = read_number(entry / "speed");
        if (speed && *speed > 0) nic.set("speed_mbps", *speed);
        nic.set("wireless", net::is_wireless(name, (sys / "class/net").string()));
        nics.push(std::move(nic));
    }
    if (nics.as_list()->empty()) return;
    hardware.set("macs", std::move(macs)).set("nics", std::move(nics));
}

std::string bus_of(const std::string& real) {
    static constexpr std::pair<const char*, const char*> kBuses[] = {
        {"/nvme", "NVMe"},     {"/usb", "USB"}, {"/ata", "SATA"},
        {"/virtio", "virtio"}, {"/mmc", "MMC"}, {"/host", "SCSI"}};
    for (const auto& [part, bus] : kBuses) {
        if (real.find(part) != std::string::npos) return bus;
    }
    return {};
}

std::string disk_serial(const fs::path& disk) {
    for (const char* file : {"device/serial", "serial"}) {
        if (auto serial = read_text(disk / file); !serial.empty()) return serial;
    }
    // SCSI's page of the serial number: four bytes of head, then the text.
    const std::string page = read_file(disk / "device/vpd_pg80", 256);
    return page.size() > 4 ? trimmed(page.substr(4)) : std::string();
}

void read_disks(const fs::path& sys, Value& hardware) {
    Value disks = Value::list();
    for (const auto& entry : entries_of(sys / "block")) {
        const std::string name = entry.filename();
        const std::string real = real_path(entry);
        const std::int64_t sectors = read_number(entry / "size").value_or(0);
        const bool boot_area = name.starts_with("mmcblk") && name.find("boot") != name.npos;
        if (sectors <= 0 || boot_area || real.find("/devices/virtual/") != real.npos ||
            name.starts_with("sr") || name.starts_with("fd")) {
            continue;
        }
        Value disk = Value::map();
        std::string path = "/dev/" + name;
        std::replace(path.begin(), path.end(), '!', '/');
        disk.set("path", path).set("bytes", sectors * 512);
        set_text(disk, "model", read_text(entry / "device/model"));
        set_text(disk, "serial", disk_serial(entry));
        set_text(disk, "bus", bus_of(real));
        if (const auto rotational = read_number(entry / "queue/rotational")) {
            disk.set("rotational", *rotational != 0);
        }
        set_number(disk, "sector_bytes", read_number(entry / "queue/logical_block_size"));
        disks.push(std::move(disk));
    }
    if (!disks.as_list()->empty()) hardware.set("disks", std::move(disks));
}

}  // namespace

Value read_hardware(const std::string& root) {
    const fs::path sys = root + "/sys";
    const fs::path proc = root + "/proc";
    Value hardware = Value::map();
    read_dmi(sys / "class/dmi/id", hardware);
    read_firmware(sys, hardware);
    utsname system{};
    if (::uname(&system) == 0) hardware.set("architecture", system.machine);
    read_processors(proc, hardware);
    read_network(sys, hardware);
    read_disks(sys, hardware);
    read_hardware_ids(sys, hardware);
    return hardware;
}

}  // namespace muster::agent
