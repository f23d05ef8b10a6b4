// The journal's files have systemd's own format, and only systemd-journald writes it: a folder without any, and files
// that are no journal, are what a test can make everywhere.

#include "probes/platform/journal.hpp"

#include <doctest/doctest.h>

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

}  // namespace

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
