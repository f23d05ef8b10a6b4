#include <doctest/doctest.h>

#include "tests/daemon/checks/software_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "l4t-packages-agree";

std::vector<L4tPackage>& packages(Facts& facts) { return facts.software.value().l4t; }
}  // namespace

TEST_CASE("packages of the release that the system names pass") {
    const CheckResult result = judged(id, orin_with({}));
    CHECK(result.code == "ok");
    CHECK(result.group == Group::platform);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "Every package of L4T (3) is of 36.5.0, as the system says");
}

TEST_CASE("two releases mixed fail, and what is behind is to be brought forward") {
    Facts facts = orin_with({});
    packages(facts).push_back(l4t_package("nvidia-l4t-multimedia", {36, 4, 4}));
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "mixed");
    CHECK(result.summary.find("36.4.4 (nvidia-l4t-multimedia) and 36.5.0 (nvidia-l4t-core, nvidia-l4t-cuda and "
                              "nvidia-l4t-kernel)") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get update && sudo apt-get install nvidia-l4t-multimedia && sudo reboot") !=
          std::string::npos);
    for (int i = 0; i < 20; ++i) {
        packages(facts).push_back(l4t_package("nvidia-l4t-p" + std::to_string(i), {36, 4, 4}));
    }
    CHECK(judged(id, facts).remedy.find("sudo apt-get dist-upgrade") != std::string::npos);
    facts.distribution = Fact<Distribution>(Distribution::yocto, "/etc/os-release");
    CHECK(judged(id, facts).remedy.find("bitbake-layers") != std::string::npos);
}

TEST_CASE("a package that may be of another release, or names none, is no mixture") {
    Facts facts = orin_with({});
    L4tPackage other = l4t_package("nvidia-l4t-jetson-multimedia-api", {36, 4, 4});
    other.exempt = "35.6.1 on R35.6.2";
    packages(facts).push_back(other);
    packages(facts).push_back({"nvidia-l4t-cudadebuggingsupport", "12.6-34622040.0", {}, "own numbering", true, ""});
    packages(facts).push_back({"nvidia-l4t-vendor", "1.0", {}, "", true, ""});
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("R38.2.2, of which only a part was re-issued, passes whichever of the two the system names") {
    for (const L4tRelease& named_one : {L4tRelease{38, 2, 1}, L4tRelease{38, 2, 2}}) {
        Facts facts = thor_with({});
        facts.release.value() = {38, named_one, ReleaseOrigin::release_file, ""};
        packages(facts).clear();
        for (const L4tRelease& l4t : {L4tRelease{38, 2, 1}, L4tRelease{38, 2, 2}}) {
            L4tPackage package = l4t_package("nvidia-l4t-part-of-" + l4t.text(), l4t);
            package.exempt = "R38.2.2 re-issued only part of the BSP";
            packages(facts).push_back(package);
        }
        CHECK(judged(id, facts).code == "ok");
    }
}

TEST_CASE("a release file that names another release than all packages fails") {
    Facts facts = orin_with({});
    facts.release.value().l4t = L4tRelease{36, 4, 4};
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "release-file-differs");
    CHECK(result.status == Status::fail);
    CHECK(result.summary == "The system says that it is L4T 36.4.4, but every package of L4T (3) is of 36.5.0");
    CHECK(result.remedy.find("nvidia-l4t-core") != std::string::npos);
}

TEST_CASE("a system that names only its line has nothing to compare with") {
    Facts facts = orin_with({});
    facts.release.value().l4t.reset();
    packages(facts) = {l4t_package("tegra-libraries-cuda", {36, 5, 0})};
    CHECK(judged(id, facts).code == "one-release");
    CHECK(judged(id, facts).status == Status::pass);
}

TEST_CASE("an installation that broke off fails under its own code, before any mixture") {
    Facts facts = orin_with({});
    packages(facts).push_back(
        {"nvidia-l4t-init", "36.4.4-20250616085344", L4tRelease{36, 4, 4}, "", false, "half-configured"});
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "not-configured");
    CHECK(result.status == Status::fail);
    CHECK(result.summary == "The installation of nvidia-l4t-init was not finished (half-configured)");
    CHECK(result.remedy.find("sudo dpkg --configure -a && sudo apt-get -f install") != std::string::npos);
    packages(facts).back().state = "config-files";
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("it does not apply without packages, without a database and in a container") {
    Facts facts = orin_with({});
    packages(facts).clear();
    CHECK(judged(id, facts).code == "no-l4t-packages");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-package-database");
    facts.software = missing(Lack::not_understood);
    CHECK(judged(id, facts).code == "not-understood");
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "in-container");
}

TEST_CASE("a garbled release file is the cause, and is told instead") {
    Facts facts = orin_with({});
    facts.release = missing(Lack::not_understood);
    CHECK(judged(id, facts).blocked_by == "l4t-release-is-known");
}
