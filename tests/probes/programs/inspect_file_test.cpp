// Files of every sort as a caller names them: what is in them, and for what is no such file a clear sentence instead of
// a wait.

#include "probes/programs/inspect_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/archive_writer.hpp"
#include "tests/harness/fatbin_writer.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

std::string library(std::uint32_t sm) {
    ElfRecipe recipe;
    recipe.needed = {"libcudart.so.12"};
    recipe.sections = {{".nv_fatbin", write_fatbin({sass_image(sm)})}};
    return write_shared_object(recipe).bytes;
}

Inspection inspect(const std::string& name, const std::string& content) {
    const TempRoot folder;
    folder.write(name, content);
    return inspect_file(folder.on_host(name).string());
}

std::string problem_of(const Inspection& inspection) {
    return inspection.problems.empty() ? "" : inspection.problems.front();
}

}  // namespace

TEST_CASE("a library, bare device code and PTX are told apart") {
    const Inspection elf = inspect("libx.so", library(87));
    CHECK(elf.kind == ProgramKind::elf);
    REQUIRE(elf.parts.size() == 1);
    CHECK(elf.parts[0].member.empty());
    REQUIRE(elf.parts[0].code.rows.size() == 1);
    CHECK(elf.parts[0].code.rows[0].arch() == "sm_87");
    CHECK(elf.parts[0].runtime.soname == "libcudart.so.12");
    CHECK(inspect("x.fatbin", write_fatbin({sass_image(87)})).kind == ProgramKind::fatbin);
    CHECK(inspect("x.cubin", write_cubin({})).kind == ProgramKind::cubin);
    CHECK(inspect("x.ptx", ".version 7.8\n.target sm_80\n.address_size 64\n").kind == ProgramKind::ptx);
    CHECK(inspect("x.txt", "a text").kind == ProgramKind::other);
    CHECK(inspect("empty", "").problems.empty());
}

TEST_CASE("a wheel tells its tags and what each of its libraries carries") {
    const std::string wheel = write_archive(
        ArchiveForm::zip, {{"x/__init__.py", "import x"}, {"x/a.so", library(87)}, {"x/b.so", library(80)}});
    const Inspection inspection = inspect("torch-2.5.0-cp311-cp311-manylinux_2_28_aarch64.whl", wheel);
    CHECK(inspection.kind == ProgramKind::wheel);
    CHECK(inspection.members == 3);
    CHECK(inspection.python_tags == std::vector<std::string>{"cp311-cp311-manylinux_2_28_aarch64"});
    REQUIRE(inspection.parts.size() == 2);
    CHECK(inspection.parts[0].member == "x/a.so");
    CHECK(inspection.parts[1].code.rows.at(0).arch() == "sm_80");
    CHECK(inspect("short.whl", wheel).python_tags.empty());
}

TEST_CASE("archives in archives are looked into, but not without end") {
    std::string inner = write_archive(ArchiveForm::zip, {{"a.so", library(87)}});
    const Inspection twice = inspect("x.tar", write_archive(ArchiveForm::tar, {{"x.whl", inner}}));
    REQUIRE(twice.parts.size() == 1);
    CHECK(twice.parts[0].member == "x.whl/a.so");
    for (int depth = 0; depth < 4; ++depth) inner = write_archive(ArchiveForm::zip, {{"in.zip", inner}});
    const Inspection deep = inspect("deep.zip", inner);
    CHECK(deep.parts.empty());
    CHECK(problem_of(deep).find("is not looked into") != std::string::npos);
}

TEST_CASE("a truncated wheel is told, with what could be read of it") {
    std::string wheel = write_archive(ArchiveForm::zip, {{"a.so", library(87)}, {"b.so", library(87)}});
    wheel.resize(wheel.size() - 200);
    CHECK_FALSE(inspect("x.whl", wheel).problems.empty());
}

TEST_CASE("what is no regular file is refused without waiting") {
    const TempRoot folder;
    REQUIRE(::mkfifo(folder.on_host("fifo").c_str(), 0600) == 0);
    CHECK(problem_of(inspect_file(folder.on_host("fifo").string())) == "It is a FIFO: only regular files are read");
    CHECK(problem_of(inspect_file("/dev/zero")) == "It is a device: only regular files are read");
    CHECK(problem_of(inspect_file(folder.on_host("").string())) == "It is a folder: only regular files are read");
    CHECK(problem_of(inspect_file(folder.on_host("missing").string())) ==
          "It cannot be opened: No such file or directory");
}

TEST_CASE("a sparse file of 10 TB, and one of an ELF header and nothing more, end in time") {
    const TempRoot folder;
    folder.write("sparse",
                 "\x7F"
                 "ELF");
    if (::truncate(folder.on_host("sparse").c_str(), off_t{10} << 40) == 0) {
        CHECK(inspect_file(folder.on_host("sparse").string()).parts.at(0).code.rows.empty());
    }
    CHECK_FALSE(inspect("elf",
                        "\x7F"
                        "ELF")
                    .parts.at(0)
                    .code.problems.empty());
}

TEST_CASE("a descriptor is read like a file, and closed") {
    const TempRoot folder;
    folder.write("libx.so", library(87));
    const int file = ::open(folder.on_host("libx.so").c_str(), O_RDONLY | O_CLOEXEC);
    const Inspection inspection = inspect_descriptor(file, "what came over the bus");
    CHECK(inspection.path == "what came over the bus");
    CHECK(inspection.parts.at(0).code.rows.size() == 1);
    CHECK(::fcntl(file, F_GETFD) < 0);
}
