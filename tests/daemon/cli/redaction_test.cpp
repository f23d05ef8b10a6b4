#include "daemon/cli/redaction.hpp"

#include <chrono>

#include <doctest/doctest.h>

#include "daemon/report/json.hpp"
#include "probes/system/system_root.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string boot = "0b7ad1c8-8f5c-4a3e-9a52-37bb4e8d2f10";

Redactor redactor() { return Redactor{{{"1423021012345"}, {"field-unit-7"}, {"margarete", "mar"}, {boot}}}; }

std::string foreign(std::string_view text) { return redactor().foreign(text); }
std::string own(std::string_view text) { return redactor().own(text); }

struct Pair {
    std::string_view text, redacted;
};

}  // namespace

TEST_CASE("serial numbers are found by what stands before them") {
    for (const Pair& pair : std::vector<Pair>{
             {"Serial Number: 0423021099999", "Serial Number: <serial>"},
             {"Serial Number 0423021099999", "Serial Number <serial>"},
             {"usb 1-2: SerialNumber: 8CEC4B5F", "usb 1-2: SerialNumber: <serial>"},
             {"board_serial=A1B2-C3", "board_serial=<serial>"},
             {"androidboot.serialno=0423021099999 quiet", "androidboot.serialno=<serial> quiet"},
             {"{\"serial\": \"0423021099999\", \"x\": 1}", "{\"serial\": \"<serial>\", \"x\": 1}"},
             {"\\\"serial_number\\\":\\\"0423021099999\\\"", "\\\"serial_number\\\":\\\"<serial>\\\""},
             {"nvme0: S/N: S4EVNX0M", "nvme0: S/N: <serial>"},
             {"ECID: 0x80012344705DD1D84400000014048200", "ECID: <serial>"},
             {"root=PARTUUID=fdb4e1d2-03 rw", "root=PARTUUID=<serial> rw"},
             {"root=UUID=1A2B-3C4D rw", "root=UUID=<serial> rw"},
             {"Asset Tag: 4711", "Asset Tag: <serial>"},
         }) {
        CAPTURE(pair.text);
        CHECK(foreign(pair.text) == pair.redacted);
        CHECK(own(pair.text) == pair.redacted);
    }
}

TEST_CASE("a known serial number is found wherever it stands, in whatever case") {
    CHECK(foreign("board 1423021012345!") == "board <serial>!");
    CHECK(foreign("jetson1423021012345x") == "jetson<serial>x");
    const Redactor hex{{{"8CEC4B5F"}, {}, {}, {}}};
    CHECK(hex.own("/dev/disk/by-id/usb-8cec4b5f-0:0") == "/dev/disk/by-id/usb-<serial>-0:0");
}

TEST_CASE("UUIDs and GPU-UUIDs go, the boot's stays") {
    for (const Pair& pair : std::vector<Pair>{
             {"GPU UUID: GPU-e8a1d4b5-1234-5678-9abc-def012345678", "GPU UUID: <serial>"},
             {"GPU-e8a1d4b5-1234-5678-9abc-def012345678", "GPU-<uuid>"},
             {"MIG-GPU-E8A1D4B5-1234-5678-9ABC-DEF012345678/1/0", "MIG-GPU-<uuid>/1/0"},
             {"/dev/disk/by-uuid/9b1ac6a0-5d3f-4f8e-8b2e-3b1f2c4d5e6f", "/dev/disk/by-uuid/<uuid>"},
             {"id 4a7d1ed414474e4033ac29ccb8653d9b.", "id <uuid>."},
             {"boot 0b7ad1c8-8f5c-4a3e-9a52-37bb4e8d2f10", "boot 0b7ad1c8-8f5c-4a3e-9a52-37bb4e8d2f10"},
             {"_BOOT_ID=0b7ad1c88f5c4a3e9a5237bb4e8d2f10", "_BOOT_ID=0b7ad1c88f5c4a3e9a5237bb4e8d2f10"},
         }) {
        CAPTURE(pair.text);
        CHECK(foreign(pair.text) == pair.redacted);
        CHECK(own(pair.text) == pair.redacted);
    }
}

TEST_CASE("MAC addresses go") {
    for (const Pair& pair : std::vector<Pair>{
             {"eth0: 48:b0:2d:3c:4d:5e up", "eth0: <mac> up"},
             {"48-B0-2D-3C-4D-5E", "<mac>"},
             {"link/infiniband 80:00:00:28:fe:80:00:00 x", "link/infiniband <mac> x"},
             {"renamed enx48b02d3c4d5e from eth1", "renamed enx<mac> from eth1"},
             {"at 48:b0:2d:3c:4d:5e.", "at <mac>."},
         }) {
        CAPTURE(pair.text);
        CHECK(foreign(pair.text) == pair.redacted);
        CHECK(own(pair.text) == pair.redacted);
    }
}

