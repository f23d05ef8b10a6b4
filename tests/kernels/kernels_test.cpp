// The table of kernels: each with its images as they lie in the tree, and with a launch that every GPU accepts.

#include "kernels/kernels.hpp"

#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "kernels/twins.hpp"
#include "probes/ptx_isa.hpp"

using namespace jetcuda;

namespace {

std::string image_file(const std::string& name) {
    std::ifstream file(JETCUDA_SOURCE_DIR "/kernels/images/" + name, std::ios::binary);
    REQUIRE_MESSAGE(file, name);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool is_aligned(std::string_view image) { return reinterpret_cast<std::uintptr_t>(image.data()) % 16 == 0; }

bool has_twin(std::string_view name) { return twin_of(name) != nullptr; }

}  // namespace

TEST_CASE("images are embedded byte for byte, each on a multiple of 16") {
    for (const Kernel& kernel : all_kernels()) {
        const std::string name(kernel.name);
        CAPTURE(name);
        CHECK(kernel.ptx == image_file(name + ".ptx"));
        for (const int sm : {72, 87, 110}) {
            CAPTURE(sm);
            CHECK(kernel.cubin(sm) == image_file(name + ".sm_" + std::to_string(sm) + ".cubin"));
            CHECK(is_aligned(kernel.cubin(sm)));
        }
        CHECK(is_aligned(kernel.ptx));
        CHECK(kernel.ptx.data()[kernel.ptx.size()] == '\0');  // a driver reads so far
        CHECK(kernel.ptx.find('\0') == std::string_view::npos);
    }
}

TEST_CASE("an architecture that none is for has no cubin") {
    for (const int sm : {0, 53, 62, 75, 86, 88, 101, 121}) CHECK(kernel_named("integers").cubin(sm).empty());
}

TEST_CASE("each launch is one that every Jetson can do") {
    std::set<std::string_view> names, claims;
    for (const Kernel& kernel : all_kernels()) {
        CAPTURE(kernel.name);
        CHECK(names.insert(kernel.name).second);
        CHECK(claims.insert(kernel.proves).second);
        CHECK_FALSE(kernel.proves.empty());
        CHECK(kernel.threads >= 32);
        CHECK(kernel.threads <= 1024);
        CHECK(kernel.threads % 32 == 0);
        CHECK(kernel.count > kernel.threads);  // one block alone would not say whether blocks are told apart
        CHECK(kernel.count % kernel.threads == 0);
        CHECK(kernel.dynamic_shared_bytes <= 48 * 1024);
        CHECK(has_twin(kernel.name));
        CHECK(&kernel_named(kernel.name) == &kernel);
    }
    CHECK(kernel_named("dynamic_shared").dynamic_shared_bytes == 32 * 1024);
    CHECK(kernel_named("every_sm").covers_every_sm);
    CHECK(kernel_named("transform").role == KernelRole::transform);
    CHECK(kernel_named("memory_write").role == KernelRole::memory_write);
    CHECK(kernel_named("memory_invert").role == KernelRole::memory_invert);
    CHECK(kernel_named("integers").role == KernelRole::checked);
}

TEST_CASE("a kernel that there is not is nobody's") {
    CHECK_THROWS_AS(kernel_named("rung"), std::logic_error);
    for (const char* name : {"rung", "", "integer", "integers "}) CHECK_FALSE(has_twin(name));
}

TEST_CASE("the ladder rises from 6.0, and each rung says its version") {
    const PtxRung* before = nullptr;
    for (const PtxRung& rung : ptx_ladder()) {
        const std::string version = std::to_string(rung.major) + "." + std::to_string(rung.minor);
        CAPTURE(version);
        CHECK(rung.text.rfind(".version " + version + "\n", 0) == 0);
        CHECK(rung.text.find(".entry rung()") != std::string::npos);
        if (before != nullptr) {
            const bool is_next = rung.major == before->major && rung.minor == before->minor + 1;
            CHECK((is_next || (rung.major == before->major + 1 && rung.minor == 0)));
        }
        before = &rung;
    }
    CHECK(ptx_ladder().front().major == 6);
    CHECK(ptx_ladder().front().minor == 0);
    CHECK(ptx_ladder().back().major >= 9);
}

TEST_CASE(
    "the ladder reaches what the newest driver that is known promises, or that driver would seem to be a worse one") {
    std::set<std::string> rungs;
    for (const PtxRung& rung : ptx_ladder()) rungs.insert(PtxIsa{rung.major, rung.minor}.text());
    for (const PtxIsaRecord& record : ptx_isa_records) {
        CAPTURE(record.isa.text());
        CHECK(rungs.count(record.isa.text()) == 1);
    }
}
