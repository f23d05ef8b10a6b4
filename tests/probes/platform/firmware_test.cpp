#include "probes/platform/firmware.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {

TEST_CASE("every form in which firmware names its release") {
    CHECK(parse_firmware_version("36.4.4-gcid-41062509") == L4tRelease{36, 4, 4});
    CHECK(parse_firmware_version("v38.2.1") == L4tRelease{38, 2, 1});
    CHECK(parse_firmware_version("35.6.1-06cb4270ebfe") == L4tRelease{35, 6, 1});
    CHECK(parse_firmware_version("39.2.0-gcid-45755727\n") == L4tRelease{39, 2, 0});
    CHECK(parse_firmware_version("36.5.0") == L4tRelease{36, 5, 0});
}

TEST_CASE("up to R35 firmware names itself without the line") {
    CHECK(parse_firmware_version("4.1-33958178") == L4tRelease{35, 4, 1});
    CHECK(parse_firmware_version("5.0-35550185") == L4tRelease{35, 5, 0});
    CHECK(parse_firmware_version("3.1-32827747") == L4tRelease{35, 3, 1});
}

TEST_CASE("a vendor's own version names no release") {
    for (const char* text :
         {"", "v", "1.0", "4.1", "2.3-rc1", "4.1-beta", "1.2.3", "v1.1.2-901d3c52", "202210.3-aebcd", "36", "36.4.4.1",
          "36.4.4x", "99.1.2", "ACME 36.4.4", "F.12", "edk2-stable202302", "4.1-123", "36..4", "1.15.0-gcid-123"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_firmware_version(text).has_value());
    }
}

TEST_CASE("the text is read from the DMI table, and told also where it names no release") {
    const testing::TempRoot board;
    const SystemRoot root(board.directory());
    const Fact<Firmware> nothing = read_firmware(root);
    REQUIRE(nothing.lacks(Lack::not_there));
    CHECK(nothing.missing().source == "/sys/devices/virtual/dmi/id/bios_version");
    board.write("/sys/devices/virtual/dmi/id/bios_version", "36.5.0-gcid-43688277\n");
    const Fact<Firmware> firmware = read_firmware(root);
    REQUIRE(firmware.known());
    CHECK(firmware->text == "36.5.0-gcid-43688277");
    CHECK(firmware->l4t == L4tRelease{36, 5, 0});
    CHECK(firmware.source() == "/sys/devices/virtual/dmi/id/bios_version");
    board.write("/sys/devices/virtual/dmi/id/bios_version", "vendor 1\x1b\n");
    CHECK(read_firmware(root)->text == "vendor 1?");
    CHECK_FALSE(read_firmware(root)->l4t.has_value());
}

TEST_CASE("no text makes the parser misbehave") {
    for (unsigned seed = 0; seed < 4000; ++seed) {
        for (const std::string& text :
             {testing::random_bytes(seed, 30), testing::mutated("36.4.4-gcid-41062509", seed)}) {
            const auto release = parse_firmware_version(text);
            if (release) CHECK(release->line >= 35);
        }
    }
}

}  // namespace jetcuda
