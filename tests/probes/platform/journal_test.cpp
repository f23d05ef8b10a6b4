// The journal's files have systemd's own format, so systemd's own program (systemd-journal-remote, of the package of
// that name) makes the real ones of this test.

#include "probes/platform/journal.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "probes/system/process.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string boot = "7f3c0a52-9d1e-4b7c-8a63-2f5e6d7c8b9a";

JournalAnswer read(const TempRoot& folder) {
    unsigned long taken = 0;
    JournalAnswer answer =
        read_kernel_journal(boot, folder.directory().string(), {}, [&taken](std::string_view) { ++taken; });
    CHECK(taken == answer.lines);
    return answer;
}

// One entry in the form that `journalctl -o export` prints, so many microseconds after the boot began.
std::string entry(unsigned long microseconds, const std::string& of_boot, const std::string& transport,
                  const std::string& message) {
    std::string hex = of_boot;
    hex.erase(std::remove(hex.begin(), hex.end(), '-'), hex.end());
    return "__REALTIME_TIMESTAMP=" + std::to_string(1'790'000'000'000'000 + microseconds) +
           "\n__MONOTONIC_TIMESTAMP=" + std::to_string(microseconds) + "\n_BOOT_ID=" + hex +
           "\n_TRANSPORT=" + transport + "\nMESSAGE=" + message + "\n\n";
}

void write_journal(const TempRoot& folder, const std::string& entries) {
    ProcessRequest request;
    request.argv = {"/lib/systemd/systemd-journal-remote", "--output=" + folder.on_host("/system.journal").string(),
                    "-"};
    request.input = entries;
    const ProcessResult result = run_process(request, [](std::string_view) {});
    REQUIRE_MESSAGE(result.end == ProcessEnd::exited,
                    "systemd-journal-remote is needed: see packaging/dependencies.sh");
    REQUIRE_MESSAGE(result.exit_status == 0, result.error_output);
}

}  // namespace

TEST_CASE("of a real journal, the kernel's lines of this boot are read, the oldest first") {
    const TempRoot folder;
    const std::string other_boot = "11111111-2222-3333-4444-555555555555";
    write_journal(folder, entry(1'000, other_boot, "kernel", "of another boot") +
                              entry(2'000, boot, "kernel", "Booting Linux on physical CPU 0x0000000000") +
                              entry(3'000'000, boot, "syslog", "nvgpu: said by a program") +
                              entry(9'000'000, boot, "kernel", "nvgpu: 17000000.gpu nvgpu_rc_mmu_fault:277 [ERR]"));
    std::vector<std::string> lines;
    const JournalAnswer answer = read_kernel_journal(boot, folder.directory().string(), {},
                                                     [&lines](std::string_view line) { lines.emplace_back(line); });
    CHECK(answer.failure.empty());
    CHECK_FALSE(answer.cut);
    CHECK(lines == std::vector<std::string>{"Booting Linux on physical CPU 0x0000000000",
                                            "nvgpu: 17000000.gpu nvgpu_rc_mmu_fault:277 [ERR]"});
}

TEST_CASE("a journal that lost the boot's first lines, and one over the limit, are cut") {
    const TempRoot late;
    write_journal(late, entry(900'000'000, boot, "kernel", "usb 1-1: new device"));
    CHECK(read(late).cut);
    const TempRoot full;
    std::string entries;
    for (unsigned long i = 0; i < 50; ++i) entries += entry(1'000 * i, boot, "kernel", "line " + std::to_string(i));
    write_journal(full, entries);
    LogLimits limits;
    limits.lines = 20;
    const JournalAnswer answer = read_kernel_journal(boot, full.directory().string(), limits, [](std::string_view) {});
    CHECK(answer.cut);
    CHECK(answer.lines == 20);
}

TEST_CASE("a folder without journals has no line, and that is no failure") {
    const TempRoot folder;
    const JournalAnswer answer = read(folder);
    CHECK(answer.lines == 0);
    CHECK_FALSE(answer.cut);
    CHECK(answer.failure.empty());
}

TEST_CASE("a folder that is not there, and a boot id that is none, are failures or nothing, never a crash") {
    CHECK_FALSE(read_kernel_journal(boot, "/no/such/folder", {}, [](std::string_view) {}).failure.empty());
    const TempRoot folder;
    CHECK(read_kernel_journal("", folder.directory().string(), {}, [](std::string_view) {}).lines == 0);
}

TEST_CASE("files that are no journal are passed over") {
    const TempRoot folder;
    for (unsigned seed = 0; seed < 50; ++seed) {
        folder.write("/system.journal", "LPKSHHRH" + random_bytes(seed, 4000));
        folder.write("/user-1000.journal", random_bytes(seed + 1000, 400));
        CHECK(read(folder).lines == 0);
    }
}
