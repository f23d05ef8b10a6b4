#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "firmware-matches-release";

Facts with_firmware(const std::string& text, std::optional<L4tRelease> l4t) {
    Facts facts = healthy_orin();
    facts.firmware = Fact<Firmware>(Firmware{text, l4t}, "/sys/devices/virtual/dmi/id/bios_version");
    return facts;
}
}  // namespace

TEST_CASE("firmware of the release, and of another minor of its line, pass") {
    CHECK(judged(id, with_firmware("36.5.0-gcid-1", L4tRelease{36, 5, 0})).code == "ok");
    const CheckResult older = judged(id, with_firmware("36.4.4-gcid-41062509", L4tRelease{36, 4, 4}));
    CHECK(older.code == "minor-differs");
    CHECK(older.status == Status::pass);
    CHECK(older.summary.find("36.4.4") != std::string::npos);
    CHECK(older.evidence.front().value == "36.4.4-gcid-41062509");
}

TEST_CASE("firmware of another line fails") {
    const CheckResult result = judged(id, with_firmware("4.1-33958178", L4tRelease{35, 4, 1}));
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.code == "other-line");
    CHECK(result.summary == "The boot firmware is of L4T 35.4.1, but the root file system is of the line R36");
    Facts nix = with_firmware("4.1-33958178", L4tRelease{35, 4, 1});
    nix.distribution = Fact<Distribution>(Distribution::nixos, "/etc/os-release");
    CHECK(judged(id, nix).remedy.find("hardware.nvidia-jetpack.firmware.autoUpdate = true;") != std::string::npos);
}

TEST_CASE("a vendor's own firmware version is no false alarm") {
    const CheckResult result = judged(id, with_firmware("ACME 7.3", std::nullopt));
    CHECK(result.code == "vendor-firmware");
    CHECK(result.status == Status::not_applicable);
}

TEST_CASE("where only the line is known, the line is compared") {
    Facts facts = with_firmware("36.4.4", L4tRelease{36, 4, 4});
    facts.release.value().l4t.reset();
    CHECK(judged(id, facts).code == "same-line");
    facts.release.value().line = 39;
    CHECK(judged(id, facts).code == "other-line");
}

TEST_CASE("no firmware version is unknown on a running board, and nothing to judge at rest") {
    Facts facts = healthy_orin();
    facts.firmware = missing(Lack::not_there);
    CHECK(judged(id, facts).status == Status::unknown);
    facts.scope.at_rest = true;
    CHECK(judged(id, facts).code == "not-running");
}
