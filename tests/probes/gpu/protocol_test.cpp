// Lines as the probe writes them come back as they were; anything else is told as garbled, in the step it concerns.

#include "probes/gpu/protocol.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using std::chrono::milliseconds;

namespace {

StepAnswer good_step(ProbeStep step) {
    StepAnswer answer;
    answer.step = step;
    answer.end = StepEnd::answered;
    answer.duration = milliseconds{3};
    return answer;
}

// What a probe writes that finds a graphics card and, second, a healthy Orin.
ProbeAnswer healthy_answer() {
    ProbeAnswer answer;
    answer.simulated = true;
    answer.seccomp = true;
    answer.driver_version = 12060;
    answer.devices.resize(2);
    answer.devices[1].ordinal = 1;
    answer.devices[1].integrated = true;
    answer.devices[1].name = "Orin \"ünder\" test";
    answer.devices[1].capability = Capability{8, 7};
    answer.devices[1].memory_bytes = 16'438'804'480;
    return answer;
}

std::vector<std::string> lines_of(const ProbeAnswer& whole) {
    std::vector<std::string> lines;
    ProbeAnswer so_far = whole;
    so_far.steps.clear();
    while (const auto step = next_step(so_far)) {
        lines.push_back(begin_line(*step));
        so_far.steps.push_back(good_step(*step));
        lines.push_back(end_line(so_far, so_far.steps.back()));
    }
    lines.push_back(done_line());
    return lines;
}

AnswerReader read(const std::vector<std::string>& lines) {
    AnswerReader reader;
    for (const std::string& line : lines) reader.take_line(line);
    return reader;
}

// The given lines after a good open.
AnswerReader read_after_open(const std::vector<std::string>& lines) {
    AnswerReader reader;
    reader.take_line(R"({"begin":"open"})");
    reader.take_line(R"({"end":"open","result":0,"simulated":false,"duration_ms":1})");
    for (const std::string& line : lines) reader.take_line(line);
    return reader;
}

std::string name_line(const std::string& name_json) {
    return R"({"end":"name","result":0,"ordinal":1,"device_name":)" + name_json + "}";
}

// The lines of a healthy probe up to "begin name".
AnswerReader read_to_name() {
    std::vector<std::string> lines = lines_of(healthy_answer());
    lines.resize(9);
    return read(lines);
}

}  // namespace

TEST_CASE("steps and ends have names, and names have steps") {
    for (int i = 0; i < 8; ++i) {
        const auto step = static_cast<ProbeStep>(i);
        CHECK(probe_step_named(name_of(step)) == step);
    }
    CHECK_FALSE(probe_step_named("Open"));
    CHECK_FALSE(probe_step_named(""));
    CHECK(name_of(StepEnd::killed_from_outside) == "killed-from-outside");
}

TEST_CASE("what a healthy probe writes is read as it was") {
    const ProbeAnswer whole = healthy_answer();
    AnswerReader reader = read(lines_of(whole));
    CHECK(reader.done());
    CHECK_FALSE(reader.garbled());
    const ProbeAnswer& answer = reader.answer();
    REQUIRE(answer.steps.size() == 8);
    for (const StepAnswer& step : answer.steps) {
        CHECK(step.succeeded());
        CHECK(step.duration == milliseconds{3});
    }
    CHECK(answer.simulated);
    CHECK(answer.seccomp);
    CHECK(answer.driver_version == 12060);
    REQUIRE(answer.devices.size() == 2);
    CHECK_FALSE(answer.devices[0].integrated);
    CHECK(answer.devices[0].name.empty());
    CHECK_FALSE(answer.devices[0].capability);
    REQUIRE(answer.integrated_device() == &answer.devices[1]);
    CHECK(answer.asked_device() == &answer.devices[1]);
    CHECK(answer.devices[1].name == whole.devices[1].name);
    CHECK(answer.devices[1].capability == Capability{8, 7});
    CHECK(answer.devices[1].memory_bytes == whole.devices[1].memory_bytes);
}

