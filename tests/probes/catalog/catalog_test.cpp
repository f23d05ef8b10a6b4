#include "probes/catalog/catalog.hpp"

#include <algorithm>
#include <tuple>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

const std::filesystem::path our_data = std::filesystem::path(JETCUDA_SOURCE_DIR) / "config/data";

constexpr std::string_view socs =
    R"({"about":"a test","socs":[{"id":"T234","name":"Orin","support":"supported","capability":"8.7",
        "compatible":["nvidia,tegra234"],"soc0_id":"35","gpu_module":"nvgpu","gpu_variant":"nvgpu",
        "modules":{"p3767-0000":"Jetson Orin NX 16GB"},"source":["one","two"]}]})";
constexpr std::string_view releases =
    R"({"lines":[{"line":36,"support":"supported","socs":["T234"],"source":["x"]}],
        "releases":[{"l4t":"36.5.0","jetpack":"6.2.2","cuda":"12.6","driver_cuda":12060,"driver_version":"540.5.0",
        "kernel":null,"socs":["T234"],"components":{"cuda_cudart":"12.6.68"},"cudnn":"9.3.0.75","tensorrt":null,
        "compat":{"lowest":"12.4","highest":"12.9"},"source":["x"]}]})";

constexpr std::string_view packages = R"({"components":[{"id":"cuda_cudart","kind":"runtime","source":["x"]}]})";
constexpr std::string_view compats =
    R"({"compats":[{"soc":"T234","line":36,"product":"l4t","promised":["12.4","12.9"],"reported":["12.7"],
        "known_up_to":"13.4","source":["x","y"]},
        {"soc":"T234","line":36,"product":"orin","promised":null,"known_up_to":"13.4","source":["x"]}]})";
constexpr std::string_view container_files =
    R"({"container_files":[{"id":"nvmap","variants":["nvgpu"],"lists":["csv"],"kind":"node",
        "names":["/dev/nvmap"],"source":["x"]}]})";

// Data of a test: those above, with drop-ins.
struct Data {
    Data() {
        folder.write("/data/socs.json", socs);
        folder.write("/data/releases.json", releases);
        folder.write("/data/packages.json", packages);
        folder.write("/data/compat.json", compats);
        folder.write("/data/container_files.json", container_files);
        folder.write("/data/driver_companions.json", "{}");
        folder.write("/data/kernel_faults.json", "{}");
    }
    [[nodiscard]] Catalog load() const { return load_catalog(folder.on_host("/data"), folder.on_host("/data.d")); }
    [[nodiscard]] std::string refusal() const {
        try {
            static_cast<void>(load());
        } catch (const CatalogError& error) {
            return error.what();
        }
        return "";
    }
    TempRoot folder;
};

std::string refusal_of_drop_in(std::string_view content) {
    const Data data;
    data.folder.write("/data.d/a.json", content);
    return data.refusal();
}

}  // namespace

TEST_CASE("for a board that is only described no more is read than tells of it") {
    const Data data;
    data.folder.write("/data/packages.json", "no JSON");
    CHECK_THROWS_AS((void)data.load(), CatalogError);
    const Catalog catalog =
        load_catalog(data.folder.on_host("/data"), data.folder.on_host("/data.d"), CatalogUse::described_board);
    CHECK_FALSE(catalog.socs.empty());
    CHECK_FALSE(catalog.lines.empty());
    CHECK(catalog.components.empty());
    const Catalog whole = load_catalog(our_data, "/no/such/folder");
    const Catalog ours = load_catalog(our_data, "/no/such/folder", CatalogUse::described_board);
    CHECK(ours.releases.size() == whole.releases.size());
    CHECK(ours.compats.size() == whole.compats.size());
    data.folder.write("/data/releases.json", "no JSON");
    CHECK_THROWS_AS((void)load_catalog(data.folder.on_host("/data"), "/none", CatalogUse::described_board),
                    CatalogError);
}

