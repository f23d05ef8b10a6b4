#include "daemon/cli/suggest.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

namespace {
const std::vector<std::string_view> ids = {"soc-is-supported",   "libcuda-is-found",      "libcuda-is-genuine",
                                           "driver-initializes", "driver-matches-module", "gpu-module-is-loaded"};
using Words = std::vector<std::string_view>;
}  // namespace

TEST_CASE("a slip of the finger finds its word, and only that") {
    CHECK(near_words("driver-initialises", ids) == Words{"driver-initializes"});
    CHECK(near_words("libcuda-is-fuond", ids) == Words{"libcuda-is-found"});
    CHECK(near_words("staus", {"status", "run", "facts"}) == Words{"status"});
    CHECK(near_words("rnu", {"status", "run", "facts"}) == Words{"run"});
}

TEST_CASE("a part of an id finds those that hold it, the most alike first") {
    CHECK(near_words("libcuda", ids) == Words{"libcuda-is-found", "libcuda-is-genuine"});
    CHECK(near_words("driver-match", ids).front() == "driver-matches-module");
    CHECK(near_words("module", ids).size() == 2);
}

TEST_CASE("what is like nothing suggests nothing") {
    CHECK(near_words("frobnicate", ids).empty());
    CHECK(near_words("", ids).empty());
    CHECK(near_words(std::string(100'000, 'a'), ids).empty());
    CHECK(did_you_mean("frobnicate", ids).empty());
    CHECK(did_you_mean("libcuda", ids) == " Did you mean libcuda-is-found or libcuda-is-genuine?");
}

TEST_CASE("words are listed as people list them") {
    CHECK(either({}).empty());
    CHECK(either({"a"}) == "a");
    CHECK(either({"a", "b"}) == "a or b");
    CHECK(either({"a", "b", "c"}) == "a, b or c");
}
