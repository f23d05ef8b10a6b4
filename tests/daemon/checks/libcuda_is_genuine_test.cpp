#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "libcuda-is-genuine";

template <typename Change>
CheckResult with(Change change) {
    Facts facts = healthy_orin();
    change(facts.libcuda.value());
    const CheckResult result = judged(id, facts);
    return result;
}
}  // namespace

TEST_CASE("the board's own driver passes") { CHECK(judged(id, healthy_orin()).code == "ok"); }

TEST_CASE("each kind of impostor fails by its own code") {
    const CheckResult empty = with([](LibcudaFile& file) {
        file.size = 0;
        file.elf = false;
        file.flaw = "empty";
    });
    CHECK(empty.code == "empty");
    CHECK(empty.status == Status::fail);
    const CheckResult text = with([](LibcudaFile& file) {
        file.elf = false;
        file.flaw = "not an ELF file";
    });
    CHECK(text.code == "not-a-library");
    CHECK(text.summary.find("not an ELF file") != std::string::npos);
    const CheckResult foreign = with([](LibcudaFile& file) { file.machine = ElfMachine::x86_64; });
    CHECK(foreign.code == "other-machine");
    CHECK(foreign.summary.find("x86-64") != std::string::npos);
    const CheckResult stub = with([](LibcudaFile& file) { file.stub = true; });
    CHECK(stub.code == "stub");
    CHECK(stub.remedy.find("sudo rm /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1") != std::string::npos);
    const CheckResult desktop = with([](LibcudaFile& file) { file.tegra_place = false; });
    CHECK(desktop.code == "desktop");
    CHECK(desktop.status == Status::fail);
}

TEST_CASE("an empty file in a container is the host's missing one") {
    Facts facts = healthy_orin();
    facts.scope.in_container = true;
    facts.libcuda.value().size = 0;
    CHECK(judged(id, facts).code == "empty-in-container");
    facts.libcuda.value().size = 9000;
    facts.libcuda.value().stub = true;
    CHECK(judged(id, facts).code == "stub");
}

TEST_CASE("no libcuda at all is the other check's failure") {
    Facts facts = healthy_orin();
    facts.libcuda = missing(Lack::not_there);
    CHECK(judged(id, facts).blocked_by == "libcuda-is-found");
}
