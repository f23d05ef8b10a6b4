#include "probes/catalog/record_reader.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace jetcuda {
namespace {

template <typename Ask>
std::string flaw_of(const nlohmann::json& record, Ask ask) {
    try {
        RecordReader reader(record, "rows[2]");
        ask(reader);
    } catch (const RecordFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

}  // namespace

TEST_CASE("null and absent are the same for what may be missing") {
    const nlohmann::json record = {{"a", nullptr}, {"n", 3}};
    RecordReader reader(record, "rows[0]");
    CHECK_FALSE(reader.optional_text("a").has_value());
    CHECK_FALSE(reader.optional_text("b").has_value());
    CHECK_FALSE(reader.optional_cuda("a").has_value());
    CHECK(reader.optional_texts("a").empty());
    CHECK(reader.text_map("b").empty());
    CHECK(reader.optional_object("a") == nullptr);
    CHECK(reader.optional_number("n", 0, 3) == 3);
    reader.refuse_other_keys();
}

TEST_CASE("a key that nobody asked for is refused, with those that are known") {
    const nlohmann::json record = {{"name", "x"}, {"nmae", "y"}};
    CHECK(flaw_of(record, [](RecordReader& reader) {
              static_cast<void>(reader.text("name"));
              reader.call_it("x");
              reader.refuse_other_keys();
          }) == "rows[2] (x): unknown key \"nmae\"; the keys are name");
}

TEST_CASE("numbers outside their range, fractions and texts are no numbers") {
    for (const nlohmann::json& value :
         {nlohmann::json(-1), nlohmann::json(11), nlohmann::json(1.5), nlohmann::json("3"),
          nlohmann::json(18446744073709551615ULL), nlohmann::json(true)}) {
        CAPTURE(value.dump());
        CHECK(flaw_of({{"n", value}}, [](RecordReader& reader) { static_cast<void>(reader.number("n", 0, 10)); }) ==
              "rows[2]: \"n\" must be a whole number from 0 to 10");
    }
    CHECK(flaw_of(nlohmann::json::object(), [](RecordReader& reader) {
              static_cast<void>(reader.number("n", 0, 10));
          }) == "rows[2]: \"n\" is missing; it must be a whole number");
}

TEST_CASE("what is no object is no record") {
    CHECK(flaw_of(nlohmann::json::array(), [](RecordReader&) {}) == "rows[2]: a record must be an object");
}

}  // namespace jetcuda
