// The lines of a work step: what is announced and told is read as it was, and anything else makes the step garbled,
// while what was told before it still counts.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "probes/gpu/protocol.hpp"

using namespace jetcuda;

namespace {

const std::vector<std::string> up_to_context{
    R"({"begin":"open"})",       R"({"end":"open","result":0,"simulated":true})",
    R"({"begin":"version"})",    R"({"end":"version","result":0,"driver_version":12060})",
    R"({"begin":"init"})",       R"({"end":"init","result":0})",
    R"({"begin":"devices"})",    R"({"end":"devices","result":0,"devices":[{"ordinal":0,"integrated":true}]})",
    R"({"begin":"name"})",       R"({"end":"name","result":0,"ordinal":0,"device_name":"Orin"})",
    R"({"begin":"capability"})", R"({"end":"capability","result":0,"ordinal":0,"capability":[8,7]})",
    R"({"begin":"memory"})",     R"({"end":"memory","result":0,"ordinal":0,"memory_bytes":1})",
    R"({"begin":"context"})",    R"({"end":"context","result":0,"ordinal":0})"};

// A probe that was asked for `native` and `libraries`, in `native` after these lines.
AnswerReader read_in_native(const std::vector<std::string>& lines) {
    AnswerReader reader{{ProbeStep::native, ProbeStep::libraries}};
    for (const std::string& line : up_to_context) reader.take_line(line);
    reader.take_line(begin_line(ProbeStep::native));
    for (const std::string& line : lines) reader.take_line(line);
    return reader;
}

WorkItem item_of(WorkOutcome outcome) {
    WorkItem item;
    item.name = "integers";
    item.outcome = outcome;
    item.detail = "sm_87";
    item.duration = std::chrono::milliseconds{4};
    return item;
}

const WorkItem& read_back(const WorkItem& item, AnswerReader& reader) {
    reader.take_line(try_line(item.name));
    reader.take_line(tried_line(item));
    REQUIRE_FALSE(reader.garbled());
    return reader.answer().work.back();
}

}  // namespace

TEST_CASE("each outcome comes back with what belongs to it") {
    AnswerReader reader = read_in_native({});
    const WorkItem& right = read_back(item_of(WorkOutcome::right), reader);
    CHECK(right.step == ProbeStep::native);
    CHECK(right.name == "integers");
    CHECK(right.outcome == WorkOutcome::right);
    CHECK(right.detail == "sm_87");
    CHECK(right.duration == std::chrono::milliseconds{4});

    WorkItem wrong = item_of(WorkOutcome::wrong);
    wrong.index = 17;
    wrong.expected = 0xFFFFFFFF;
    wrong.got = 4;
    wrong.wrong_count = 3;
    const WorkItem told_wrong = read_back(wrong, reader);
    CHECK(told_wrong.index == 17);
    CHECK(told_wrong.expected == 0xFFFFFFFF);
    CHECK(told_wrong.got == 4);
    CHECK(told_wrong.wrong_count == 3);

    WorkItem refused = item_of(WorkOutcome::refused);
    refused.call = "cuMemAlloc_v2";
    refused.result = 2;
    refused.result_name = "CUDA_ERROR_OUT_OF_MEMORY";
    refused.text = "out of memory";
    refused.requested_bytes = 1U << 20U;
    const WorkItem told_refused = read_back(refused, reader);
    CHECK(told_refused.call == "cuMemAlloc_v2");
    CHECK(told_refused.result == 2);
    CHECK(told_refused.result_name == "CUDA_ERROR_OUT_OF_MEMORY");
    CHECK(told_refused.text == "out of memory");
    CHECK(told_refused.requested_bytes == 1U << 20U);

    WorkItem left_out = item_of(WorkOutcome::not_tried);
    left_out.detail = not_tried::unsupported;
    CHECK(read_back(left_out, reader).detail == "unsupported");
    WorkItem failed = item_of(WorkOutcome::failed);
    failed.text = "file too short";
    CHECK(read_back(failed, reader).text == "file too short");
    CHECK(reader.answer().work.size() == 5);
    CHECK(reader.answer().work_of(ProbeStep::native).size() == 5);
    CHECK(reader.answer().work_of(ProbeStep::jit).empty());
}

TEST_CASE("outcomes have names, and names have outcomes") {
    for (int i = 0; i < 6; ++i) {
        const auto outcome = static_cast<WorkOutcome>(i);
        CHECK(work_outcome_named(name_of(outcome)) == outcome);
    }
    CHECK_FALSE(work_outcome_named("Right"));
}

