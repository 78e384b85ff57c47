// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/hardware.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "text/json.h"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

// A made-up /sys and /proc in a folder of its own.
class HardwareTest : public testing::Test {
protected:
    HardwareTest() {
        std::string name = (fs::temp_directory_path() / "muster-hardware-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
    }
    ~HardwareTest() override { fs::remove_all(root_); }

    void write(const std::string& path, const std::string& text) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path, std::ios::binary) << text;
    }
    // The entry of a class, as the kernel makes it: a link to the device's own folder.
    void link(const std::string& path, const std::string& target) {
        fs::create_directories((root_ / path).parent_path());
        fs::create_directories(root_ / target);
        fs::create_symlink(root_ / target, root_ / path);
    }
    std::string read() const {
        Value hardware = read_hardware(root_.string());
        Value without_this_machine = Value::map();
        for (const auto& member : *hardware.as_map()) {
            if (member.key != "architecture") without_this_machine.set(member.key, member.value);
        }
        return text::to_json(without_this_machine);
    }

    fs::path root_;
};

TEST_F(HardwareTest, NothingToReadIsNoError) { EXPECT_EQ(read(), "{}"); }

TEST_F(HardwareTest, TheFirmwareSaysWhoTheComputerIs) {
    const std::string dmi = "sys/class/dmi/id/";
    write(dmi + "product_uuid", "4C4C4544-0042-3510-8054-B4C04F4E3132\n");
    write(dmi + "product_serial", "ABC1234\n");
    write(dmi + "sys_vendor", "Dell Inc.\n");
    write(dmi + "product_name", "OptiPlex 7090\n");
    write(dmi + "board_name", "0ABCDE\n");
    write(dmi + "bios_version", "1.2.3\n");
    write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
          std::string("\x06\x00\x00\x00\x01", 5));
    write("sys/class/tpm/tpm0/tpm_version_major", "2\n");
    EXPECT_EQ(read(), R"({"smbios_uuid":"4C4C4544-0042-3510-8054-B4C04F4E3132","serial":"ABC1234",)"
                      R"("manufacturer":"Dell Inc.","model":"OptiPlex 7090","board":"0ABCDE",)"
                      R"("bios_version":"1.2.3","firmware":"UEFI","secure_boot":true,)"
                      R"("tpm_version":"2.0"})");
}

TEST_F(HardwareTest, WhatNobodyFilledInIsNoName) {
    const std::string dmi = "sys/class/dmi/id/";
    write(dmi + "product_uuid", "00000000-0000-0000-0000-000000000000\n");
    write(dmi + "product_serial", "To be filled by O.E.M.\n");
    write(dmi + "sys_vendor", "  \n");
    write(dmi + "product_name", "Default string\n");
    write("sys/class/tpm/tpm0/device/caps", "TCG version: 1.2\n");
    EXPECT_EQ(read(), R"({"firmware":"BIOS","secure_boot":false})");
}

TEST_F(HardwareTest, ASecureBootThatCannotBeReadIsNeitherOnNorOff) {
    fs::create_directories(root_ / "sys/firmware/efi");
    EXPECT_EQ(read(), R"({"firmware":"UEFI","secure_boot":null,"tpm_version":""})");
}

TEST_F(HardwareTest, ProcessorsAndMemoryAreCounted) {
    write("proc/cpuinfo",
          "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i5-8500\n\n"
          "processor\t: 1\nmodel name\t: Intel(R) Core(TM) i5-8500\n");
    write("proc/meminfo", "MemTotal:       16287640 kB\nMemFree:         1 kB\n");
    EXPECT_EQ(read(), R"({"processors":2,"processor":"Intel(R) Core(TM) i5-8500",)"
                      R"("memory_bytes":16678543360})");
}

