#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::string_view id = "programs-load-one-driver";

LibcudaRequest request(const std::string& object, const LibcudaFile& file, const std::string& named_by) {
    LibcudaRequest made;
    made.object = object;
    made.needs = true;
    made.path = file.path;
    made.named_by = named_by;
    made.file = file;
    return made;
}

LibcudaFile another_libcuda(const std::string& path) {
    LibcudaFile file;
    file.path = file.real_path = path;
    file.size = 1000;
    file.elf = true;
    file.machine = ElfMachine::aarch64;
    return file;
}

struct Program {
    Facts facts = healthy_orin();
    LoadedProgram load{"/opt/app/detect", {}, {}};

    void own(const std::string& object) {
        load.requests.push_back(request(object, *facts.libcuda, "/etc/ld.so.cache"));
    }
    LibcudaFile& other(const std::string& object, const std::string& path) {
        load.requests.push_back(request(object, another_libcuda(path), "RUNPATH of " + object));
        return *load.requests.back().file;
    }
    CheckResult result() {
        NamedProgram named;
        named.path = load.path;
        named.loads = {load};
        facts.programs.value() = {named};
        return judged(id, facts);
    }
};

}  // namespace

TEST_CASE("programs whose objects find the same libcuda pass") {
    Program program;
    program.own("/opt/app/detect");
    program.own("/opt/app/liba.so");
    const CheckResult result = program.result();
    CHECK(result.code == "ok");
    CHECK(result.summary.find("(1 programs and libraries ask)") != std::string::npos);
    REQUIRE(result.evidence.size() == 1);
    CHECK(result.evidence[0].value == "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1");
}

TEST_CASE("one file by two paths is one driver") {
    Program program;
    program.own("/opt/app/detect");
    LibcudaFile& copy = program.other("/opt/app/liba.so", "/run/link/libcuda.so.1");
    copy.real_path = program.facts.libcuda->real_path;
    CHECK(program.result().code == "ok");
}

TEST_CASE("objects that find two fail, with both named") {
    Program program;
    program.own("/opt/app/detect");
    program.other("/opt/app/liba.so", "/opt/app/lib/libcuda.so.1");
    const CheckResult result = program.result();
    CHECK(result.code == "several-drivers");
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary ==
          "In /opt/app/detect the first to ask decides: /opt/app/detect finds "
          "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1, and /opt/app/liba.so finds /opt/app/lib/libcuda.so.1");
    CHECK(result.evidence.size() == 2);
    CHECK(result.remedy.find("which-libcuda --for /opt/app/detect") != std::string::npos);
}

TEST_CASE("one that finds none beside one that finds one depends on who asks first") {
    Program program;
    program.own("/opt/app/detect");
    program.load.requests.push_back({"/opt/app/liba.so", false, "", "", "", std::nullopt});
    CHECK(program.result().code == "several-drivers");
    CHECK(program.result().summary.find("/opt/app/liba.so finds none") != std::string::npos);
}

TEST_CASE("a stub that is found first fails under its own name") {
    Program program;
    program.other("/opt/app/detect", "/usr/local/cuda/lib64/stubs/libcuda.so.1").stub = true;
    program.own("/opt/app/liba.so");
    const CheckResult result = program.result();
    CHECK(result.code == "stub-wins");
    CHECK(result.summary.find("by RUNPATH of /opt/app/detect") != std::string::npos);
}

TEST_CASE("a driver that is not this board's fails, a cuda_compat does not") {
    Program program;
    program.other("/opt/app/detect", "/opt/app/lib/libcuda.so.1");
    CHECK(program.result().code == "other-driver-wins");
    Program with_compat;
    with_compat.other("/opt/app/detect", "/usr/local/cuda-12.9/compat/libcuda.so.1");
    CHECK(with_compat.result().code == "ok");
}

TEST_CASE("what needs it and finds none is not helped by one that finds it later") {
    Program program;
    program.load.requests.push_back({"/opt/app/detect", true, "", "", "", std::nullopt});
    program.own("/opt/app/liba.so");
    CHECK(program.result().code == "libcuda-not-found");
    program.load.requests[0].needs = false;
    CHECK(program.result().code == "several-drivers");
}

TEST_CASE("a program that finds none fails, except in an image that links it at its start") {
    Program program;
    program.load.requests.push_back({"/opt/app/detect", true, "", "", "", std::nullopt});
    CHECK(program.result().code == "libcuda-not-found");
    program.facts.scope.live = false;
    program.facts.scope.at_rest = true;
    CHECK(program.result().code == "decided-at-start");
    program.load.requests[0].error = "/opt/app/lib/libcuda.so.1: file too short";
    CHECK(program.result().code == "libcuda-not-found");
    CHECK(program.result().summary.find("leads to none (/opt/app/lib/libcuda.so.1: file too short)") !=
          std::string::npos);
}

TEST_CASE("what is not known of its libraries leaves the answer open") {
    Program program;
    program.load.gaps = {"libgone.so.3, which /opt/app/detect needs, is not found"};
    CHECK(program.result().code == "libraries-missing");
    program.own("/opt/app/detect");
    CHECK(program.result().code == "libraries-missing");
    CHECK(program.result().status == Status::unknown);
    // Two that are found already differ.
    program.other("/opt/app/liba.so", "/opt/app/lib/libcuda.so.1");
    CHECK(program.result().code == "several-drivers");
}

TEST_CASE("nothing named, nothing that asks, and one that is gone") {
    Facts facts = healthy_orin();
    facts.programs.value().clear();
    CHECK(judged(id, facts).code == "no-programs-named");
    Program program;
    CHECK(program.result().code == "no-driver-asked-for");
    CHECK(program.result().status == Status::not_applicable);
    NamedProgram gone;
    gone.path = "/opt/gone";
    gone.missing = Missing{Lack::not_there, "/opt/gone does not exist", "/opt/gone"};
    program.facts.programs.value().push_back(gone);
    CHECK(judged(id, program.facts).code == "not-there");
    program.facts.programs = missing(Lack::not_asked);
    CHECK(judged(id, program.facts).status == Status::unknown);
}
