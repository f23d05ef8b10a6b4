// The host twins: what each must hold whatever it computes, some of their words worked out by hand, and the sums that
// every compiler and every processor must arrive at.

#include "kernels/twins.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/kernels.hpp"
#include "kernels/patterns.hpp"

using namespace jetcuda;

namespace {

using Words = std::vector<std::uint32_t>;

constexpr std::uint32_t untouched = 0xDEADBEEFU;

bool is_compared(const Kernel& kernel) {
    return kernel.role == KernelRole::checked || kernel.role == KernelRole::transform;
}

// The words and the checksum; behind them one that belongs to nobody.
Words answer_of(const Kernel& kernel, std::uint32_t count, std::uint32_t seed) {
    Words in(count), out(count + 2);
    std::iota(in.begin(), in.end(), 1U);
    out.back() = untouched;
    twin_of(kernel.name)(out.data(), in.data(), count, seed);
    return out;
}

Words written(Pattern pattern, std::uint32_t parameter, std::uint32_t count) {
    Words memory(count);
    twin_of("memory_write")(memory.data(), nullptr, count, pattern_seed(pattern, parameter));
    return memory;
}

Words inverted(Words& memory, Pattern pattern, std::uint32_t parameter) {
    Words told(4);
    twin_of("memory_invert")(told.data(), memory.data(), static_cast<std::uint32_t>(memory.size()),
                             pattern_seed(pattern, parameter));
    return told;
}

}  // namespace

TEST_CASE("a checked kernel's checksum is the sum of its words, and nothing is written behind it") {
    for (const Kernel& kernel : all_kernels()) {
        if (!is_compared(kernel)) continue;
        CAPTURE(kernel.name);
        const Words out = answer_of(kernel, kernel.count, 7);
        CHECK(std::accumulate(out.begin(), out.end() - 2, 0U) == out[kernel.count]);
        CHECK(out.back() == untouched);
    }
}

TEST_CASE("the words tell launches and threads apart") {
    for (const Kernel& kernel : all_kernels()) {
        if (!is_compared(kernel)) continue;
        CAPTURE(kernel.name);
        const Words out = answer_of(kernel, kernel.count, 7), other = answer_of(kernel, kernel.count, 8);
        CHECK(out[kernel.count] != other[kernel.count]);
        CHECK(out == answer_of(kernel, kernel.count, 7));
        // Atomic cells may hold small numbers, and then meet.
        const auto different = std::set<std::uint32_t>(out.begin(), out.end() - 2).size();
        CHECK(different > kernel.count / (kernel.name == "atomics" ? 3 : 2));
    }
}

TEST_CASE("more blocks leave the words of the first as they are, but for those that all blocks change") {
    for (const Kernel& kernel : all_kernels()) {
        if (!is_compared(kernel) || kernel.name == "atomics") continue;
        CAPTURE(kernel.name);
        const Words few = answer_of(kernel, kernel.threads, 7), many = answer_of(kernel, kernel.count, 7);
        CHECK(std::equal(few.begin(), few.end() - 2, many.begin()));
    }
}

TEST_CASE("every compiler and every processor arrives at the same sums") {
    // Each was held to the kernel's PTX by ptx_answers_test.py, which rounds by fractions.
    const std::map<std::string_view, std::uint32_t> sums{
        {"integers", 0x92BEC053U},       {"floats", 0x3B7E3684U},        {"halves", 0xD9101DB6U},
        {"constant_local", 0x33EEF82CU}, {"shared_memory", 0x07DFB26DU}, {"dynamic_shared", 0x5422D8CCU},
        {"warps", 0x560D8B98U},          {"atomics", 0x7BB8B07AU},       {"tensor_cores", 0xE14BCF9BU},
        {"every_sm", 0x2B52A6A5U},       {"transform", 0xE060A35CU}};
    for (const Kernel& kernel : all_kernels()) {
        if (!is_compared(kernel)) continue;
        CAPTURE(kernel.name);
        REQUIRE(sums.count(kernel.name) == 1);
        CHECK(answer_of(kernel, kernel.count, 7)[kernel.count] == sums.at(kernel.name));
    }
}

TEST_CASE("transform: the word is in[index] times an odd constant, and a hash of the index") {
    Words in{0, 0, 1, 0xFFFFFFFFU}, out(5);
    twin_of("transform")(out.data(), in.data(), 4, 0);
    CHECK(out[0] == 0);            // the hash leaves 0 as it is
    CHECK(out[1] == 0x514E28B7U);  // the published value of MurmurHash3's finalizer for 1
    CHECK(out[2] == 0x30F4C306U + 0x9E3779B1U);
    CHECK(out[3] == pattern_word(pattern_seed(Pattern::random, 0), 3) - 0x9E3779B1U);
}

TEST_CASE("patterns are what their names say") {
    CHECK(written(Pattern::walking_ones, 3, 40)[0] == 0x8U);
    CHECK(written(Pattern::walking_ones, 3, 40)[28] == 0x80000000U);
    CHECK(written(Pattern::walking_ones, 3, 40)[29] == 0x1U);
    CHECK(written(Pattern::walking_zeros, 3, 40)[29] == 0xFFFFFFFEU);
    CHECK(written(Pattern::addresses, 9, 40)[39] == 39);
    CHECK(written(Pattern::solid, 0x155, 40)[17] == 0x55555555U);
    const Words random = written(Pattern::random, 77, 1000);
    CHECK(std::set<std::uint32_t>(random.begin(), random.end()).size() == 1000);
}

TEST_CASE("memory that holds has no wrong word, and is left as the complement") {
    Words memory = written(Pattern::walking_ones, 5, 256);
    CHECK(inverted(memory, Pattern::walking_ones, 5) == Words{0, 0, 0, 0});
    CHECK(memory == written(Pattern::walking_zeros, 5, 256));
    CHECK(inverted(memory, Pattern::walking_zeros, 5) == Words{0, 0, 0, 0});
    CHECK(memory == written(Pattern::walking_ones, 5, 256));
    memory = written(Pattern::solid, 0xAA, 256);
    CHECK(inverted(memory, Pattern::solid, 0xAA) == Words{0, 0, 0, 0});
    CHECK(memory == written(Pattern::solid, 0x55, 256));
}

TEST_CASE("memory that does not hold is told by how many words, and one of them") {
    Words memory = written(Pattern::addresses, 0, 256);
    memory[200] ^= 0x40U;
    CHECK(inverted(memory, Pattern::addresses, 0) == Words{1, 200, 200, 200 ^ 0x40U});
    CHECK(memory[200] == ~200U);  // the fault is not carried on
    memory = written(Pattern::addresses, 0, 256);
    std::fill(memory.begin() + 100, memory.begin() + 110, 0U);
    const Words told = inverted(memory, Pattern::addresses, 0);
    CHECK(told[0] == 10);
    CHECK(told[1] >= 100);
    CHECK(told[1] < 110);
    CHECK(told[2] == told[1]);
    CHECK(told[3] == 0);
}

TEST_CASE("atomics: the last quarter of each block shows the cells of its shared memory, which went through the same") {
    const Kernel& kernel = kernel_named("atomics");
    const Words out = answer_of(kernel, kernel.count, 7);
    for (std::uint32_t block = 0; block < kernel.count; block += 256) {
        CAPTURE(block);
        for (std::uint32_t cell = 0; cell < 64; ++cell) CHECK(out[block + 128 + cell] == out[block + 192 + cell]);
    }
    for (std::uint32_t index = 1; index < kernel.count; index += 8) {
        if (index % 256 >= 128) continue;
        CHECK(out[index] <= 5);  // incremented with a wrap
    }
}