TEST_F(HardwareTest, CardsAreListedWithWhatWindowsCallsThem) {
    const std::string pci = "sys/devices/pci0000:00/0000:00:1f.6";
    write(pci + "/vendor", "0x8086\n");
    write(pci + "/device", "0x15bb\n");
    link(pci + "/driver", "sys/bus/pci/drivers/e1000e");
    link(pci + "/subsystem", "sys/bus/pci");
    link("sys/class/net/eth0/device", pci);
    write("sys/class/net/eth0/type", "1\n");
    write("sys/class/net/eth0/address", "52:54:00:00:00:01\n");
    write("sys/class/net/eth0/speed", "1000\n");
    const std::string usb = "sys/devices/pci0000:00/usb1/1-2";
    write(usb + "/idVendor", "0bda\n");
    write(usb + "/idProduct", "8153\n");
    link("sys/class/net/wlan0/device", usb + "/1-2:1.0");
    write("sys/class/net/wlan0/type", "1\n");
    write("sys/class/net/wlan0/address", "52:54:00:00:00:02\n");
    write("sys/class/net/wlan0/speed", "-1\n");
    fs::create_directories(root_ / "sys/class/net/wlan0/wireless");
    write("sys/class/net/lo/type", "772\n");
    write("sys/class/net/docker0/type", "1\n");
    link("sys/bus/pci/devices/0000:00:1f.6", pci);
    link("sys/bus/usb/devices/1-2", usb);
    write("sys/bus/usb/devices/usb1/idVendor", "1d6b\n");
    write("sys/bus/usb/devices/usb1/idProduct", "0002\n");
    write("sys/bus/usb/devices/1-2:1.0/bInterfaceClass", "ff\n");
    EXPECT_EQ(read(),
              R"({"firmware":"BIOS","secure_boot":false,"tpm_version":"",)"
              R"("macs":["52:54:00:00:00:01","52:54:00:00:00:02"],"nics":[)"
              R"({"name":"eth0","mac":"52:54:00:00:00:01","driver":"e1000e",)"
              R"("hardware_id":"PCI\\VEN_8086&DEV_15BB","speed_mbps":1000,"wireless":false},)"
              R"({"name":"wlan0","mac":"52:54:00:00:00:02",)"
              R"("hardware_id":"USB\\VID_0BDA&PID_8153","wireless":true}],)"
              R"("hardware_ids":["PCI\\VEN_8086&DEV_15BB","USB\\VID_0BDA&PID_8153"]})");
}

TEST_F(HardwareTest, ACardOfAVirtualMachineIsNamedByTheDeviceBehindIt) {
    const std::string pci = "sys/devices/pci0000:00/0000:00:01.0";
    write(pci + "/vendor", "0x1af4\n");
    write(pci + "/device", "0x1041\n");
    link(pci + "/subsystem", "sys/bus/pci");
    write(pci + "/virtio0/vendor", "0x1af4\n");
    write(pci + "/virtio0/device", "0x0001\n");
    link(pci + "/virtio0/subsystem", "sys/bus/virtio");
    link("sys/class/net/eth0/device", pci + "/virtio0");
    write("sys/class/net/eth0/type", "1\n");
    EXPECT_NE(read().find(R"("hardware_id":"PCI\\VEN_1AF4&DEV_1041")"), std::string::npos)
        << read();
}

TEST_F(HardwareTest, WithoutACardAVirtualOneStandsForIt) {
    write("sys/class/net/eth0/type", "1\n");
    write("sys/class/net/eth0/address", "02:00:0a:4d:00:02\n");
    write("sys/class/net/br0/type", "1\n");
    fs::create_directories(root_ / "sys/class/net/br0/bridge");
    EXPECT_NE(read().find(R"("nics":[{"name":"eth0","mac":"02:00:0a:4d:00:02","wireless":false}])"),
              std::string::npos)
        << read();
}

