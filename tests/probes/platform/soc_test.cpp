#include "probes/platform/soc.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/platform/our_catalog.hpp"

namespace jetcuda {
namespace {

using testing::our_catalog;
using testing::TempRoot;

const Fact<Release> no_release = Missing{Lack::not_there, "no release", "/etc/nv_tegra_release"};
const Fact<Release> some_release{Release{36, L4tRelease{36, 5, 0}, ReleaseOrigin::release_file, ""},
                                 "/etc/nv_tegra_release, line 1"};

Fact<Board> board_of(const TempRoot& folder, const Fact<Release>& release = no_release) {
    return read_board(SystemRoot(folder.directory()), our_catalog(), std::nullopt, release);
}

// The words of a compatible list, each with its NUL.
std::string words(const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& word : list) text.append(word).append(1, '\0');
    return text;
}

// As on a machine: /proc/device-tree is a link.
void put_device_tree(const TempRoot& folder, const std::vector<std::string>& compatible, const std::string& model) {
    if (!std::filesystem::exists(folder.on_host("/proc")))
        folder.link("/proc/device-tree", "/sys/firmware/devicetree/base");
    folder.write("/sys/firmware/devicetree/base/compatible", words(compatible));
    folder.write("/sys/firmware/devicetree/base/model", model + '\0');
}

}  // namespace

TEST_CASE("the device tree names SoC, module and model") {
    struct Case {
        std::vector<std::string> compatible;
        std::string soc, module, chip;
    };
    for (const auto& [compatible, soc, module, chip] : {
             Case{{"nvidia,p3768-0000+p3767-0000-super", "nvidia,p3767-0000", "nvidia,tegra234"},
                  "T234",
                  "p3767-0000",
                  "nvidia,tegra234"},
             Case{{"nvidia,p3737-0000+p3701-0005", "nvidia,p3701-0005", "nvidia,tegra234"},
                  "T234",
                  "p3701-0005",
                  "nvidia,tegra234"},
             Case{{"nvidia,p3737-0000+p3701-0000", "nvidia,tegra23x"}, "T234", "p3701-0000", "nvidia,tegra23x"},
             Case{{"nvidia,p4071-0000+p3834-0008", "nvidia,p3834-0008", "nvidia,tegra264"},
                  "T264",
                  "p3834-0008",
                  "nvidia,tegra264"},
             Case{{"nvidia,p3449-0000+p3668-0001", "nvidia,p3668-0001", "nvidia,tegra194"},
                  "T194",
                  "p3668-0001",
                  "nvidia,tegra194"},
             Case{{"nvidia,p2972-0000", "nvidia,tegra194"}, "T194", "", "nvidia,tegra194"},
             Case{{"nvidia,p3450-0000", "nvidia,tegra210"}, "T210", "", "nvidia,tegra210"},
             Case{{"acme,carrier", "nvidia,p3768-0000+p3767-0077", "nvidia,tegra234"},
                  "T234",
                  "p3767-0077",
                  "nvidia,tegra234"},
             Case{{"acme,carrier-p37670-0000", "nvidia,tegra234", "acme,base"}, "T234", "", "nvidia,tegra234"},
         }) {
        CAPTURE(compatible.front());
        const TempRoot folder;
        put_device_tree(folder, compatible, "NVIDIA Jetson");
        const Fact<Board> board = board_of(folder);
        REQUIRE(board.known());
        CHECK(board->tegra);
        REQUIRE(board->soc.has_value());
        CHECK(board->soc->id == soc);
        CHECK(board->module == module);
        CHECK(board->chip == chip);
        CHECK(board->model == "NVIDIA Jetson");
        CHECK(board.source() == "/proc/device-tree/compatible");
    }
}

TEST_CASE("where the list does not name the module, the source of the tree does") {
    const TempRoot folder;
    put_device_tree(folder, {"nvidia,tegra194"}, "Jetson-AGX");
    folder.write("/sys/firmware/devicetree/base/nvidia,dtsfilename",
                 std::string("/dvs/git/tegra194-p2888-0001-p2822-0000.dts\0", 44));
    CHECK(board_of(folder)->module == "p2888-0001");
}

