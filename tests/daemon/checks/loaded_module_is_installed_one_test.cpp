#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "loaded-module-is-installed-one";
}

TEST_CASE("the build id is compared first, then srcversion") {
    Facts facts = healthy_orin();
    CHECK(judged(id, facts).summary.find("build id 0123abcd") != std::string::npos);
    facts.gpu_module.value().file.value().build_id = "ffff";
    CHECK(judged(id, facts).code == "another-is-installed");
    CHECK(judged(id, facts).status == Status::fail);
    CHECK(judged(id, facts).remedy.find("sudo reboot") != std::string::npos);
    facts.gpu_module.value().file.value().build_id.clear();
    CHECK(judged(id, facts).code == "ok");
    CHECK(judged(id, facts).summary.find("srcversion ABCDEF") != std::string::npos);
    facts.gpu_module.value().running.srcversion = "OTHER";
    CHECK(judged(id, facts).code == "another-is-installed");
}

TEST_CASE("with neither there is nothing to compare") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().file.value().build_id.clear();
    facts.gpu_module.value().running.srcversion.clear();
    CHECK(judged(id, facts).code == "not-comparable");
    CHECK(judged(id, facts).status == Status::not_applicable);
}

TEST_CASE("built in, without a file, not readable") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().running.presence = ModulePresence::built_in;
    CHECK(judged(id, facts).code == "built-in");
    facts = healthy_orin();
    facts.gpu_module.value().file = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-file-on-disk");
    CHECK(judged(id, facts).status == Status::fail);
    CHECK(judged(id, facts).remedy.find("--reinstall nvidia-l4t-kernel nvidia-l4t-kernel-oot-modules") !=
          std::string::npos);
    facts.gpu_module.value().file = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
}

TEST_CASE("while a restart is outstanding, the two may differ") {
    Facts facts = healthy_orin();
    facts.gpu_module.value().file.value().build_id = "ffff";
    facts.pending_reboot =
        Fact<PendingReboot>({{"a new kernel"}, {"/run/reboot-required"}, {}}, "/run/reboot-required");
    CHECK(judged(id, facts).blocked_by == "no-reboot-is-pending");
}

TEST_CASE("before a switch, the module on disk is the incoming system's and need not be the loaded one") {
    Facts facts = healthy_orin();
    facts.scope.system = "/nix/store/x-nixos-system";
    facts.gpu_module.value().file.value().build_id = "ffff";
    CHECK(judged(id, facts).code == "incoming-system");
    CHECK(judged(id, facts).status == Status::not_applicable);
}
