// Questions that several ask of an inspection.

#include "probes/programs/inspection.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

Inspection library() {
    Inspection inspection;
    inspection.kind = ProgramKind::elf;
    inspection.parts.emplace_back();
    inspection.parts.front().code.bits = 64;
    return inspection;
}

}  // namespace

TEST_CASE("a file uses the GPU by its code or by its runtime") {
    Inspection inspection = library();
    CHECK_FALSE(uses_gpu(inspection));
    inspection.parts.emplace_back().runtime.linkage = RuntimeLinkage::shared;
    CHECK(uses_gpu(inspection));
    CHECK_FALSE(uses_gpu(inspection.parts.front()));
    inspection.parts.front().code.rows.emplace_back();
    CHECK(uses_gpu(inspection.parts.front()));
    CHECK_FALSE(uses_gpu(Inspection{}));
}

TEST_CASE("damage of a part is damage of the file") {
    Inspection inspection = library();
    CHECK_FALSE(is_damaged(inspection));
    inspection.parts.front().code.problems = {"cut off"};
    CHECK(is_damaged(inspection));
    inspection.parts.clear();
    CHECK_FALSE(is_damaged(inspection));
    inspection.problems = {"It cannot be opened"};
    CHECK(is_damaged(inspection));
}

TEST_CASE("a loader takes programs and libraries of 64 bits") {
    Inspection inspection = library();
    CHECK(has_loader(inspection));
    inspection.parts.front().code.bits = 32;
    CHECK_FALSE(has_loader(inspection));
    inspection = library();
    inspection.parts.front().code.object = true;
    CHECK_FALSE(has_loader(inspection));
    inspection = library();
    inspection.kind = ProgramKind::wheel;
    CHECK_FALSE(has_loader(inspection));
    CHECK_FALSE(has_loader(Inspection{}));
}

TEST_CASE("kinds have names") {
    CHECK(name_of(ProgramKind::elf) == "elf");
    CHECK(name_of(ProgramKind::other) == "other");
}