TEST_CASE("a failure is read with the driver's words, or with ours where it has none") {
    AnswerReader reader = read_after_open({R"({"begin":"version"})", R"({"end":"version","result":34,"duration_ms":0})",
                                           R"({"begin":"init"})",
                                           R"({"end":"init","result":100,"name":"THEIR_NAME","text":"their words"})"});
    const StepAnswer* version = reader.answer().step(ProbeStep::version);
    REQUIRE(version != nullptr);
    CHECK(version->end == StepEnd::answered);
    CHECK_FALSE(version->succeeded());
    CHECK(version->name == "CUDA_ERROR_STUB_LIBRARY");
    const StepAnswer* init = reader.answer().step(ProbeStep::init);
    REQUIRE(init != nullptr);
    CHECK(init->name == "THEIR_NAME");
    CHECK(init->text == "their words");
    CHECK_FALSE(next_step(reader.answer()));  // nothing is tried after a failed init
    reader.take_line(R"({"done":true})");
    CHECK(reader.done());
}

TEST_CASE("a result that nobody has a name for is told by number") {
    AnswerReader reader = read_after_open({R"({"begin":"version"})", R"({"end":"version","result":1234})"});
    CHECK(reader.answer().step(ProbeStep::version)->name == "CUresult 1234");
}

TEST_CASE("a step that could not call says why") {
    AnswerReader reader = read({R"({"begin":"open"})", R"({"end":"open","failure":"libcuda.so.1: file too short"})"});
    CHECK(reader.answer().step(ProbeStep::open)->end == StepEnd::failed);
    CHECK(reader.answer().step(ProbeStep::open)->failure == "libcuda.so.1: file too short");
    CHECK_FALSE(next_step(reader.answer()));
}

TEST_CASE("what is no line of the protocol garbles the step that was begun, and the steps before stay") {
    for (const char* line : {
             "",
             "hello",
             "[]",
             "{}",
             "null",
             "7",
             R"({"begin":"init"})",
             R"({"begin":"open"})",
             R"({"begin":7})",
             R"({"begin":"nonsense"})",
             R"({"begin":"version"} trailing)",
             R"({"begin":"version"})",
             R"({"done":true})",
             R"({"end":"init","result":0})",
             R"({"end":"version"})",
             R"({"end":"version","result":"0"})",
             R"({"end":"version","result":0})",
             R"({"end":"version","result":0,"driver_version":"12060"})",
             R"({"end":"version","result":0,"driver_version":-5})",
             R"({"end":"version","result":0,"driver_version":12.5})",
             R"({"end":"version","result":0,"driver_version":1e300})",
             R"({"end":"version","result":0,"driver_version":18446744073709551615})",
             R"({"end":"version","result":99999999999,"driver_version":12060})",
             R"({"end":"version","result":0,"failure":"both","driver_version":12060})",
             R"({"end":"version","result":0,"result":0,"driver_version":12060})",
             R"({"end":"version","result":0,"driver_version":12060,"duration_ms":-1})",
             R"({"end":"version","result":0,"driver_version":12060,"duration_ms":1e99})",
             R"({"end":"version","result":5,"name":7})",
             R"({"end":"version","failure":{}})",
             "{\"end\":\"ver\xff\"}",
             R"({"end":"version","result":0,"driver_version":null})",
         }) {
        CAPTURE(line);
        AnswerReader reader = read_after_open({R"({"begin":"version"})", line});
        CHECK(reader.garbled());
        REQUIRE(reader.answer().steps.size() == 2);
        CHECK(reader.answer().steps[0].succeeded());
        CHECK(reader.answer().steps[1].step == ProbeStep::version);
        CHECK(reader.answer().steps[1].end == StepEnd::garbled);
        CHECK_FALSE(reader.answer().steps[1].failure.empty());
        CHECK_FALSE(reader.answer().driver_version);
        // Nothing counts after it, however good it looks.
        reader.take_line(R"({"end":"version","result":0,"driver_version":12060})");
        reader.end_unfinished_step(StepEnd::crashed, 11, "", milliseconds{0});
        CHECK(reader.answer().steps.size() == 2);
    }
}

