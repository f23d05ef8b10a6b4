#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "l4t-release-is-known";
}

TEST_CASE("a release of our data passes with its JetPack") {
    CHECK(judged(id, healthy_orin()).summary == "The system is L4T 36.5.0 (JetPack 6.2.2)");
    CHECK(judged(id, healthy_orin()).evidence.front().source == "/etc/nv_tegra_release, line 1");
    Facts facts = healthy_orin();
    facts.reference.value().jetpack.reset();
    CHECK(judged(id, facts).code == "ok");
    CHECK(judged(id, facts).summary == "The system is L4T 36.5.0 (JetPack not known)");
}

TEST_CASE("a release that is newer than our data passes by its line, its JetPack never guessed") {
    Facts facts = healthy_orin();
    facts.release.value().l4t = L4tRelease{36, 9, 1};
    facts.reference = missing(Lack::not_there);
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::pass);
    CHECK(result.code == "unknown-newer");
    CHECK(result.summary.find("36.9.1") != std::string::npos);
    CHECK(result.summary.find("JetPack") == std::string::npos);
}

TEST_CASE("the line alone, from the driver's files, passes") {
    Facts facts = healthy_orin();
    facts.release.value().l4t.reset();
    facts.reference = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "line-only");
    CHECK(judged(id, facts).status == Status::pass);
    CHECK(judged(id, facts).summary.find("R36") != std::string::npos);
}

TEST_CASE("a line that is not known, and one that is too old, are unknown") {
    Facts facts = healthy_orin();
    facts.release.value() = {41, L4tRelease{41, 1, 0}, ReleaseOrigin::release_file, ""};
    facts.line = missing(Lack::not_there);
    facts.reference = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "line-unknown");
    CHECK(judged(id, facts).status == Status::unknown);
    for (const int line : {32, 34}) {
        facts.release.value() = {line, L4tRelease{line, 7, 1}, ReleaseOrigin::release_file, ""};
        facts.line = Fact<LineRecord>(line_record(line), "releases.json");
        CHECK(judged(id, facts).code == "line-not-supported");
        CHECK(judged(id, facts).status == Status::unknown);
    }
}

TEST_CASE("a garbled release file fails, whatever else hints at the line") {
    Facts facts = healthy_orin();
    facts.release = Missing{Lack::not_understood, "/etc/nv_tegra_release holds no release", "/etc/nv_tegra_release"};
    const CheckResult result = judged(id, facts);
    CHECK(result.status == Status::fail);
    CHECK(result.code == "garbled");
    CHECK(result.summary == "The L4T release cannot be read: /etc/nv_tegra_release holds no release");
    // A plain --reinstall leaves a changed file of /etc as it is.
    CHECK(result.remedy.find("--reinstall -o Dpkg::Options::=--force-confask,confnew,confmiss nvidia-l4t-core") !=
          std::string::npos);
    CHECK(judged("l4t-release-supports-soc", facts).blocked_by == "l4t-release-is-known");
}

TEST_CASE("no release is unknown on a host, and the host's matter in a container") {
    Facts facts = healthy_orin();
    facts.release = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-release");
    CHECK(judged(id, facts).status == Status::unknown);
    facts.scope.in_container = true;
    CHECK(judged(id, facts).code == "in-container");
    facts.release = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
}
