// The table of PTX ISA versions: what a driver promises, at its edges and beyond them.

#include "probes/ptx_isa.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

TEST_CASE("a driver promises what its own CUDA version brought, and 12.6 brought nothing new") {
    CHECK(newest_isa_of({11, 4}) == PtxIsa{7, 4});
    CHECK(newest_isa_of({12, 2}) == PtxIsa{8, 2});
    CHECK(newest_isa_of({12, 5}) == PtxIsa{8, 5});
    CHECK(newest_isa_of({12, 6}) == PtxIsa{8, 5});
    CHECK(newest_isa_of({12, 9}) == PtxIsa{8, 8});
    CHECK(newest_isa_of({13, 0}) == PtxIsa{9, 0});
}

TEST_CASE("of a driver outside the table nothing is said") {
    CHECK_FALSE(newest_isa_of({8, 0}));
    CHECK_FALSE(newest_isa_of({99, 0}));
}

TEST_CASE("an ISA needs the driver that brought it, and one between two rows that of the next") {
    CHECK(first_driver_for({7, 8}) == CudaVersion{11, 8});
    CHECK(first_driver_for({8, 6}) == CudaVersion{12, 7});
    CHECK(first_driver_for({7, 9}) == CudaVersion{12, 0});
    CHECK(first_driver_for({3, 2}) == CudaVersion{9, 0});
    CHECK_FALSE(first_driver_for({99, 0}));
}

TEST_CASE("the table rises in both columns") {
    for (std::size_t i = 1; i < ptx_isa_records.size(); ++i) {
        CHECK(ptx_isa_records.at(i - 1).isa < ptx_isa_records.at(i).isa);
        CHECK(ptx_isa_records.at(i - 1).first_driver < ptx_isa_records.at(i).first_driver);
    }
    CHECK(PtxIsa{8, 4}.text() == "8.4");
}
