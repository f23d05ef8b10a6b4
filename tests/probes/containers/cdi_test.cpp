// Specifications of the Container Device Interface, in both forms, good and bad.

#include "probes/containers/cdi.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::string_view spec =
    R"({"cdiVersion":"0.5.0","kind":"nvidia.com/gpu",
        "containerEdits":{"env":["A=b"],"deviceNodes":[{"path":"/dev/nvidiactl"}],
            "mounts":[{"hostPath":"/usr/lib/libcuda.so.1.1","containerPath":"/x"},
                      {"hostPath":"tmpfs","containerPath":"/y","type":"tmpfs"}]},
        "devices":[{"name":"0","containerEdits":{"deviceNodes":[{"path":"/dev/nvidia0","hostPath":"/host/nvidia0"}]}},
                   {"name":"all","containerEdits":{"deviceNodes":[{"path":"/dev/nvidiactl"}]}}]})";

std::string flaw_of(std::string_view text, CdiFormat format = CdiFormat::json) {
    try {
        static_cast<void>(parse_cdi(text, "nvidia.json", format));
    } catch (const CdiFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

}  // namespace

TEST_CASE("every file of the host is an entry, once") {
    const CdiSpec read = parse_cdi(spec, "nvidia.json", CdiFormat::json);
    CHECK(read.kind == "nvidia.com/gpu");
    CHECK(read.for_gpu());
    REQUIRE(read.entries.size() == 3);
    CHECK(read.entries[0].kind == MountKind::device);
    CHECK(read.entries[0].path == "/dev/nvidiactl");
    CHECK(read.entries[0].list == MountList::cdi);
    CHECK(read.entries[1].kind == MountKind::library);
    CHECK(read.entries[1].path == "/usr/lib/libcuda.so.1.1");
    CHECK(read.entries[2].path == "/host/nvidia0");
    CHECK(read.entries[2].source == "nvidia.json, devices[0].containerEdits.deviceNodes[0]");
}

TEST_CASE("YAML says the same") {
    const CdiSpec read = parse_cdi(
        "---\ncdiVersion: 0.5.0\nkind: nvidia.com/gpu\ncontainerEdits:\n  deviceNodes:\n  - path: /dev/nvmap\n"
        "devices:\n- name: all\n  containerEdits:\n    mounts:\n    - hostPath: /a/b\n      containerPath: /a/b\n",
        "nvidia.yaml", CdiFormat::yaml);
    REQUIRE(read.entries.size() == 2);
    CHECK(read.entries[0].path == "/dev/nvmap");
    CHECK(read.entries[1].path == "/a/b");
}

TEST_CASE("only the kind of NVIDIA's GPUs is for the GPU") {
    CdiSpec read;
    for (const char* kind : {"nvidia.com/gpu", "runtime.nvidia.com/gpu"}) {
        read.kind = kind;
        CHECK(read.for_gpu());
    }
    for (const char* kind : {"nvidia.com/pva", "notnvidia.com/gpu", "vendor.com/gpu", ""}) {
        read.kind = kind;
        CHECK_FALSE(read.for_gpu());
    }
}

TEST_CASE("what is no specification says why") {
    CHECK(flaw_of("[]") == "it holds no keys");
    CHECK(flaw_of("{}") == "cdiVersion is missing");
    CHECK(flaw_of(R"({"cdiVersion":"1"})") == "kind is missing");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":7})") == "kind is no text");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","devices":{}})") == "devices is no list");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","devices":[3]})") == "devices[0] is no device");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","devices":[{}]})") == "devices[0].name is missing");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","containerEdits":[]})") == "containerEdits holds no keys");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","containerEdits":{"mounts":"x"}})") ==
          "containerEdits.mounts is no list");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","containerEdits":{"mounts":[1]}})") ==
          "containerEdits.mounts[0] holds no keys");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","containerEdits":{"mounts":[{}]}})") ==
          "containerEdits.mounts[0].hostPath is missing");
    CHECK(flaw_of(R"({"cdiVersion":"1","kind":"a","containerEdits":{"deviceNodes":[{"path":null}]}})") ==
          "containerEdits.deviceNodes[0].path is missing");
    CHECK(flaw_of("{\"cdiVersion\":", CdiFormat::json).find("line 1") != std::string::npos);
    CHECK_FALSE(flaw_of("a: [", CdiFormat::yaml).empty());
}

TEST_CASE("a specification of endless entries is refused") {
    std::string text = R"({"cdiVersion":"1","kind":"a","containerEdits":{"deviceNodes":[{"path":"/a"})";
    for (int i = 0; i < 6000; ++i) text += ",{\"path\":\"/" + std::to_string(i) + "\"}";
    CHECK(flaw_of(text + "]}}").find("more entries") != std::string::npos);
}

TEST_CASE("no bytes make it misbehave") {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        for (const CdiFormat format : {CdiFormat::json, CdiFormat::yaml}) {
            static_cast<void>(flaw_of(random_bytes(seed, 300), format));
            static_cast<void>(flaw_of(mutated(spec, seed), format));
        }
    }
}