TEST_F(HardwareTest, DisksAreListedButWhatIsNoneIsNot) {
    const auto disk = [&](const std::string& name, const std::string& target) {
        link("sys/block/" + name, target + "/" + name);
        write("sys/block/" + name + "/size", "2048\n");
        write("sys/block/" + name + "/queue/logical_block_size", "512\n");
        write("sys/block/" + name + "/queue/rotational", name == "sda" ? "1\n" : "0\n");
    };
    disk("nvme0n1", "sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0");
    write("sys/block/nvme0n1/device/model", "Samsung SSD 980   \n");
    write("sys/block/nvme0n1/device/serial", "S64\n");
    disk("sda", "sys/devices/pci0000:00/ata1/host0/target0:0:0/0:0:0:0/block");
    write("sys/block/sda/device/vpd_pg80", std::string("\x00\x80\x00\x08  WD-1234", 13));
    disk("loop0", "sys/devices/virtual/block");
    disk("sr0", "sys/devices/pci0000:00/ata2/host1/target1:0:0/1:0:0:0/block");
    link("sys/block/sdb", "sys/devices/pci0000:00/usb1/block/sdb");
    write("sys/block/sdb/size", "0\n");
    const std::string hardware = read();
    EXPECT_EQ(hardware.find("loop0") + 1 + hardware.find("sr0") + 1 + hardware.find("sdb") + 1, 0u);
    EXPECT_NE(
        hardware.find(R"({"path":"/dev/nvme0n1","bytes":1048576,"model":"Samsung SSD 980",)"
                      R"("serial":"S64","bus":"NVMe","rotational":false,"sector_bytes":512})"),
        std::string::npos)
        << hardware;
    EXPECT_NE(hardware.find(R"({"path":"/dev/sda","bytes":1048576,"serial":"WD-1234","bus":"SATA",)"
                            R"("rotational":true,"sector_bytes":512})"),
              std::string::npos)
        << hardware;
}

Result<Value> stated(const std::string& file) {
    const auto read = text::parse_json(
        R"({"smbios_uuid":"of the host","model":"Host","processors":2,"macs":["a"]})");
    return with_stated_hardware(*read, *text::parse_json(file));
}

TEST(StatedHardware, TheFirmwareIsTheFilesAloneAndTheRestIsAsRead) {
    EXPECT_EQ(text::to_json(*stated(R"({"model":"Virtual","secure_boot":null,"macs":[]})")),
              R"({"model":"Virtual","secure_boot":null,"processors":2,"macs":[]})");
    EXPECT_EQ(text::to_json(*stated("{}")), R"({"processors":2,"macs":["a"]})");
}

TEST(StatedHardware, UnknownFieldsAndOtherTypesAreNamed) {
    const auto fault = [](const std::string& file) {
        auto result = stated(file);
        return result.ok() ? std::string("none") : result.error().message();
    };
    EXPECT_NE(fault(R"({"modle":"x"})").find("modle: unknown field"), std::string::npos);
    EXPECT_NE(fault(R"({"model":7})").find("model: expected a string"), std::string::npos);
    EXPECT_NE(fault(R"({"processors":"2"})").find("processors: expected"), std::string::npos);
    EXPECT_NE(fault(R"({"secure_boot":1})").find("secure_boot: expected"), std::string::npos);
    EXPECT_NE(fault(R"({"macs":"x"})").find("macs: expected a list"), std::string::npos);
    EXPECT_NE(fault(R"({"macs":[1]})").find("macs"), std::string::npos);
    EXPECT_NE(fault(R"({"nics":[{"nmae":"x"}]})").find("nmae: unknown field"), std::string::npos);
    EXPECT_NE(fault(R"({"disks":[{"bytes":"1"}]})").find("bytes: expected"), std::string::npos);
    EXPECT_NE(fault("[]").find("expected a map"), std::string::npos);
    EXPECT_EQ(fault(R"({"disks":[{"bytes":1,"rotational":true}],"nics":[{"name":"eth0"}]})"),
              "none");
}

}  // namespace
}  // namespace muster::agent
