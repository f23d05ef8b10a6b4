#include "probes/catalog/system_records.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "probes/catalog/catalog.hpp"
#include "probes/catalog/record_reader.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

const json companion = {{"name", "libnvcucompat.so"}, {"lowest_line", 35}, {"highest_line", nullptr},
                        {"gpu_variant", nullptr},     {"kind", "part"},    {"without", "it crashes"},
                        {"source", {"one", "two"}}};
const json fault = {{"id", "xid"},
                    {"what", "an error"},
                    {"contains", {"NVRM: Xid (", "): "}},
                    {"gpu_variant", "openrm"},
                    {"source", {"one"}}};

// Why a record with this in place is refused; empty where it is taken.
template <typename Read>
std::string refusal(json record, const char* key, const json& value, Read read) {
    record[key] = value;
    try {
        RecordReader reader(record, "list[0]");
        (void)read(reader);
        reader.refuse_other_keys();
    } catch (const RecordFlaw& flaw) {
        return flaw.what();
    }
    return "";
}

}  // namespace

TEST_CASE("records are read as they stand") {
    RecordReader reader(companion, "list[0]");
    const CompanionRecord record = read_companion_record(reader);
    CHECK(record.name == "libnvcucompat.so");
    CHECK(record.lowest_line == 35);
    CHECK_FALSE(record.highest_line);
    CHECK(record.gpu_variant.empty());
    CHECK_FALSE(record.extra);
    CHECK(record.source == "one; two");
    RecordReader other(fault, "list[1]");
    CHECK(read_kernel_fault_record(other).contains == std::vector<std::string>{"NVRM: Xid (", "): "});
}

TEST_CASE("what a record may not say is refused by name") {
    const auto of_companion = [](const char* key, const json& value) {
        return refusal(companion, key, value, read_companion_record);
    };
    CHECK(of_companion("name", "libnvidia-nvvm.so.*").empty());
    CHECK(of_companion("name", "lib*.so").find("name") != std::string::npos);
    CHECK(of_companion("name", "/usr/lib/libnvos.so").find("file name") != std::string::npos);
    CHECK(of_companion("highest_line", 34).find("highest_line") != std::string::npos);
    CHECK(of_companion("gpu_variant", "dgpu").find("nvgpu, openrm") != std::string::npos);
    CHECK(of_companion("kind", "other").find("kind") != std::string::npos);
    CHECK(of_companion("source", json::array()).find("source") != std::string::npos);
    CHECK(of_companion("colour", "red").find("colour") != std::string::npos);
    const auto of_fault = [](const char* key, const json& value) {
        return refusal(fault, key, value, read_kernel_fault_record);
    };
    CHECK(of_fault("contains", json::array()).find("contains") != std::string::npos);
    CHECK(of_fault("contains", {"NVRM", ""}).find("contains") != std::string::npos);
    CHECK(of_fault("gpu_variant", "nvidia").find("gpu_variant") != std::string::npos);
    CHECK(of_fault("source", json::array()).find("source") != std::string::npos);
}

TEST_CASE("our own data hold both kinds") {
    const Catalog catalog = load_catalog(JETCUDA_SOURCE_DIR "/config/data", "/no/such/folder");
    CHECK(catalog.companions.size() >= 9);
    CHECK(catalog.kernel_faults.size() >= 20);
}

}  // namespace jetcuda