TEST_CASE("IP addresses go from what others wrote") {
    for (const Pair& pair : std::vector<Pair>{
             {"from 10.42.0.17 port 22", "from <ip> port 22"},
             {"8.8.8.8", "<ip>"},
             {"http://192.168.55.1:8000/x", "http://<ip>:8000/x"},
             {"192.168.55.1/24", "<ip>/24"},
             {"fe80::4ab0:2dff:fe3c:4d5e%eth0", "<ip>%eth0"},
             {"2001:db8:0:1:1:1:1:1", "<ip>"},
             {"2001:db8::1: unreachable", "<ip>: unreachable"},
             {"[::1]:53", "[<ip>]:53"},
         }) {
        CAPTURE(pair.text);
        CHECK(foreign(pair.text) == pair.redacted);
    }
    CHECK(own("at 192.168.55.1") == "at <ip>");
    CHECK(own("at fe80::4ab0:2dff:fe3c:4d5e") == "at <ip>");
}

TEST_CASE("names of the host and of users go as whole words, homes by their place") {
    for (const Pair& pair : std::vector<Pair>{
             {"field-unit-7 systemd[1]: Started", "<host> systemd[1]: Started"},
             {"Field-Unit-7.lab.example.org answered", "<host> answered"},
             {"field-unit-77 stays", "field-unit-77 stays"},
             {"sudo: margarete : TTY=pts/0", "sudo: <user> : TTY=pts/0"},
             {"margarete@field-unit-7:~$", "<user>@<host>:~$"},
             {"uid of mar", "uid of <user>"},
             {"mark smart", "mark smart"},
             {"/home/someone.else/x.so", "/home/<user>/x.so"},
             {"/home/ab", "/home/<user>"},
             {"/home/", "/home/"},
         }) {
        CAPTURE(pair.text);
        CHECK(foreign(pair.text) == pair.redacted);
        CHECK(own(pair.text) == pair.redacted);
    }
}

// What helps to find the fault must be left.
TEST_CASE("versions, addresses of buses, times, hashes and paths stay") {
    for (const std::string_view text : {
             "libcublas 12.6.1.4, cuDNN 9.3.0.75, TensorRT 10.3.0.30",
             "nvidia-l4t-core 36.5.0-20260115194252 and 5.15.185-tegra-36.5.0-20260115194252",
             "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1",
             "build id e0870a231356a6d2f69730e801e186d266b911c0",
             "sha256:9ccfa5b35bcdafbb72f2d1d17ce1ac337b41b86bd965994254d1db767015db4d",
             "/nix/store/6ldrwy5yrm1n1pbbc2gqzqn29mhk1s5z-nvidia-l4t-cuda-36.5.0/lib",
             "2026-11-25T22:40:32Z, 12:34:56, pci 0000:01:00.0, 17000000.gpu, 13e00000.host1x",
             "std::string, foo::bar, a serial port, the serial number is printed on the module",
             "NVRM: Xid (PCI:0000:01:00): 79, pid=1234",
             "nvgpu: 17000000.gpu gk20a_fifo_handle_mmu_fault:111 [ERR] addr 0x7f8e000000",
         }) {
        CHECK(own(text) == text);
    }
    for (const std::string_view text :
         {"cudnn 9.3.0.75-1 installed", "libcublas.so.12.6.1.4", "tensorrt 10.3.0.30+cuda12.5",
          "2026-11-25T22:40:32Z nvgpu: 17000000.gpu pci 0000:01:00.0 12:34:56"}) {
        CHECK(foreign(text) == text);
    }
}

TEST_CASE("a number that a long text was cut in goes, too") {
    for (const Pair& pair : std::vector<Pair>{{"id 4a7d1ed414474e40…", "id <cut>…"},
                                              {"disk 9b1ac6a0-5d3f-4...", "disk <cut>..."},
                                              {"at 48:b0:2d:3…", "at <cut>…"},
                                              {"board 1423021…", "board <serial>…"},
                                              {"done at last…", "done at last…"},
                                              {"36.5…", "36.5…"}}) {
        CAPTURE(pair.text);
        CHECK(foreign(pair.text) == pair.redacted);
    }
    const Redactor letters{{{"BSN-778899"}, {}, {}, {}}};
    CHECK(letters.foreign("is BSN-77…") == "is <serial>…");
}

