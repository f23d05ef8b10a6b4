// A release that came out after us is no fault of the board. A thousand made-up release files, read from a folder as a
// board's is and judged with software of that very release: new releases of known lines pass as such, new lines are
// left open, nonsense is called garbled, and nothing fails for being new or is given a JetPack that nobody told us.

#include <random>

#include <doctest/doctest.h>

#include "probes/collect.hpp"
#include "tests/daemon/checks/software_facts.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/platform/our_catalog.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr unsigned count = 1'000;

const std::vector<std::string_view> judges_of_software = {"l4t-packages-agree",
                                                          "cuda-packages-agree",
                                                          "cuda-packages-fit-release",
                                                          "cuda-packages-are-for-this-board",
                                                          "no-desktop-driver-is-installed",
                                                          "cudnn-fits-cuda",
                                                          "tensorrt-fits-cuda"};

std::string release_file(int line, const std::string& revision) {
    return "# R" + std::to_string(line) + " (release), REVISION: " + revision +
           ", GCID: 49999999, BOARD: generic, EABI: aarch64, DATE: Fri Jan 16 03:50:45 UTC 2026\n";
}

Facts facts_of(const std::string& text, const std::string& soc) {
    const TempRoot board;
    board.write("/etc/nv_tegra_release", text);
    CollectRequest request;
    request.soc = soc;
    request.probe = false;
    Facts facts = collect(SystemRoot(board.directory()), our_catalog(), request);
    const SocRecord* record = our_catalog().soc(soc);
    REQUIRE(record != nullptr);
    Board made;
    made.tegra = true;
    made.soc = *record;
    facts.board = Fact<Board>(made, "/proc/device-tree/compatible");
    return facts;
}

// Software that a release of such a line might bring: nothing in it is wrong.
Facts with_its_software(Facts facts, const CudaVersion& cuda) {
    if (!facts.release.known()) return facts;
    Software software;
    software.databases = {PackageDatabase::dpkg};
    for (const char* name : {"nvidia-l4t-core", "nvidia-l4t-cuda"}) {
        software.l4t.push_back(l4t_package(name, facts.release->l4t.value_or(L4tRelease{})));
    }
    facts.software = Fact<Software>(software, "/var/lib/dpkg/status");
    facts.toolkits = Fact<std::vector<Toolkit>>(std::vector<Toolkit>{}, "/usr/local");
    const CudaBuild build = cuda.major >= 13 ? CudaBuild::sbsa : CudaBuild::tegra;
    std::vector<InstalledComponent> components = cuda_set(cuda, build);
    components.push_back(
        named("cudnn", "libcudnn9-cuda-" + std::to_string(cuda.major), "9.99.1.2", CudaVersion{cuda.major, -1}));
    components.push_back(named("tensorrt", "libnvinfer10", "10.99.0.1", cuda));
    return with_software(std::move(facts), components);
}

// What no release may meet for being new, whichever it is.
void check_promises(const Facts& facts) {
    const bool in_data = facts.release.known() && facts.release->l4t && our_catalog().release(*facts.release->l4t);
    CHECK(facts.reference.known() == in_data);
    const CheckResult known = judged("l4t-release-is-known", facts);
    CHECK((known.code == "ok" || known.code == "unknown-newer" || known.code == "line-unknown" ||
           known.code == "line-not-supported" || known.code == "garbled"));
    CHECK((known.status == Status::fail) == !facts.release.known());
    if (!in_data) CHECK(known.summary.find("JetPack") == std::string::npos);
    for (const std::string_view id : judges_of_software) {
        const CheckResult result = judged(id, facts);
        CAPTURE(id);
        CAPTURE(result.summary);
        CHECK(result.status != Status::fail);
    }
}

}  // namespace

TEST_CASE("new releases of known lines are judged by their line") {
    struct Line {
        int number;
        std::string soc;
        CudaVersion cuda;
    };
    const std::vector<Line> lines = {{35, "T194", {11, 4}}, {35, "T234", {11, 4}}, {36, "T234", {12, 6}},
                                     {38, "T264", {13, 0}}, {39, "T264", {13, 2}}, {39, "T234", {13, 2}}};
    std::mt19937 random(20'260'101);
    unsigned newer = 0;
    for (unsigned i = 0; i < count / 2; ++i) {
        const Line& line = lines[random() % lines.size()];
        const std::string revision = std::to_string(random() % 40) + '.' + std::to_string(random() % 12);
        CAPTURE(line.number);
        CAPTURE(revision);
        const Facts facts = with_its_software(facts_of(release_file(line.number, revision), line.soc), line.cuda);
        check_promises(facts);
        const CheckResult known = judged("l4t-release-is-known", facts);
        CHECK(known.status == Status::pass);
        if (known.code == "unknown-newer") ++newer;
        CHECK(judged("l4t-release-supports-soc", facts).code == "ok");
        CHECK(judged("l4t-packages-agree", facts).code == "ok");
        CHECK(judged("cuda-packages-agree", facts).code == "ok");
        if (!facts.reference.known()) {
            CHECK(judged("cuda-packages-fit-release", facts).code == "no-reference");
            CHECK(judged("cudnn-fits-cuda", facts).code == "fits-cuda");
            CHECK(judged("tensorrt-fits-cuda", facts).code == "fits-cuda");
        }
    }
    CHECK(newer > count / 3);
}

TEST_CASE("new lines are left open, and old ones are called too old") {
    std::mt19937 random(20'260'102);
    for (unsigned i = 0; i < count / 4; ++i) {
        const int line = static_cast<int>(random() % 110);
        const std::string soc = i % 2 == 0 ? "T234" : "T264";
        const std::string revision = std::to_string(random() % 20) + '.' + std::to_string(random() % 9);
        CAPTURE(line);
        CAPTURE(revision);
        const Facts facts = with_its_software(facts_of(release_file(line, revision), soc), {14, 0});
        check_promises(facts);
        if (!facts.release.known() || our_catalog().line(line) != nullptr) continue;
        CHECK(judged("l4t-release-is-known", facts).code == "line-unknown");
        CHECK(judged("l4t-release-is-known", facts).status == Status::unknown);
        CHECK(judged("l4t-release-supports-soc", facts).status == Status::unknown);
    }
}

TEST_CASE("nonsense in the release file is garbled or read for what it says, and never more") {
    for (unsigned i = 0; i < count / 4; ++i) {
        const std::string text = i % 4 == 0 ? random_bytes(i, 300) : mutated(release_file(36, "5.0"), i);
        CAPTURE(text);
        const Facts facts = with_its_software(facts_of(text, "T234"), {12, 6});
        check_promises(facts);
        if (!facts.release.known()) CHECK(judged("l4t-release-is-known", facts).code == "garbled");
    }
}
