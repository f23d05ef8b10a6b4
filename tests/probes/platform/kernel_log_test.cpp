// Which lines of the kernel's log are GPU faults. The lines are those that people published with their reports; the
// places are named in config/data/kernel_faults.json.

#include "probes/platform/kernel_log.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::vector<KernelFaultRecord>& records() {
    static const Catalog catalog = load_catalog(JETCUDA_SOURCE_DIR "/config/data", "/no/such/folder");
    return catalog.kernel_faults;
}

// The id of the fault that this line is; empty: none.
std::string fault_in(std::string_view line, const std::string& variant) {
    FaultCounter counter(records(), variant);
    counter.take(line);
    return counter.faults().empty() ? "" : counter.faults().front().id;
}

const std::vector<std::pair<const char*, const char*>> faults_of_nvgpu = {
    {"nvgpu-mmu-fault",
     "nvgpu: 17000000.gpu      gv11b_fb_mmu_fault_info_dump:294  [ERR]  [MMU FAULT] mmu engine id:  18, ch id:  479, "
     "fault addr: 0x0, fault addr aperture: 0, fault type: invalid pde, access type: virt read,"},
    {"nvgpu-tsg-mmu-error",
     "nvgpu: 17000000.gpu       nvgpu_tsg_set_ctx_mmu_error:1069 [ERR]  TSG 8 generated a mmu fault"},
    {"nvgpu-channel-error",
     "nvgpu: 17000000.gpu     nvgpu_set_err_notifier_locked:143  [ERR]  error notifier set to 31 for ch 479 owned by "
     "consumer_thread"},
    {"nvgpu-gr-exception",
     "nvgpu: 17000000.gpu ga10b_gr_intr_check_gr_mme_fe1_exception:246 [ERR] mme_fe1 exception: esr 0x80020000, info "
     "0x00000000"},
    {"nvgpu-acr-boot-failed", "nvgpu: 17000000.gpu nvgpu_acr_bootstrap_hs_acr:142 [ERR]  ACR bootstrap failed"},
    {"nvgpu-hs-ucode-failed",
     "nvgpu: 17000000.gpu nvgpu_acr_wait_for_completion:140 [ERR] flcn-1: HS ucode boot failed, err 1b"},
    {"nvgpu-ls-falcon-failed", "nvgpu: 17000000.gpu nvgpu_pmu_lsfm_bootstrap_ls_falcon:128  [ERR]  LSF Load failed"},
    {"nvgpu-power-on-failed",
     "nvgpu: 17000000.gpu            nvgpu_finalize_poweron:1095 [ERR]  Failed initialization for: "
     "g->ops.cbc.cbc_init_support"},
    {"host1x-timeout",
     "host1x 13e10000.host1x: cdma_handle_timeout: timeout: 33 (15600000.isp_nvargus-daemon_0) clientid 14134, HW "
     "thresh 14112, done 14114"},
    {"host1x-syncpoint-stuck",
     "host1x 13e10000.host1x: vpi_sample_05_b: syncpoint id 31 (pva_syncpt) stuck waiting 1, timeout=519311586"},
};

const std::vector<std::pair<const char*, const char*>> faults_of_openrm = {
    {"xid-31",
     "NVRM: Xid (PCI:0000:01:00): 31, pid=2512125, name=python3.10, Ch 00000008, intr 00000000. MMU Fault: ENGINE "
     "GRAPHICS GPCCLIENT_T1_8 faulted @ 0x73ac_1c000000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_WRITE"},
    {"xid-13",
     "NVRM: Xid (PCI:0000:01:00): 13, pid='<unknown>', name=<unknown>, Graphics SM Warp Exception on (GPC 7, TPC 7, SM "
     "0): Illegal Instruction Parameter"},
    {"xid-119",
     "NVRM: Xid (PCI:0000:01:00): 119, pid=4071838, name=python, Timeout after 45s of waiting for RPC response from "
     "GPU4 GSP! Expected function 76 (GSP_RM_CONTROL) (0x20801702 0x4)."},
    {"xid", "NVRM: Xid (PCI:0000:01:00): 145, RLW_RXPIPE Nonfatal XC0 i0 Link 13 (0x0409a0c2 0x00000008)"},
    {"openrm-adapter-failed", "NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x62:0x1a:1792)"},
    {"openrm-gsp-heartbeat",
     "NVRM: GPU6 _kgspIsHeartbeatTimedOut: Heartbeat timed out, currentTimeMs 812751949 heartbeat 1899482"},
    {"openrm-gsp-timeout",
     "NVRM: GPU6 _kgspLogRpcTimeout: ********************************* GSP Timeout **********************************"},
    {"host1x-syncpoint-stuck",
     "host1x 13e10000.host1x: vpi_sample_05_b: syncpoint id 31 (pva_syncpt) stuck waiting 1, timeout=519311586"},
};

