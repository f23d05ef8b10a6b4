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

namespace {

// Programs are led to `file`, and the driver's own lies in its place behind it.
Facts led_to(LibcudaFile file) {
    Facts facts = healthy_orin();
    if (file.real_path.empty()) file.real_path = file.path;
    const bool taken = file.elf;
    const LibcudaSighting seen{file.path, file.real_path, "/etc/ld.so.conf.d/x.conf, line 1", file};
    LibcudaSearch& search = facts.libcuda_search.value();
    search.all.insert(search.all.begin(), seen);
    search.plain.path = taken ? seen.path : "";
    search.plain.real_path = taken ? seen.real_path : "";
    search.plain.steps = {
        {"/etc/ld.so.cache", seen.path, taken ? LoaderStep::Outcome::taken : LoaderStep::Outcome::no_library}};
    return facts;
}

LibcudaFile library(const std::string& path, const std::string& real_path = {}) {
    LibcudaFile file;
    file.path = path;
    file.real_path = real_path;
    file.size = 1U << 20U;
    file.elf = true;
    file.machine = ElfMachine::aarch64;
    return file;
}

}  // namespace

TEST_CASE("a stub or a broken file that every program meets first fails, though the driver's own is in its place") {
    LibcudaFile stub = library("/usr/local/cuda/lib64/libcuda.so.1");
    stub.stub = true;
    const CheckResult first = judged(id, led_to(stub));
    CHECK(first.code == "stub-first");
    CHECK(first.summary.find("Programs get /usr/local/cuda/lib64/libcuda.so.1, the toolkit's stub, in place of "
                             "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1") == 0);
    CHECK(first.remedy.find("sudo rm /usr/local/cuda/lib64/libcuda.so.1 && sudo ldconfig") != std::string::npos);
    LibcudaFile broken = library("/usr/local/lib/libcuda.so.1");
    broken.elf = false;
    broken.flaw = "file too short";
    CHECK(judged(id, led_to(broken)).code == "broken-first");
    CHECK(judged(id, led_to(broken)).summary.find("(file too short)") != std::string::npos);
}

TEST_CASE("the driver for discrete GPUs first fails, but not on a board that may have one") {
    const LibcudaFile server =
        library("/usr/lib/aarch64-linux-gnu/libcuda.so.1", "/usr/lib/aarch64-linux-gnu/libcuda.so.580.65.06");
    Facts facts = led_to(server);
    CHECK(judged(id, facts).code == "discrete-first");
    CHECK(judged(id, facts).summary.find("the driver 580.65.06 for discrete GPUs") != std::string::npos);
    CHECK(judged(id, facts).remedy.find("dpkg-query -S /usr/lib/aarch64-linux-gnu/libcuda.so.580.65.06") !=
          std::string::npos);
    facts.board.value().module = "p3701-0002";
    facts.board.value().soc->modules["p3701-0002"] = "Jetson IGX Orin developer kit";
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("R39's driver for the other kind of GPU first fails") {
    const std::string openrm = "/opt/nvidia/l4t-gpu-libs/openrm/libcuda.so.1.1";
    Facts facts = led_to(library("/usr/lib/aarch64-linux-gnu/libcuda.so.1", openrm));
    CHECK(judged(id, facts).code == "other-gpu-first");
    CHECK(judged(id, facts).summary.find("(openrm)") != std::string::npos);
    CHECK(judged(id, facts).remedy.find("systemctl restart nv-load-gpu-libs.service") != std::string::npos);
    facts.board.value().soc->gpu_variant = "openrm";
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("a copy that may be a driver, a compat and a search that is not recorded are other checks' affairs") {
    CHECK(judged(id, led_to(library("/usr/local/lib/libcuda.so.1"))).code == "ok");
    LibcudaFile compat = library("/usr/local/cuda/compat/libcuda.so.1");
    CHECK(judged(id, led_to(compat)).code == "ok");
    compat.stub = true;
    CHECK(judged(id, led_to(compat)).code == "ok");
    Facts facts = healthy_orin();
    facts.libcuda_search = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "ok");
}