TEST_CASE("what was redacted stays as it is") {
    const std::string text =
        "Serial Number: 0423021099999, 48:b0:2d:3c:4d:5e, 10.0.0.1, fe80::1, /home/x, field-unit-7, "
        "GPU-e8a1d4b5-1234-5678-9abc-def012345678";
    CHECK(foreign(foreign(text)) == foreign(text));
}

TEST_CASE("a report keeps its form, and is read back") {
    Report report;
    report.boot_id = boot;
    report.tool = "1";
    report.device.model = "Board 1423021012345";
    report.stack.distribution = "ubuntu";
    report.stack.libcuda = "/home/margarete/libcuda.so.1";
    CheckResult check;
    check.id = "libcuda-is-found";
    check.code = "ok";
    check.summary = "found on field-unit-7";
    check.evidence = {{"path", "/home/margarete/x", "/home/margarete/y", false},
                      {"said", "at 8.8.8.8", "a log", false}};
    CheckResult packages = check;
    packages.id = "cudnn-fits-cuda";
    packages.group = Group::packages;
    packages.evidence = {{"cuDNN", "9.3.0.75", "dpkg", false}, {"said", "at 8.8.8.8", "a log", true}};
    report.checks = {check, packages};
    const std::string json = to_json(redactor().report(report));
    const Report read = report_from_json(json);
    CHECK(read.boot_id == boot);
    CHECK(read.device.model == "Board <serial>");
    CHECK(read.stack.distribution == "ubuntu");
    CHECK(read.stack.libcuda == "/home/<user>/libcuda.so.1");
    CHECK(read.checks[0].summary == "found on <host>");
    CHECK(read.checks[0].evidence[0].source == "/home/<user>/y");
    CHECK(read.checks[0].evidence[1].value == "at <ip>");
    CHECK(read.checks[1].evidence[0].value == "9.3.0.75");
    CHECK(read.checks[1].evidence[1].value == "at <ip>");
    report.boot_id = "1423021012345";
    CHECK(redactor().report(report).boot_id == "<serial>");
}

TEST_CASE("the machine is asked for what is its own") {
    const TempRoot root;
    root.write("proc/device-tree/serial-number", std::string("1423021012345\0", 14));
    root.write("sys/class/dmi/id/board_serial", "BSN-778899\n");
    root.write("sys/class/dmi/id/chassis_serial", "None\n");
    root.write("etc/machine-id", "4a7d1ed414474e4033ac29ccb8653d9b\n");
    root.write("sys/class/net/eth0/address", "48:b0:2d:3c:4d:5e\n");
    root.write("sys/class/net/lo/address", "00:00:00:00:00:00\n");
    root.write("sys/bus/usb/devices/1-1/serial", "8CEC4B5F\n");
    root.write("sys/block/nvme0n1/device/serial", "S4EVNX0M123456      \n");
    root.write("etc/hostname", "field-unit-7.lab\n");
    root.write("etc/passwd",
               "root:x:0:0:root:/root:/bin/bash\nmargarete:x:1000:1000::/home/margarete:/bin/bash\n"
               "nvidia:x:1001:1001::/home/nvidia:/bin/bash\nbroken line\n");
    root.make_directory("home/ludwig");
    const Redactor redactor{secrets_of(SystemRoot{root.directory()})};
    CHECK(redactor.own(
              "1423021012345 bsn-778899 4a7d1ed414474e4033ac29ccb8653d9b 48b02d3c4d5e 8CEC4B5F S4EVNX0M123456") ==
          "<serial> <serial> <serial> <serial> <serial> <serial>");
    CHECK(redactor.own("field-unit-7 field-unit-7.lab margarete ludwig") == "<host> <host> <user> <user>");
    CHECK(redactor.own("None nvidia root broken") == "None nvidia root broken");
}

TEST_CASE("any bytes are redacted in time that grows with their number") {
    const std::string sample =
        "Serial Number: 0423021099999 GPU-e8a1d4b5-1234-5678-9abc-def012345678 48:b0:2d:3c:4d:5e "
        "10.0.0.1 fe80::1 /home/x field-unit-7 serial serial serial=";
    for (unsigned seed = 0; seed < 2000; ++seed) {
        (void)foreign(random_bytes(seed, 300));
        (void)own(mutated(sample, seed));
    }
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string_view piece :
         {"0", ":", "a", "serial ", "00:", "0-", "1.", "/home/", "-", "::1", "00-00-00-00-00-00z-"}) {
        std::string text;
        while (text.size() < 50'000) text += piece;
        (void)foreign(text);
    }
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{20});
}