// Printed by boards on which CUDA works.
const std::vector<const char*> harmless = {
    "nvgpu: 17000000.gpu          nvgpu_nvhost_syncpt_init:122  [INFO]  syncpt_unit_base 60000000 syncpt_unit_size "
    "4000000 size 10000",
    "nvgpu: 17000000.gpu gv11b_init_hal:150 [INFO]  chip=0x23a",
    "nvgpu: 17000000.gpu                nvgpu_cic_mon_init:75   [ERR]  Err inj callback registration failed: -22",
    "host1x: loading out-of-tree module taints kernel.",
    "host1x-context host1x-ctx.6: Adding to iommu group 12",
    "NVRM rpcRmApiControl_dce: NVRM_RPC_DCE: Failed RM ctrl call cmd:0x731341 result 0xffff:",
    "NVRM rpcRmApiControl_dce: NVRM_RPC_DCE: Failed RM ctrl call cmd:0x2080013f result 0x56:",
    "NVRM gpumgrGetSomeGpu: Failed to retrieve pGpu - Too early call!.",
    "NVRM: loading NVIDIA UNIX Open Kernel Module for aarch64  540.5.0  Release Build",
    "NVRM: GPU at PCI:0000:01:00: GPU-efbdfde9-5798-a6e7-4c46-12518fa15375",
    "nvidia: loading out-of-tree module taints kernel.",
    "tegra-ivc-bus bc00000.rtcpu:ivc-bus:echo@0: ivc channel driver missing",
    "gpu 17000000.gpu: Adding to iommu group 50",
    "usb 1-2: new high-speed USB device number 3 using tegra-xusb",
    "",
};

}  // namespace

TEST_CASE("each published line is the fault that it is, for the driver that prints it") {
    for (const auto& [id, line] : faults_of_nvgpu) {
        CAPTURE(line);
        CHECK(fault_in(line, "nvgpu") == id);
        CHECK(fault_in(line, "") == id);
    }
    for (const auto& [id, line] : faults_of_openrm) {
        CAPTURE(line);
        CHECK(fault_in(line, "openrm") == id);
    }
}

TEST_CASE("every record of the data is met by one of these lines, or is a number among the Xids") {
    for (const KernelFaultRecord& record : records()) {
        const auto names_it = [&](const auto& pair) { return pair.first == record.id; };
        const bool met = std::any_of(faults_of_nvgpu.begin(), faults_of_nvgpu.end(), names_it) ||
                         std::any_of(faults_of_openrm.begin(), faults_of_openrm.end(), names_it);
        CAPTURE(record.id);
        CHECK((met || record.id.rfind("xid-", 0) == 0));
    }
}

TEST_CASE("lines of healthy boards are no faults") {
    for (const char* line : harmless) {
        CAPTURE(line);
        CHECK(fault_in(line, "nvgpu").empty());
        CHECK(fault_in(line, "openrm").empty());
        CHECK(fault_in(line, "").empty());
    }
}

TEST_CASE("on Orin the module nvidia drives the display and any card, and its Xids are not the GPU's") {
    CHECK(fault_in(faults_of_openrm.front().second, "nvgpu").empty());
    CHECK(fault_in(faults_of_nvgpu.front().second, "openrm").empty());
}

TEST_CASE("faults of one kind are counted, and the first line is kept") {
    FaultCounter counter(records(), "nvgpu");
    counter.take("nvgpu: 17000000.gpu x:1 [ERR] [MMU FAULT] fault addr: 0xdeadbeef0000, first");
    counter.take("nvgpu: 17000000.gpu x:1 [ERR] TSG 8 generated a mmu fault");
    counter.take("nvgpu: 17000000.gpu x:1 [ERR] [MMU FAULT] fault addr: 0x1000, second");
    REQUIRE(counter.faults().size() == 2);
    CHECK(counter.faults()[0].id == "nvgpu-mmu-fault");
    CHECK(counter.faults()[0].count == 2);
    CHECK(counter.faults()[0].line == "nvgpu: 17000000.gpu x:1 [ERR] [MMU FAULT] fault addr: 0x..., first");
    CHECK_FALSE(counter.faults()[0].what.empty());
}

