// jetcuda-probe as a person starts it.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "probes/system/process.hpp"

using namespace jetcuda;

namespace {

struct Ran {
    ProcessResult result;
    std::vector<std::string> lines;
};

Ran run(std::vector<std::string> argv) {
    ProcessRequest request;
    request.argv = std::move(argv);
    Ran ran;
    ran.result = run_process(request, [&ran](std::string_view line) { ran.lines.emplace_back(line); });
    return ran;
}

const std::string probe = JETCUDA_BINARY_DIR "/bin/jetcuda-probe";
const std::string driver = JETCUDA_BINARY_DIR "/tests/drivers/libcuda.so.1.1";

}  // namespace

TEST_CASE("help and version go to standard output") {
    const Ran help = run({probe, "--help"});
    CHECK(help.result.exit_status == 0);
    REQUIRE_FALSE(help.lines.empty());
    CHECK(help.lines[0].rfind("usage: jetcuda-probe LIBRARY ", 0) == 0);
    const Ran version = run({probe, "--version"});
    CHECK(version.result.exit_status == 0);
    REQUIRE(version.lines.size() == 1);
    CHECK(version.lines[0].rfind("jetcuda-probe ", 0) == 0);
}

TEST_CASE("wrong arguments are a usage error, said on standard error") {
    for (const std::vector<std::string>& argv : {std::vector<std::string>{probe},
                                                 {probe, driver, driver},
                                                 {probe, "libcuda.so.1"},
                                                 {probe, ""},
                                                 {probe, "--nonsense"},
                                                 {probe, driver, "--nonsense=1"},
                                                 {probe, driver, "--work=dance"},
                                                 {probe, driver, "--work=context"},
                                                 {probe, driver, "--work=native,"},
                                                 {probe, driver, "--work=runtime"},
                                                 {probe, driver, "--work=runtime", "--runtime=libcudart.so"},
                                                 {probe, driver, "--work=native", "--repeat=0"},
                                                 {probe, driver, "--work=native", "--repeat=many"},
                                                 {probe, driver, "--work=patterns", "--available=-1"},
                                                 {probe, driver, "--library=libcublas.so.12"},
                                                 {probe, "--work=native"}}) {
        const Ran ran = run(argv);
        CHECK(ran.result.end == ProcessEnd::exited);
        CHECK(ran.result.exit_status == 64);
        CHECK(ran.lines.empty());
        CHECK(ran.result.error_output.find("usage: jetcuda-probe LIBRARY") != std::string::npos);
    }
}

TEST_CASE("each step is begun before it is answered, and done comes last") {
    const Ran ran = run({probe, driver});
    CHECK(ran.result.exit_status == 0);
    REQUIRE(ran.lines.size() == 17);
    CHECK(ran.lines[0] == R"({"begin":"open"})");
    for (std::size_t i = 0; i < 16; i += 2) {
        const std::string name = ran.lines[i].substr(10, ran.lines[i].size() - 12);
        CHECK(ran.lines[i + 1].rfind(R"({"end":")" + name + R"(","result":0)", 0) == 0);
    }
    CHECK(ran.lines[16] == R"({"done":true})");
}

TEST_CASE("work follows the context, and each thing is announced before it is told") {
    const Ran ran = run({probe, driver, "--work=patterns,native"});
    CHECK(ran.result.exit_status == 0);
    std::vector<std::string> begun;
    std::string tried;
    for (const std::string& line : ran.lines) {
        if (line.rfind(R"({"begin":")", 0) == 0) begun.push_back(line.substr(10, line.size() - 12));
        if (line.rfind(R"({"try":")", 0) == 0) tried = line.substr(8, line.size() - 10);
        if (line.rfind(R"({"tried":")", 0) == 0)
            CHECK(line.rfind(R"({"tried":")" + tried + R"(","outcome":"right")", 0) == 0);
    }
    REQUIRE(begun.size() == 10);
    CHECK(begun[8] == "native");  // in the order of the steps, not of the option
    CHECK(begun[9] == "patterns");
    CHECK(tried == "random");
    CHECK(ran.lines.back() == R"({"done":true})");
}

TEST_CASE("standard streams that are closed make it stop or go on, never answer into a library's file") {
    CHECK(run({"/bin/sh", "-c", "exec \"$0\" \"$1\" >&-", probe, driver}).result.exit_status == 74);
    const Ran without_errors = run({"/bin/sh", "-c", "exec \"$0\" \"$1\" 2>&- <&-", probe, driver});
    CHECK(without_errors.result.exit_status == 0);
    CHECK(without_errors.lines.size() == 17);
}
