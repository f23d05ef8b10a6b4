// jetcuda-probe as a person starts it.

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "probes/system/process.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using nlohmann::json;

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

// What it told of each thing that it tried, on a driver with these settings.
std::vector<json> work(const std::string& settings, std::vector<std::string> options) {
    const testing::TempRoot folder;
    folder.link("libcuda.so.1", driver);
    folder.write("simulated_driver.json", settings);
    options.insert(options.begin(), {probe, folder.on_host("libcuda.so.1").string()});
    const Ran ran = run(options);
    CHECK(ran.result.exit_status == 0);
    std::vector<json> told;
    for (const std::string& line : ran.lines) {
        const auto object = json::parse(line);
        const bool is_end = object.contains("end") && object.value("result", 0) != 0;
        if (object.contains("tried") || is_end) told.push_back(object);
    }
    return told;
}

json told_of(const std::vector<json>& told, const std::string& name) {
    const auto found =
        std::find_if(told.begin(), told.end(), [&name](const auto& item) { return item.value("tried", "") == name; });
    REQUIRE_MESSAGE(found != told.end(), name);
    return *found;
}

std::string fault(const std::string& words) { return R"({"faults":[{)" + words + "}]}"; }

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

TEST_CASE("a file for another machine is told as such, and not as missing") {
    const testing::TempRoot folder;
    std::string other(
        "\x7F"
        "ELF\x02\x01\x01");
    other.resize(4096);
    other[16] = 3;                       // a shared object
    other[18] = static_cast<char>(243);  // for riscv
    other[20] = 1;
    folder.write("libcuda.so.1", other);
    const std::string path = folder.on_host("libcuda.so.1").string();
    const auto failure_of = [](const std::string& library) {
        const Ran ran = run({probe, library});
        REQUIRE(ran.lines.size() > 1);
        return json::parse(ran.lines[1]).value("failure", "");
    };
    CHECK(failure_of(path) == path + ": it is for another machine than this one");
    CHECK(failure_of("/nowhere/libcuda.so.1").find("No such file or directory") != std::string::npos);
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

TEST_CASE("a failure that shows once in many rounds is told once") {
    const auto told =
        work(fault(R"("kernel":"integers","nth":2,"do":"wrong","index":17,"flip":4)"), {"--work=native", "--repeat=3"});
    CHECK(told_of(told, "integers")["index"] == 17);
    CHECK(told_of(told, "integers")["wrong_count"] == 1);
    const auto named = [](const json& item) { return item.value("tried", "") == "integers"; };
    CHECK(std::count_if(told.begin(), told.end(), named) == 1);
}

TEST_CASE("memory is not taken to hold where nothing was written, checked or copied") {
    for (const char* silence :
         {R"("kernel":"memory_invert","do":"skipped")", R"("kernel":"memory_invert","nth":2,"do":"skipped")",
          R"("kernel":"memory_write","do":"skipped")", R"("call":"cuLaunchKernel","do":"unwritten")"}) {
        CAPTURE(silence);
        CHECK(told_of(work(fault(silence), {"--work=patterns"}), "walking ones")["outcome"] == "wrong");
    }
    const auto told = work(fault(R"("call":"cuMemcpyDtoH_v2","do":"unwritten")"), {"--work=native,patterns"});
    for (const char* name : {"integers", "streams and events", "walking ones", "random"}) {
        CHECK(told_of(told, name)["outcome"] == "failed");
        CHECK(told_of(told, name)["text"] == "cuMemcpyDtoH_v2 answered success and wrote nothing");
    }
}

TEST_CASE("after an error that leaves the context unusable no other step begins in this process") {
    const auto told = work(fault(R"("kernel":"halves","do":"poison","result":700)"), {"--work=native,jit"});
    CHECK(told_of(told, "floats")["outcome"] == "right");
    CHECK(told_of(told, "halves")["result"] == 700);
    CHECK(told_of(told, "managed memory")["detail"] == "after-error");
    CHECK(told.back().value("end", "") == "native");
    CHECK(told.back().value("result", 0) == 700);
}

TEST_CASE("an error of the runtime can leave the context unusable, too") {
    const testing::TempRoot folder;
    folder.link("libcuda.so.1", driver);
    std::filesystem::copy_file(JETCUDA_BINARY_DIR "/tests/drivers/libsimulated-cudart.so",
                               folder.on_host("libcudart.so.12"));
    folder.write("simulated_library.json", R"({"libcudart.so.12":{"version":"12.6",
        "faults":[{"call":"cudaMalloc","do":"return","result":700}]}})");
    const Ran ran = run({probe, folder.on_host("libcuda.so.1").string(), "--work=runtime,libraries",
                         "--runtime=" + folder.on_host("libcudart.so.12").string()});
    std::vector<json> told;
    for (const std::string& line : ran.lines) told.push_back(json::parse(line));
    CHECK(told_of(told, "memory")["name"] == "cudaErrorIllegalAddress");
    CHECK(told_of(told, "launch")["detail"] == "after-error");
    REQUIRE(told.size() > 2);
    CHECK(told[told.size() - 2].value("end", "") == "runtime");
    CHECK(told[told.size() - 2].value("result", 0) == 700);
}

TEST_CASE("a GPU that no image is made for is offered none, of whatever architecture") {
    const auto told = work(fault(R"("step":"capability","do":"value","value":86)"), {"--work=native"});
    REQUIRE_FALSE(told.empty());
    for (const json& item : told) CHECK(item.value("detail", "") == "no-image");
    CHECK(told.back().value("tried", "") == "image for another GPU");
}

TEST_CASE("memory that the driver calls full is asked for all the same, and the refusal told") {
    const auto refused =
        told_of(work(R"({"free_bytes":60000})", {"--work=patterns", "--available=8000000000"}), "random");
    CHECK(refused["outcome"] == "refused");
    CHECK(refused["call"] == "cuMemAlloc_v2");
    CHECK(refused["result"] == 2);
    CHECK(refused["requested_bytes"] == 65536);
    CHECK(told_of(work("{}", {"--work=patterns", "--available=1000000"}), "random")["detail"] == "memory-short");
}

TEST_CASE("standard streams that are closed make it stop or go on, never answer into a library's file") {
    CHECK(run({"/bin/sh", "-c", "exec \"$0\" \"$1\" >&-", probe, driver}).result.exit_status == 74);
    const Ran without_errors = run({"/bin/sh", "-c", "exec \"$0\" \"$1\" 2>&- <&-", probe, driver});
    CHECK(without_errors.result.exit_status == 0);
    CHECK(without_errors.lines.size() == 17);
}
