// What is gathered in two parts of a file is the same as what is gathered in one go. Real structures are searched in
// device_code_test.cpp.

#include "probes/programs/code_gathering.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {

CodeRow sass(std::uint32_t sm) {
    CodeRow row;
    row.kind = CodeKind::sass;
    row.sm = sm;
    row.count = 1;
    row.bytes = 100;
    return row;
}

struct Part {
    DeviceCode code;
    CodeGathering gathering{code};
};

// A container for each of the lists of GPUs.
void meet(Part& part, const std::vector<std::vector<std::uint32_t>>& containers) {
    for (const std::vector<std::uint32_t>& gpus : containers) {
        part.gathering.container({0}, 100);
        for (const std::uint32_t sm : gpus) part.gathering.add(sass(sm));
    }
}

}  // namespace

TEST_CASE("parts are put together as if they had been one") {
    Part first, second, whole;
    // The second part meets the rows in another order, and one that the first has not.
    meet(first, {{72, 87}, {87}, {72, 87}});
    meet(second, {{110, 87}, {87, 72}});
    first.gathering.take(second.gathering);
    first.gathering.finish();
    meet(whole, {{72, 87}, {87}, {72, 87}, {110, 87}, {87, 72}});
    whole.gathering.finish();

    CHECK(first.code.containers == 5);
    REQUIRE(first.code.rows.size() == 3);
    CHECK(first.code.rows[1].sm == 87);
    CHECK(first.code.rows[1].count == 5);
    CHECK(first.code.rows[1].bytes == 500);
    REQUIRE(first.code.mixes.size() == whole.code.mixes.size());
    for (std::size_t i = 0; i < whole.code.mixes.size(); ++i) {
        CHECK(first.code.mixes[i].rows == whole.code.mixes[i].rows);
        CHECK(first.code.mixes[i].containers == whole.code.mixes[i].containers);
    }
    REQUIRE(whole.code.mixes.size() == 3);
    CHECK(whole.code.mixes[0].containers == 3);  // 72 and 87, in either order
}

TEST_CASE("problems of all parts are told in their order, and no more than a reader can use") {
    Part first, second;
    for (std::size_t i = 0; i < DeviceCode::most_problems - 1; ++i) first.gathering.tell("early");
    second.gathering.tell("late");
    second.gathering.tell("later");
    second.gathering.tell("latest");
    first.gathering.take(second.gathering);
    first.gathering.finish();
    REQUIRE(first.code.problems.size() == DeviceCode::most_problems);
    CHECK(first.code.problems.front() == "early");
    CHECK(first.code.problems.back() == "and 3 more problems");
}

TEST_CASE("where one part is given up, the search ends") {
    Part part;
    const auto tell_all = [&] {
        for (;;) part.gathering.problem("damage");
    };
    CHECK_THROWS_AS(tell_all(), CodeGathering::GaveUp);
    part.gathering.finish();
    CHECK(part.code.problems.back().find("more damage than is worth reading") == 0);
}