TEST_CASE("addresses are taken out, and lines stay short and plain") {
    CHECK(without_addresses("esr 0x80020000, info 0x0") == "esr 0x..., info 0x...");
    CHECK(without_addresses("0x") == "0x...");
    CHECK(without_addresses("a\x01\xff"
                            "b") == "a??b");
    CHECK(without_addresses(std::string(5000, 'x')).size() <= 210);
}

TEST_CASE("/dev/kmsg's records are read as the kernel documents them") {
    const auto record = parse_kmsg("6,339,5140900,-;NET: Registered protocol family 10\n SUBSYSTEM=net\n");
    REQUIRE(record);
    CHECK(record->from_kernel);
    CHECK(record->sequence == 339);
    CHECK(record->message == "NET: Registered protocol family 10");
    CHECK_FALSE(parse_kmsg("30,340,5690716,-;systemd[1]: started\n")->from_kernel);
    CHECK(parse_kmsg("6,0,0,c,caller=T1;x")->message == "x");
    for (const char* text :
         {"", ";", "6", "6,", "6,1", "6,1,2,-", "x,1,2,-;a", "6,x,2,-;a", "99999999999999999999999,1,2,-;a"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_kmsg(text));
    }
}

TEST_CASE("another root, a container and empty data have no log to ask") {
    const TempRoot folder;
    const Fact<std::string> boot = {"7f3c0a52-9d1e-4b7c-8a63-2f5e6d7c8b9a", "boot_id"};
    CHECK(read_kernel_log(SystemRoot(folder.directory()), {boot, records(), "nvgpu", false}).lacks(Lack::not_asked));
    CHECK(read_kernel_log(SystemRoot("/"), {boot, records(), "nvgpu", true}).lacks(Lack::not_asked));
    CHECK(read_kernel_log(SystemRoot("/"), {boot, {}, "nvgpu", false}).lacks(Lack::not_asked));
}

TEST_CASE("a board kept as a folder has the log that stands beside its nodes") {
    const TempRoot folder;
    const Fact<std::string> boot = {"7f3c0a52-9d1e-4b7c-8a63-2f5e6d7c8b9a", "boot_id"};
    folder.write("/.jetcuda-root.json",
                 R"({"kernel_log": ["nvgpu: 17000000.gpu nvgpu_acr_bootstrap_hs_acr:142 [ERR]  ACR bootstrap failed",
                     "NVRM: Xid (PCI:0000:01:00): 31, pid=1", "usb 1-1: new device"]})");
    const Fact<KernelLog> log = read_kernel_log(SystemRoot(folder.directory()), {boot, records(), "nvgpu", false});
    REQUIRE(log.known());
    CHECK(log.source() == "/.jetcuda-root.json, kernel_log");
    CHECK(log->lines == 3);
    CHECK_FALSE(log->cut);
    REQUIRE(log->faults.size() == 1);
    CHECK(log->faults[0].id == "nvgpu-acr-boot-failed");
    CHECK(read_kernel_log(SystemRoot(folder.directory()), {boot, records(), "nvgpu", true}).lacks(Lack::not_asked));

    folder.write("/.jetcuda-root.json", R"({"kernel_log": []})");
    const Fact<KernelLog> empty = read_kernel_log(SystemRoot(folder.directory()), {boot, records(), "nvgpu", false});
    REQUIRE(empty.known());
    CHECK(empty->faults.empty());
}

TEST_CASE("this machine's log is read, or is not readable; in time either way") {
    const auto begin = std::chrono::steady_clock::now();
    const Fact<std::string> boot = {"7f3c0a52-9d1e-4b7c-8a63-2f5e6d7c8b9a", "boot_id"};
    const Fact<KernelLog> log = read_kernel_log(SystemRoot("/"), {boot, records(), "nvgpu", false});
    CHECK((log.known() || log.lacks(Lack::not_readable)));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("any bytes are lived through, and no line takes long") {
    FaultCounter counter(records(), "");
    for (unsigned seed = 0; seed < 3000; ++seed) {
        (void)parse_kmsg(random_bytes(seed, 200));
        (void)parse_kmsg(mutated("6,339,5140900,-;NET: Registered protocol family 10\n SUBSYSTEM=net\n", seed));
        counter.take(random_bytes(seed, 300));
        counter.take(mutated(faults_of_nvgpu[seed % faults_of_nvgpu.size()].second, seed));
    }
    const auto begin = std::chrono::steady_clock::now();
    std::string long_line;
    while (long_line.size() < 1'000'000) long_line += "nvgpu: NVRM: Xid (host1x ";
    counter.take(long_line);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
    CHECK(counter.faults().size() <= records().size());
}
