#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::string_view id = "programs-cover-this-gpu";

NamedProgram program(const std::string& path, const std::vector<CodeRow>& rows) {
    NamedProgram named;
    named.path = path;
    named.looked_at = 1;
    named.files = {file_with(path, rows)};
    return named;
}

CheckResult with(const std::vector<NamedProgram>& programs, Facts facts = healthy_orin()) {
    facts.programs.value() = programs;
    return judged(id, facts);
}

CheckResult with(const NamedProgram& one) { return with(std::vector<NamedProgram>{one}); }

const NamedProgram good = program("/opt/good", {sass_row(87)});
const NamedProgram plain = program("/usr/bin/python3", {});

NamedProgram gone() {
    NamedProgram named;
    named.path = "/opt/gone";
    named.missing = Missing{Lack::not_there, "/opt/gone does not exist", "/opt/gone"};
    return named;
}

}  // namespace

TEST_CASE("without programs there is nothing to judge") {
    CHECK(with(std::vector<NamedProgram>{}).code == "no-programs-named");
    CHECK(with(std::vector<NamedProgram>{}).status == Status::not_applicable);
    Facts facts = healthy_orin();
    facts.programs = missing(Lack::not_asked);
    CHECK(judged(id, facts).status == Status::unknown);
}

TEST_CASE("programs with code for this GPU pass, also beside one without any") {
    const CheckResult result = with({good, plain});
    CHECK(result.code == "ok");
    CHECK(result.summary.find("sm_87 (1 files with GPU code)") != std::string::npos);
    CHECK(with(plain).code == "no-device-code");
    CHECK(with(program("/opt/ptx", {ptx_row(72, 7, 0)})).code == "compiled-at-start");
}

TEST_CASE("one that runs on other GPUs only fails, whatever else is there") {
    const CheckResult result = with({good, gone(), program("/opt/desktop", {sass_row(86)})});
    CHECK(result.code == "no-code-for-this-gpu");
    CHECK(result.status == Status::fail);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary.find("/opt/desktop does not run on this board: it carries code for sm_86") == 0);
    CHECK(result.remedy.find("For /opt/desktop: ") == 0);
}

TEST_CASE("one for another processor fails") {
    NamedProgram other = program("/opt/x86", {sass_row(87)});
    other.files[0].content.value().parts[0].code.machine = "x86_64";
    CHECK(with(other).code == "no-code-for-this-gpu");
    CHECK(with(other).summary.find("it is a file for x86_64") != std::string::npos);
}

TEST_CASE("a library that it loads counts as its own") {
    NamedProgram loads = plain;
    loads.files.push_back(file_with("/opt/lib/liba.so", {sass_row(80)}));
    CHECK(with(loads).code == "no-code-for-this-gpu");
    CHECK(with(loads).summary.find("/opt/lib/liba.so does not run") == 0);
}

TEST_CASE("one that needs a newer driver fails, and passes with the libcuda of a cuda_compat") {
    NamedProgram newer = program("/opt/newer", {ptx_row(87, 8, 8)});
    CHECK(with(newer).code == "needs-compat");
    Facts facts = healthy_orin();
    CompatFolder folder;
    folder.directory = "/usr/local/cuda-12.9/compat";
    folder.product = CompatProduct::l4t;
    folder.cuda = CudaVersion{12, 9};
    folder.library.real_path = folder.directory + "/libcuda.so.1.1";
    folder.enabled_by = {{"another.service", "/etc/systemd/system/another.service, line 3", false, false}};
    facts.compat.value().folders = {folder};
    CHECK(with({newer}, facts).code == "compat-for-some");
    CHECK(with({newer}, facts).status == Status::unknown);
    LibcudaRequest request;
    request.object = "/opt/newer";
    request.path = folder.directory + "/libcuda.so.1";
    request.file = LibcudaFile{};
    request.file->real_path = folder.library.real_path;
    newer.loads = {{"/opt/newer", {request}, {}}};
    CHECK(with({newer}, facts).code == "compiled-at-start");
}

TEST_CASE("one that is not there fails, and what cannot be read leaves the answer open") {
    CHECK(with({good, gone()}).code == "program-gone");
    CHECK(with({good, gone()}).summary.find("/opt/gone, which the settings name") == 0);
    NamedProgram closed = gone();
    closed.missing->lack = Lack::not_readable;
    CHECK(with({good, closed}).code == "not-looked-into");
    CHECK(with({good, closed}).status == Status::unknown);
    NamedProgram damaged = program("/opt/damaged", {});
    damaged.files[0].content.value().parts[0].code.problems = {"It ends within its section table"};
    CHECK(with({good, damaged}).code == "damaged");
    NamedProgram folder = good;
    folder.folder = true;
    folder.problems = {"/opt/good/closed cannot be read: Permission denied"};
    CHECK(with(folder).code == "not-looked-into");
    NamedProgram late = good;
    late.files[0].content = missing(Lack::not_asked);
    CHECK(with(late).code == "not-looked-into");
}

TEST_CASE("without a board or its driver's version nothing passes by chance") {
    Facts facts = healthy_orin();
    facts.programs.value() = {program("/opt/ptx", {ptx_row(72, 7, 0)})};
    facts.driver_probe = missing(Lack::not_asked);
    facts.reference = missing(Lack::not_there);
    CHECK(judged_alone(id, facts).code == "driver-not-known");
    facts.board = missing(Lack::not_readable);
    CHECK(judged_alone(id, facts).status == Status::unknown);
}