TEST_CASE("a first line that is none concerns open") {
    AnswerReader reader = read({R"({"end":"open","result":0,"simulated":false})"});
    REQUIRE(reader.answer().steps.size() == 1);
    CHECK(reader.answer().steps[0].step == ProbeStep::open);
    CHECK(reader.answer().steps[0].end == StepEnd::garbled);
}

TEST_CASE("values of a device are held to what can be") {
    const auto garbles = [](ProbeStep last, const std::string& line) {
        std::vector<std::string> lines = lines_of(healthy_answer());
        lines.resize(static_cast<std::size_t>(last) * 2 + 1);
        AnswerReader reader = read(lines);
        CHECK_FALSE(reader.garbled());
        reader.take_line(line);
        return reader.garbled();
    };
    CHECK(garbles(ProbeStep::devices, R"({"end":"devices","result":0,"devices":{}})"));
    CHECK(garbles(ProbeStep::devices, R"({"end":"devices","result":0,"devices":[7]})"));
    CHECK(garbles(ProbeStep::devices, R"({"end":"devices","result":0,"devices":[{"ordinal":1,"integrated":true}]})"));
    CHECK(garbles(ProbeStep::devices, R"({"end":"devices","result":0,"devices":[{"ordinal":0,"integrated":1}]})"));
    CHECK(garbles(ProbeStep::name, R"({"end":"name","result":0,"ordinal":2,"device_name":"x"})"));
    CHECK(garbles(ProbeStep::name, R"({"end":"name","result":0,"ordinal":-1,"device_name":"x"})"));
    CHECK(garbles(ProbeStep::name, R"({"end":"name","result":0,"device_name":"x"})"));
    CHECK(garbles(ProbeStep::capability, R"({"end":"capability","result":0,"ordinal":1,"capability":[8]})"));
    CHECK(garbles(ProbeStep::capability, R"({"end":"capability","result":0,"ordinal":1,"capability":[8,10]})"));
    CHECK(garbles(ProbeStep::capability, R"({"end":"capability","result":0,"ordinal":1,"capability":"8.7"})"));
    CHECK(garbles(ProbeStep::memory, R"({"end":"memory","result":0,"ordinal":1,"memory_bytes":-1})"));
    CHECK_FALSE(garbles(ProbeStep::memory, R"({"end":"memory","result":0,"ordinal":1,"memory_bytes":1})"));
}