TEST_CASE("our own data load, and hold what the checks rest on") {
    const Catalog catalog = load_catalog(our_data, "/no/such/folder");
    for (const auto& [id, sm, module, variant] :
         {std::tuple{"T194", 72, "nvgpu", "nvgpu"}, std::tuple{"T234", 87, "nvgpu", "nvgpu"},
          std::tuple{"T264", 110, "nvidia", "openrm"}}) {
        CAPTURE(id);
        const SocRecord* soc = catalog.soc(id);
        REQUIRE(soc != nullptr);
        CHECK(soc->support == SocSupport::supported);
        CHECK(soc->capability.sm() == sm);
        CHECK(soc->gpu_module == module);
        CHECK(soc->gpu_variant == variant);
        CHECK_FALSE(soc->modules.empty());
        CHECK_FALSE(soc->source.empty());
    }
    CHECK(catalog.soc("T186")->support == SocSupport::left_behind);
    CHECK(catalog.soc("T210")->support == SocSupport::left_behind);
    CHECK(catalog.soc("T999") == nullptr);

    REQUIRE(catalog.container_files.size() > 10);
    CHECK(catalog.container_files.front().id == "libcuda");
    CHECK(catalog.container_files.front().csv);
    CHECK(catalog.container_files.front().cdi);

    CHECK(catalog.line(35)->socs == std::vector<std::string>{"T194", "T234"});
    CHECK(catalog.line(36)->socs == std::vector<std::string>{"T234"});
    CHECK(catalog.line(38)->socs == std::vector<std::string>{"T264"});
    CHECK(catalog.line(39)->socs == std::vector<std::string>{"T234", "T264"});
    for (const int line : {35, 36, 38, 39}) CHECK(catalog.line(line)->support == LineSupport::supported);
    for (const int line : {21, 23, 24, 27, 28, 31, 32, 34}) {
        CAPTURE(line);
        REQUIRE(catalog.line(line) != nullptr);
        CHECK(catalog.line(line)->support == LineSupport::not_supported);
    }
    CHECK(catalog.line(37) == nullptr);

    const ReleaseRecord* release = catalog.release({36, 5, 0});
    REQUIRE(release != nullptr);
    CHECK(release->jetpack == "6.2.2");
    CHECK(release->cuda == CudaVersion{12, 6});
    CHECK(release->driver_cuda == CudaVersion{12, 6});
    CHECK(release->driver_version == "540.5.0");
    CHECK(release->kernel == "5.15.185");
    CHECK(release->components.at("cuda_cudart") == "12.6.68");
    REQUIRE(release->compat.has_value());
    CHECK(release->compat->highest == CudaVersion{12, 9});
    CHECK_FALSE(catalog.release({36, 5, 2})->jetpack.has_value());  // established by nobody
    CHECK_FALSE(catalog.release({38, 2, 1})->driver_cuda.has_value());
    CHECK(catalog.release({36, 99, 0}) == nullptr);
    CHECK(std::is_sorted(catalog.releases.begin(), catalog.releases.end(),
                         [](const auto& left, const auto& right) { return left.l4t < right.l4t; }));
    // A branch of the driver leads to one line: the line of a Yocto image is found by it.
    for (const ReleaseRecord& one : catalog.releases) {
        for (const ReleaseRecord& other : catalog.releases) {
            if (!one.driver_version || !other.driver_version) continue;
            if (one.driver_version->substr(0, 3) == other.driver_version->substr(0, 3)) {
                CHECK(one.l4t.line == other.l4t.line);
            }
        }
    }
}