TEST_CASE("only the work that was asked for follows the context") {
    AnswerReader reader = read_in_native({R"({"end":"native","result":0})"});
    CHECK(next_step(reader.answer()) == ProbeStep::libraries);
    reader.take_line(begin_line(ProbeStep::jit));
    CHECK(reader.garbled());

    AnswerReader unasked;
    for (const std::string& line : up_to_context) unasked.take_line(line);
    CHECK_FALSE(next_step(unasked.answer()));
    unasked.take_line(begin_line(ProbeStep::native));
    CHECK(unasked.garbled());
}

TEST_CASE("an error that spoils the context ends the work of its process, and another error does not") {
    AnswerReader spoiled = read_in_native({R"({"end":"native","result":700})"});
    CHECK_FALSE(next_step(spoiled.answer()));
    AnswerReader refused = read_in_native({R"({"end":"native","result":2})"});
    CHECK(next_step(refused.answer()) == ProbeStep::libraries);
}

TEST_CASE("no work follows a context that was not made") {
    AnswerReader reader{{ProbeStep::native}};
    std::vector<std::string> lines = up_to_context;
    lines.back() = R"({"end":"context","result":999})";
    for (const std::string& line : lines) reader.take_line(line);
    CHECK_FALSE(next_step(reader.answer()));
    reader.take_line(done_line());
    CHECK(reader.done());
}

TEST_CASE("lines that cannot be make the step garbled") {
    const std::string tried = R"({"try":"integers"})";
    for (const std::vector<std::string>& lines :
         {std::vector<std::string>{R"({"try":""})"},
          {R"({"try":7})"},
          {tried, tried},
          {R"({"tried":"integers","outcome":"right"})"},
          {tried, R"({"tried":"floats","outcome":"right"})"},
          {tried, R"({"tried":"integers"})"},
          {tried, R"({"tried":"integers","outcome":"splendid"})"},
          {tried, R"({"tried":"integers","outcome":"unfinished"})"},
          {tried, R"({"tried":"integers","outcome":"refused"})"},
          {tried, R"({"tried":"integers","outcome":"refused","result":0})"},
          {tried, R"({"tried":"integers","outcome":"refused","result":"2"})"},
          {tried, R"({"tried":"integers","outcome":"wrong","index":-1})"},
          {tried, R"({"tried":"integers","outcome":"wrong","index":99999999999999999999})"},
          {tried, R"({"tried":"integers","outcome":"right","duration_ms":-5})"},
          {tried, R"({"tried":"integers","outcome":"right","detail":7})"},
          {tried, R"({"end":"native","result":0})"}}) {
        CAPTURE(lines.back());
        AnswerReader reader = read_in_native(lines);
        CHECK(reader.garbled());
        REQUIRE(reader.answer().steps.size() == 9);
        CHECK(reader.answer().steps.back().step == ProbeStep::native);
        CHECK(reader.answer().steps.back().end == StepEnd::garbled);
    }
}

TEST_CASE("nothing is tried outside of a work step") {
    AnswerReader reader{{ProbeStep::native}};
    reader.take_line(begin_line(ProbeStep::open));
    reader.take_line(try_line("integers"));
    CHECK(reader.garbled());
    CHECK(reader.answer().work.empty());
}

TEST_CASE("a probe cannot fill our memory with things that it tries") {
    AnswerReader reader = read_in_native({});
    for (int i = 0; i < 600; ++i) {
        reader.take_line(try_line("integers"));
        reader.take_line(tried_line(item_of(WorkOutcome::right)));
    }
    CHECK(reader.garbled());
    CHECK(reader.answer().work.size() == 512);
}

TEST_CASE("what was being tried when the probe died stays unfinished, and what was told before counts") {
    AnswerReader reader =
        read_in_native({try_line("integers"), tried_line(item_of(WorkOutcome::right)), try_line("floats")});
    reader.end_unfinished_step(StepEnd::crashed, 11, "it was ended by signal 11", std::chrono::milliseconds{1});
    REQUIRE(reader.answer().work.size() == 2);
    CHECK(reader.answer().work[0].outcome == WorkOutcome::right);
    CHECK(reader.answer().work[1].name == "floats");
    CHECK(reader.answer().work[1].outcome == WorkOutcome::unfinished);
    CHECK(reader.answer().steps.back().step == ProbeStep::native);
    CHECK(reader.answer().steps.back().end == StepEnd::crashed);
}

TEST_CASE("names and texts from a driver's process are made fit to be shown") {
    AnswerReader reader = read_in_native({R"({"try":"inte\u001bgers"})"});
    REQUIRE(reader.answer().work.size() == 1);
    CHECK(reader.answer().work[0].name == "integers");
}