TEST_CASE("too many devices, too long a line and too deep a line are refused") {
    std::string devices;
    for (int i = 0; i < 65; ++i)
        devices += (i ? "," : "") + (R"({"integrated":true,"ordinal":)" + std::to_string(i)) + "}";
    std::vector<std::string> lines = lines_of(healthy_answer());
    lines.resize(7);
    AnswerReader reader = read(lines);
    reader.take_line(R"({"end":"devices","result":0,"devices":[)" + devices + "]}");
    CHECK(reader.garbled());
    CHECK(read({R"({"begin":"open","x":")" + std::string(20'000, 'x') + "\"}"}).garbled());
    CHECK(read({std::string(10'000, '[') + std::string(10'000, ']')}).garbled());
    CHECK(read({std::string(10'000, '{')}).garbled());
}

TEST_CASE("text from a driver is made fit to be shown") {
    AnswerReader reader = read_to_name();
    reader.take_line(name_line(R"("O\u001b[31mr\u0000in\n\u202e\u009b!")"));
    REQUIRE_FALSE(reader.garbled());
    CHECK(reader.answer().devices[1].name == "O[31mrin!");

    AnswerReader long_name = read_to_name();
    long_name.take_line(name_line('"' + std::string(5000, 'x') + '"'));
    CHECK(long_name.answer().devices[1].name == std::string(199, 'x') + "…");
}

TEST_CASE("printable keeps good text, drops controls, replaces bad bytes and shortens by characters") {
    CHECK(printable("Orin (nvgpu)") == "Orin (nvgpu)");
    CHECK(printable("Jürgen 東京 🚀") == "Jürgen 東京 🚀");
    CHECK(printable("a\x01\x7f\tb") == "ab");
    CHECK(printable("a\xff\xc0\xafz") == "a\uFFFD\uFFFD\uFFFDz");
    CHECK(printable("\xe6\x9d") == "\uFFFD\uFFFD");            // cut off in the middle of a character
    CHECK(printable("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");  // half of a surrogate pair
    CHECK(printable("äöüß", 4) == "äöüß");
    CHECK(printable("äöüßx", 4) == "äöü…");
    CHECK(printable("x", 0).empty());
    CHECK(printable("", 5).empty());
}

TEST_CASE("the end of a probe is the end of the step it was in") {
    SUBCASE("nothing was said") {
        AnswerReader reader;
        reader.end_unfinished_step(StepEnd::crashed, 11, "ended", milliseconds{5});
        REQUIRE(reader.answer().steps.size() == 1);
        CHECK(reader.answer().steps[0].step == ProbeStep::open);
        CHECK(reader.answer().steps[0].end == StepEnd::crashed);
        CHECK(reader.answer().steps[0].signal == 11);
        CHECK(reader.answer().steps[0].duration == milliseconds{5});
    }
    SUBCASE("in a step") {
        AnswerReader reader = read_after_open({R"({"begin":"version"})"});
        reader.end_unfinished_step(StepEnd::timed_out, 0, "", milliseconds{0});
        REQUIRE(reader.answer().steps.size() == 2);
        CHECK(reader.answer().steps[1].step == ProbeStep::version);
    }
    SUBCASE("between two steps: the one that was to come") {
        AnswerReader reader = read_after_open({});
        reader.end_unfinished_step(StepEnd::crashed, 6, "", milliseconds{0});
        REQUIRE(reader.answer().steps.size() == 2);
        CHECK(reader.answer().steps[1].step == ProbeStep::version);
    }
    SUBCASE("after the last step, which it did not survive") {
        std::vector<std::string> lines = lines_of(healthy_answer());
        lines.pop_back();
        AnswerReader reader = read(lines);
        reader.end_unfinished_step(StepEnd::crashed, 11, "", milliseconds{0});
        REQUIRE(reader.answer().steps.size() == 8);
        CHECK(reader.answer().steps[7].step == ProbeStep::context);
        CHECK(reader.answer().steps[7].end == StepEnd::crashed);
    }
    SUBCASE("after a failed init, which stands") {
        AnswerReader reader = read_after_open({R"({"begin":"version"})", R"({"end":"version","result":34})",
                                               R"({"begin":"init"})", R"({"end":"init","result":100})"});
        reader.end_unfinished_step(StepEnd::crashed, 11, "", milliseconds{0});
        REQUIRE(reader.answer().steps.size() == 3);
        CHECK(reader.answer().steps[2].result == 100);
    }
}

TEST_CASE("no input breaks the reader") {
    const std::vector<std::string> lines = lines_of(healthy_answer());
    std::vector<AnswerReader> before;  // before[i] has read the lines up to i
    before.emplace_back();
    for (const std::string& line : lines) {
        before.push_back(before.back());
        before.back().take_line(line);
    }
    for (unsigned seed = 0; seed < 4000; ++seed) {
        const std::size_t damaged = seed % lines.size();
        AnswerReader reader = before[damaged];
        reader.take_line(testing::mutated(lines[damaged], seed));
        if (damaged + 1 < lines.size()) reader.take_line(lines[damaged + 1]);
        reader.take_line(testing::random_bytes(seed, 200));
        reader.end_unfinished_step(StepEnd::crashed, 11, testing::random_bytes(seed, 50), milliseconds{0});
        CHECK(reader.answer().steps.size() <= 8);
        if (reader.answer().driver_version) CHECK(*reader.answer().driver_version >= 1000);
        printable(testing::random_bytes(seed, 300), seed % 40);
    }
}
