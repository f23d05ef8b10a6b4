// Which runtime a file uses: by what it needs, or by what was linked into it.

#include "probes/programs/runtime_use.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "probes/elf/file_source.hpp"
#include "tests/harness/elf_writer.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

const std::string sentence = "CUDA driver version is insufficient for CUDA runtime version";

}  // namespace

TEST_CASE("a shared runtime is known by its soname, which tells the major alone") {
    const RuntimeUse use = runtime_by_needed({"libc.so.6", "libcudart.so.12", "libcublas.so.12"});
    CHECK(use.linkage == RuntimeLinkage::shared);
    CHECK(use.soname == "libcudart.so.12");
    CHECK(use.cuda == CudaVersion{12, -1});
    CHECK(runtime_by_needed({"libcudart.so.11.0"}).cuda == CudaVersion{11, -1});
}

TEST_CASE("what is no runtime is none, and a name without a number tells no version") {
    CHECK(runtime_by_needed({}).linkage == RuntimeLinkage::none);
    CHECK(runtime_by_needed({"libcuda.so.1", "libcudart_static.so"}).linkage == RuntimeLinkage::none);
    CHECK(runtime_by_needed({"libcudart.so.next"}).linkage == RuntimeLinkage::shared);
    CHECK_FALSE(runtime_by_needed({"libcudart.so.next"}).cuda.has_value());
    CHECK_FALSE(runtime_by_needed({"libcudart.so.99999999999999"}).cuda.has_value());
}

TEST_CASE("a file without the runtime's sentence has none linked into it, and a damaged one neither") {
    ElfRecipe recipe;
    recipe.sections = {{".rodata", "something else"}};
    CHECK(runtime_linked_into(MemorySource(write_shared_object(recipe).bytes)).linkage == RuntimeLinkage::none);
    CHECK(runtime_linked_into(MemorySource("\x7F"
                                           "ELF, and nothing more"))
              .linkage == RuntimeLinkage::none);
    CHECK(runtime_linked_into(MemorySource("")).linkage == RuntimeLinkage::none);
}

TEST_CASE("a runtime that was linked in is known by its sentence") {
    ElfRecipe recipe;
    recipe.sections = {{".rodata", "before " + sentence + " behind"}};
    const RuntimeUse use = runtime_linked_into(MemorySource(write_shared_object(recipe).bytes));
    CHECK(use.linkage == RuntimeLinkage::linked_in);
    CHECK_FALSE(use.cuda.has_value());
    CHECK(use.soname.empty());
}

TEST_CASE("it is found wherever it lies in a large file") {
    constexpr std::size_t mb = std::size_t{1} << 20, size = 20 * mb;
    // At the ends, within, and across the places where one reading ends and the next begins.
    for (const std::size_t at : {std::size_t{0}, 5 * mb - 20, 12 * mb - 20, 12 * mb, 19 * mb, size - sentence.size()}) {
        CAPTURE(at);
        std::string content(size, 'x');
        content.replace(at, sentence.size(), sentence);
        ElfRecipe recipe;
        recipe.sections = {{".rodata", content}};
        CHECK(runtime_linked_into(MemorySource(write_shared_object(recipe).bytes)).linkage ==
              RuntimeLinkage::linked_in);
    }
}

TEST_CASE("the version is found in the machine code of a real runtime") {
    const std::string real = "/usr/local/cuda/lib64/libcudart.so.13";
    if (!std::filesystem::exists(real)) {
        MESSAGE("NOT TESTED HERE: no CUDA toolkit, hence no ", real);
        return;
    }
    const RuntimeUse use = runtime_linked_into(FileSource(real));
    CHECK(use.linkage == RuntimeLinkage::linked_in);
    REQUIRE(use.cuda.has_value());
    CHECK(use.cuda->major == 13);
}