TEST_CASE("every field of a record is read") {
    const Catalog catalog = Data().load();
    const SocRecord* soc = catalog.soc("T234");
    REQUIRE(soc != nullptr);
    CHECK(soc->name == "Orin");
    CHECK(soc->capability == Capability{8, 7});
    CHECK(soc->compatible == std::vector<std::string>{"nvidia,tegra234"});
    CHECK(soc->soc0_id == "35");
    CHECK(soc->modules.at("p3767-0000") == "Jetson Orin NX 16GB");
    CHECK(soc->source == "one; two");
    const ReleaseRecord* release = catalog.release({36, 5, 0});
    REQUIRE(release != nullptr);
    CHECK_FALSE(release->kernel.has_value());
    CHECK(release->socs == std::vector<std::string>{"T234"});
    CHECK(release->cudnn == "9.3.0.75");
    CHECK_FALSE(release->tensorrt.has_value());
    CHECK(release->compat->lowest == CudaVersion{12, 4});
    REQUIRE(catalog.compats.size() == 2);
    const CompatRecord& l4t = catalog.compats.front();
    CHECK(l4t.id == "T234 R36 l4t");
    CHECK(l4t.soc == "T234");
    CHECK(l4t.line == 36);
    CHECK(l4t.product == "l4t");
    CHECK(l4t.listed);
    CHECK(l4t.promised == std::vector<CudaVersion>{{12, 4}, {12, 9}});
    CHECK(l4t.reported == std::vector<CudaVersion>{{12, 7}});
    CHECK(l4t.known_up_to == CudaVersion{13, 4});
    CHECK(l4t.source == "x; y");
    CHECK_FALSE(catalog.compats.back().listed);
    CHECK(catalog.compats.back().promised.empty());
}

TEST_CASE("the windows of our releases are those of our compat records") {
    const Catalog catalog = load_catalog(our_data, "/no/such/folder");
    for (const char* id : {"T194 R35 l4t", "T234 R35 l4t", "T234 R36 l4t", "T234 R36 orin", "T264 R38 sbsa",
                           "T234 R39 orin", "T264 R39 sbsa"}) {
        CAPTURE(id);
        CHECK(std::any_of(catalog.compats.begin(), catalog.compats.end(),
                          [&](const CompatRecord& record) { return record.id == id; }));
    }
    for (const ReleaseRecord& release : catalog.releases) {
        if (!release.compat) continue;
        CAPTURE(release.l4t.text());
        int windows = 0;
        for (const CompatRecord& record : catalog.compats) {
            if (record.line != release.l4t.line || record.promised.empty()) continue;
            ++windows;
            CHECK(record.promised.front() == release.compat->lowest);
            CHECK(record.promised.back() == release.compat->highest);
        }
        CHECK(windows > 0);
    }
}

TEST_CASE("drop-ins extend and replace record by record, in the order of their names") {
    const Data data;
    data.folder.write("/data.d/20.json",
                      R"({"releases":[{"l4t":"36.6.0","jetpack":"6.3","source":["late"]},
                                      {"l4t":"36.5.0","jetpack":"7","source":["late"]}]})");
    data.folder.write("/data.d/10.json", R"({"releases":[{"l4t":"36.6.0","cuda":"12.8","source":["early"]}],
                                             "lines":[{"line":40,"support":"supported","socs":[],"source":["x"]}]})");
    data.folder.write("/data.d/note.txt", "not read");
    data.folder.write("/data.d/.10.json.swp.json", "not read");
    const Catalog catalog = data.load();
    const ReleaseRecord* added = catalog.release({36, 6, 0});
    REQUIRE(added != nullptr);
    CHECK(added->jetpack == "6.3");
    CHECK_FALSE(added->cuda.has_value());  // the whole record was replaced
    CHECK(catalog.release({36, 5, 0})->jetpack == "7");
    CHECK_FALSE(catalog.release({36, 5, 0})->driver_cuda.has_value());
    CHECK(catalog.line(40) != nullptr);
    CHECK(catalog.releases.size() == 2);
    data.folder.write("/data.d/30.json",
                      R"({"compats":[{"soc":"T234","line":36,"product":"l4t","promised":[],"known_up_to":"13.5",
                                     "source":["later"]}]})");
    const Catalog later = data.load();
    CHECK(later.compats.size() == 2);
    CHECK(later.compats.front().promised.empty());
    CHECK(later.compats.front().listed);
}