TEST_CASE("a Tegra chip that the data do not know is a Tegra without a SoC") {
    const TempRoot folder;
    put_device_tree(folder, {"nvidia,p9999-0000", "nvidia,tegra999"}, "NVIDIA Next");
    const Fact<Board> board = board_of(folder);
    REQUIRE(board.known());
    CHECK(board->tegra);
    CHECK_FALSE(board->soc.has_value());
    CHECK(board->chip == "nvidia,tegra999");
    CHECK(board->model == "NVIDIA Next");
}

TEST_CASE("where the device tree is hidden, as in a container, soc0 names the SoC") {
    const TempRoot folder;
    folder.make_directory("/sys/firmware");
    folder.link("/proc/device-tree", "/sys/firmware/devicetree/base");
    folder.write("/sys/devices/soc0/family", "Tegra\n");
    folder.write("/sys/devices/soc0/soc_id", "35\n");
    const Fact<Board> board = board_of(folder);
    REQUIRE(board.known());
    CHECK(board->soc->id == "T234");
    CHECK(board->chip == "soc_id 35");
    CHECK(board->module.empty());
    CHECK(board.source() == "/sys/devices/soc0/soc_id");

    // Firmware may register a device of its own first.
    folder.write("/sys/devices/soc0/family", "jep106:036b\n");
    folder.write("/sys/devices/soc0/soc_id", "jep106:036b:0241\n");
    folder.write("/sys/devices/soc1/family", "tegra\n");
    folder.write("/sys/devices/soc1/soc_id", "38\n");
    CHECK(board_of(folder)->soc->id == "T264");
    folder.write("/sys/devices/soc1/soc_id", "77\n");
    CHECK(board_of(folder)->tegra);
    CHECK_FALSE(board_of(folder)->soc.has_value());
}

TEST_CASE("a machine that names no Tegra is no Jetson, unless it has a release") {
    const TempRoot folder;
    Fact<Board> board = board_of(folder);
    REQUIRE(board.known());
    CHECK_FALSE(board->tegra);
    put_device_tree(folder, {"raspberrypi,5-model-b", "brcm,bcm2712"}, "Raspberry Pi 5");
    board = board_of(folder);
    REQUIRE(board.known());
    CHECK_FALSE(board->tegra);
    CHECK(board->chip == "brcm,bcm2712");

    board = board_of(folder, some_release);
    REQUIRE(board.lacks(Lack::not_there));
    CHECK(board.missing().why.find("/etc/nv_tegra_release, line 1 is a Jetson's") != std::string::npos);
    CHECK(board_of(folder, Missing{Lack::not_understood, "garbled", "/etc/nv_tegra_release"}).lacks(Lack::not_there));
}

TEST_CASE("--soc names the SoC of an image at rest") {
    const TempRoot folder;
    const SystemRoot root(folder.directory());
    const Fact<Board> board = read_board(root, our_catalog(), "T234", some_release);
    REQUIRE(board.known());
    CHECK(board->soc->id == "T234");
    CHECK(board.source() == "--soc");
    const Fact<Board> unknown = read_board(root, our_catalog(), "T999", some_release);
    REQUIRE(unknown.lacks(Lack::not_understood));
    CHECK(unknown.missing().why == "--soc names T999, and the data know T186, T194, T210, T234, T264");
}

TEST_CASE("a device tree that cannot be read is not taken for no Jetson") {
    const TempRoot folder;
    folder.link("/proc/device-tree", "device-tree");
    CHECK(board_of(folder).lacks(Lack::not_understood));
}

TEST_CASE("no content makes reading the board misbehave") {
    const TempRoot folder;
    const std::string good = words({"nvidia,p3768-0000+p3767-0000-super", "nvidia,p3767-0000", "nvidia,tegra234"});
    for (unsigned seed = 0; seed < 120; ++seed) {
        folder.write("/proc/device-tree/compatible",
                     seed % 3 == 0 ? testing::random_bytes(seed, 100) : testing::mutated(good, seed));
        const Fact<Board> board = board_of(folder);
        REQUIRE(board.known());
        for (const char c : board->chip) CHECK((c >= ' ' && c <= '~'));
    }
}

}  // namespace jetcuda