TEST_CASE("a file that breaks a rule is refused with file, record, key and way out") {
    struct Case {
        std::string_view content;
        std::string_view complaint;
    };
    for (
        const auto& [content, complaint] : {
            Case{R"({"releases":[{"l4t":"36.6.0","jetpak":"6.3","source":["x"]}]})",
                 "a.json: releases[0] (36.6.0): unknown key \"jetpak\"; the keys are l4t, jetpack, cuda"},
            Case{R"({"releases":[{"l4t":"36","source":["x"]}]})", R"(releases[0]: "l4t" is "36"; it must be)"},
            Case{R"({"releases":[{"jetpack":"6.3","source":["x"]}]})", R"("l4t" is missing)"},
            Case{R"({"releases":[{"l4t":"36.6.0"}]})", R"(releases[0] (36.6.0): "source" is missing)"},
            Case{R"({"releases":[{"l4t":"36.6.0","source":[]}]})", R"("source" is empty)"},
            Case{R"({"releases":[{"l4t":"36.6.0","source":"x"}]})", R"("source" must be a list of texts)"},
            Case{R"({"releases":[{"l4t":"36.6.0","source":["x",3]}]})", R"("source" must be a list of texts)"},
            Case{R"({"releases":[{"l4t":"36.6.0","driver_cuda":12.6,"source":["x"]}]})", R"("driver_cuda" must be)"},
            Case{R"({"releases":[{"l4t":"36.6.0","driver_cuda":12061,"source":["x"]}]})", "must have the form 12060"},
            Case{R"({"releases":[{"l4t":"36.6.0","driver_cuda":99999999999999999999,"source":["x"]}]})",
                 R"("driver_cuda" must be)"},
            Case{R"({"releases":[{"l4t":"36.6.0","cuda":"12","source":["x"]}]})", R"("cuda" is "12")"},
            Case{R"({"releases":[{"l4t":"36.6.0","jetpack":6,"source":["x"]}]})", R"("jetpack" must be text or null)"},
            Case{R"({"releases":[{"l4t":"36.6.0","jetpack":"","source":["x"]}]})", R"("jetpack" must be text or null)"},
            Case{R"({"releases":[{"l4t":"36.6.0","components":{"a":null},"source":["x"]}]})",
                 "\"components\" must hold texts only; \"a\" is none"},
            Case{R"({"releases":[{"l4t":"36.6.0","compat":{"lowest":"12.9","highest":"12.4"},"source":["x"]}]})",
                 "lowest and highest, in this order"},
            Case{R"({"releases":[{"l4t":"36.6.0","compat":{"low":"12.4"},"source":["x"]}]})", "unknown key \"low\""},
            Case{R"({"releases":[{"l4t":"36.6.0","source":["x"]},{"l4t":"36.6.0","source":["x"]}]})",
                 "releases[1] (36.6.0): stands twice in this file"},
            Case{R"({"releases":[{"l4t":"41.0.0","source":["x"]}]})", "the line R41, which has no record"},
            Case{R"({"releases":[{"l4t":"36.6.0","socs":["T1"],"source":["x"]}]})", "the SoC T1, which has no record"},
            Case{R"({"releases":[3]})", "releases[0]: a record must be an object"},
            Case{R"({"releases":{}})", "\"releases\" must be a list of records"},
            Case{R"({"release":[]})", "unknown key \"release\"; the keys are about, socs, lines, releases"},
            Case{R"({"compats":[{"soc":"T234","line":36,"product":"jetson","known_up_to":"13.4","source":["x"]}]})",
                 R"("product" is "jetson"; it must be l4t or sbsa or orin)"},
            Case{R"({"compats":[{"soc":"T234","line":36,"product":"l4t","source":["x"]}]})",
                 R"(compats[0] (T234 R36 l4t): "known_up_to" is missing)"},
            Case{R"({"compats":[{"soc":"T234","line":36,"product":"l4t","promised":["12"],"source":["x"]}]})",
                 R"("promised" holds "12")"},
            Case{R"({"compats":[{"soc":"T234","line":36,"product":"l4t","promised":["12.9","12.4"],"source":["x"]}]})",
                 R"("promised" must be in ascending order)"},
            Case{
                R"({"compats":[{"soc":"T234","line":36,"product":"l4t","promise":[],"known_up_to":"13.4","source":["x"]}]})",
                R"(unknown key "promise")"},
            Case{R"({"compats":[{"soc":"T1","line":36,"product":"l4t","known_up_to":"13.4","source":["x"]}]})",
                 "the SoC T1, which has no record"},
            Case{R"({"compats":[{"soc":"T234","line":44,"product":"l4t","known_up_to":"13.4","source":["x"]}]})",
                 "the compat record T234 R44 l4t is of a line that has no record"},
            Case{R"([])", "must be an object"},
            Case{R"({"lines":[{"line":"36","support":"supported","socs":[],"source":["x"]}]})", R"("line" must be)"},
            Case{R"({"lines":[{"line":36,"support":"yes","socs":[],"source":["x"]}]})",
                 "lines[0] (R36): \"support\" is \"yes\"; it must be supported or not-supported"},
            Case{R"({"lines":[{"line":36,"support":"supported","source":["x"]}]})", R"("socs" is missing)"},
            Case{R"({"socs":[{"id":"T1","name":"x","support":"supported","capability":"87","compatible":["a"],
                      "soc0_id":"1","gpu_module":"nvgpu","gpu_variant":"nvgpu","source":["x"]}]})",
                 R"(socs[0] (T1): "capability" is "87")"},
            Case{R"({"socs":[{"id":"T1","name":"x","support":"supported","capability":"8.7","compatible":["a"],
                      "soc0_id":"0x23","gpu_module":"nvgpu","gpu_variant":"nvgpu","source":["x"]}]})",
                 "\"soc0_id\" must be the chip's number in decimal"},
            Case{R"({"socs":[{"id":"T1","name":"x","support":"supported","capability":"8.7",
                      "compatible":["nvidia,tegra234"],"soc0_id":"1","gpu_module":"nvgpu","gpu_variant":"nvgpu",
                      "source":["x"]}]})",
                 "have the compatible word \"nvidia,tegra234\""},
            Case{R"({"container_files":[{"id":"a","variants":["amd"],"lists":[],"kind":"node","names":["/dev/a"],
                      "source":["x"]}]})",
                 R"(container_files[0] (a): "variants" must hold nvgpu or openrm)"},
            Case{R"({"container_files":[{"id":"a","variants":["nvgpu"],"lists":["x"],"kind":"node",
                      "names":["/dev/a"],"source":["x"]}]})",
                 R"("lists" must hold csv or cdi)"},
            Case{R"({"container_files":[{"id":"a","variants":["nvgpu"],"lists":["csv"],"kind":"library",
                      "names":["/dev/a"],"source":["x"]}]})",
                 R"("names" must hold paths below /dev for a node)"},
            Case{"{\"socs\":[\n{\"id\":}]}", "line 2"},
            Case{R"({"socs":[],"socs":[]})", "\"socs\" stands twice"},
            Case{"", "line 1"},
        }) {
        CAPTURE(content);
        const std::string refusal = refusal_of_drop_in(content);
        CAPTURE(refusal);
        CHECK(refusal.find(complaint) != std::string::npos);
        CHECK(refusal.find("; correct the file") != std::string::npos);
    }
}

TEST_CASE("data that are not there are an error, and a folder of drop-ins that is not there is none") {
    const TempRoot folder;
    CHECK_THROWS_AS(load_catalog(folder.directory(), folder.directory()), CatalogError);
    const Data data;
    CHECK(data.refusal().empty());
    data.folder.make_directory("/data.d/folder.json");
    CHECK(data.refusal().find("folder.json: is no file") != std::string::npos);
}

TEST_CASE("no drop-in makes loading misbehave") {
    const Data data;
    for (unsigned seed = 0; seed < 80; ++seed) {
        data.folder.write("/data.d/a.json", seed % 4 == 0 ? testing::random_bytes(seed, 80)
                                                          : testing::mutated(seed % 2 == 0 ? releases : compats, seed));
        CHECK((data.refusal().empty() || data.refusal().find("; correct the file") != std::string::npos));
    }
}

}  // namespace jetcuda
