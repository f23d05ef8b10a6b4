#include "daemon/cli/fact_rows.hpp"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace jetcuda;

namespace {

const FactRow* row_of(const std::vector<FactRow>& rows, const std::string& name) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const FactRow& row) { return row.name == name; });
    return found == rows.end() ? nullptr : &*found;
}

Facts some_facts() {
    Facts facts;
    Board board;
    board.tegra = true;
    board.chip = "nvidia,tegra234";
    board.soc = SocRecord{};
    board.soc->id = "T234";
    board.model = "a model with an \x1b[31mescape\xff";
    facts.board = {board, "/proc/device-tree/compatible"};
    Release release;
    release.line = 36;
    release.l4t = L4tRelease{36, 5, 0};
    facts.release = {release, "/etc/nv_tegra_release, line 1"};
    facts.firmware = Missing{Lack::not_readable, "/sys/…/bios_version may not be read", "/sys/…/bios_version"};
    GpuModule module;
    module.running.name = "nvgpu";
    module.file = Missing{Lack::not_there, "no nvgpu.ko is below /lib/modules", "/lib/modules"};
    facts.gpu_module = {module, "/proc/modules"};
    DeviceNodes nodes;
    nodes.nodes.push_back({"/dev/nvmap", {FileKind::character_device, 0, 0660, 0, 44, 10, 1}, "video", {}});
    facts.device_nodes = {nodes, "/dev"};
    ProbeAnswer answer;
    answer.library = "/usr/lib/libcuda.so.1.1";
    answer.error_output = "GPU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    StepAnswer init;
    init.step = ProbeStep::init;
    init.end = StepEnd::answered;
    init.result = 100;
    init.name = "CUDA_ERROR_NO_DEVICE";
    answer.steps = {init};
    answer.driver_version = 12060;
    facts.driver_probe = {answer, "jetcuda-probe"};
    return facts;
}

}  // namespace

TEST_CASE("every value has its source, and every missing one its reason") {
    const auto rows = rows_of(some_facts());
    REQUIRE(row_of(rows, "board.soc") != nullptr);
    CHECK(std::get<std::string>(row_of(rows, "board.soc")->value) == "T234");
    CHECK(row_of(rows, "board.soc")->source == "/proc/device-tree/compatible");
    REQUIRE(row_of(rows, "release.l4t") != nullptr);
    CHECK(std::get<std::string>(row_of(rows, "release.l4t")->value) == "36.5.0");
    REQUIRE(row_of(rows, "firmware") != nullptr);
    CHECK(row_of(rows, "firmware")->missing);
    CHECK(row_of(rows, "firmware")->lack == "not-readable");
    REQUIRE(row_of(rows, "gpu_module.file") != nullptr);
    CHECK(row_of(rows, "gpu_module.file")->missing);
    REQUIRE(row_of(rows, "device_nodes./dev/nvmap") != nullptr);
    CHECK(std::get<std::string>(row_of(rows, "device_nodes./dev/nvmap")->value) ==
          "character device, mode 0660, uid 0, group video");
    REQUIRE(row_of(rows, "driver_probe.step.init") != nullptr);
    CHECK(std::get<std::string>(row_of(rows, "driver_probe.step.init")->value) ==
          "CUDA_ERROR_NO_DEVICE (100) after 0 ms");
    CHECK(std::get<std::string>(row_of(rows, "driver_probe.driver_cuda")->value) == "12.6");
    for (const FactRow& row : rows) {
        if (row.missing) CHECK_FALSE(row.why.empty());
    }
}

TEST_CASE("a compat folder is told with what it is and who uses it") {
    Facts facts = some_facts();
    CompatFolder folder;
    folder.directory = "/usr/local/cuda-12.9/compat";
    folder.library.path = folder.directory + "/libcuda.so.1";
    folder.library.real_path = folder.directory + "/libcuda.so.1.1";
    folder.product = CompatProduct::l4t;
    folder.version = "12.9.40580548";
    folder.cuda = CudaVersion{12, 9};
    folder.package = "cuda-compat-12-9";
    folder.note = {CompatNote{CudaVersion{12, 9}, {535, 550}, {}}, "the note"};
    folder.enabled_by = {{"every program", "a.conf, line 1", true}, {"a.service", ""}};
    Compat compat;
    compat.folders = {folder, {}};
    compat.window = CompatWindow{{12, 4}, {12, 9}};
    facts.compat = {compat, "compat folders"};
    const auto rows = rows_of(facts);
    const auto text_of = [&](const std::string& name) {
        const FactRow* row = row_of(rows, name);
        return row == nullptr ? std::string("no row") : std::get<std::string>(row->value);
    };
    const std::string start = "compat." + folder.directory + '.';
    CHECK(text_of(start + "product") == "l4t");
    CHECK(text_of(start + "version") == "12.9.40580548");
    CHECK(text_of(start + "cuda") == "12.9");
    CHECK(text_of(start + "package") == "cuda-compat-12-9");
    CHECK(text_of(start + "accepts_drivers") == "535, 550");
    CHECK(text_of("compat.window") == "12.4 to 12.9");
    REQUIRE(row_of(rows, start + "enabled_for") != nullptr);
    CHECK(std::get<std::vector<std::string>>(row_of(rows, start + "enabled_for")->value) ==
          std::vector<std::string>{"every program", "a.service"});
    CHECK(row_of(rows, start + "enabled_for")->source == "a.conf, line 1");
    CHECK(row_of(rows, "compat..note")->missing);
}

TEST_CASE("a fact that nobody asked for has a row, too") {
    const auto rows = rows_of(Facts{});
    std::set<std::string> names;
    for (const FactRow& row : rows) {
        CHECK_MESSAGE(names.insert(row.name).second, row.name, " is there twice");
    }
    for (const char* name : {"boot_id", "environment", "distribution", "board", "release", "line", "reference",
                             "firmware", "kernel_release", "kernel_modules", "gpu_module", "device_nodes",
                             "service_users", "libcuda", "libcuda_release", "driver_probe"}) {
        CAPTURE(name);
        REQUIRE(row_of(rows, name) != nullptr);
        CHECK(row_of(rows, name)->missing);
        CHECK(row_of(rows, name)->lack == "not-asked");
    }
}

TEST_CASE("text is one line a fact, and moves no cursor") {
    const auto rows = rows_of(some_facts());
    const std::string text = rows_as_text(rows);
    CHECK(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == rows.size());
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("[/etc/nv_tegra_release, line 1]") != std::string::npos);
}

TEST_CASE("JSON has the values with their types, and no UUID") {
    const std::string text = rows_as_json(rows_of(some_facts()), "/");
    const auto json = nlohmann::json::parse(text);
    CHECK(json["schema"] == "jetcuda-check.facts/1");
    bool tegra_seen = false;
    for (const auto& fact : json["facts"]) {
        CHECK(fact.size() == 4);
        CHECK(fact["value"].is_null() == !fact["missing"].is_null());
        if (fact["name"] == "board.tegra") tegra_seen = fact["value"] == true;
    }
    CHECK(tegra_seen);
    CHECK(text.find("GPU-aaaaaaaa") == std::string::npos);
}

TEST_CASE("what the GPU did is told, of the driver and of each rung, without the driver's own sentence") {
    Facts facts = some_facts();
    ProbeAnswer answer = *facts.driver_probe;
    WorkItem item;
    item.step = ProbeStep::jit;
    item.name = "PTX 8.5";
    item.outcome = WorkOutcome::refused;
    item.call = "cuModuleLoadData";
    item.result = 222;
    item.result_name = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";
    item.text = "GPU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    answer.work = {item};
    facts.driver_probe = {answer, "jetcuda-probe"};
    facts.compat_probes["/a"] = {answer, "jetcuda-probe"};
    facts.compat_probes["/b"] = Missing{Lack::not_asked, "it is the product for other boards", "jetcuda-probe"};
    const std::vector<FactRow> rows = rows_of(facts);
    for (const char* name : {"driver_probe.work.jit.PTX 8.5", "compat_probe./a.work.jit.PTX 8.5"}) {
        REQUIRE(row_of(rows, name) != nullptr);
        CHECK(std::get<std::string>(row_of(rows, name)->value) ==
              "refused by cuModuleLoadData: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)");
    }
    REQUIRE(row_of(rows, "compat_probe./b") != nullptr);
    CHECK(row_of(rows, "compat_probe./b")->why == "it is the product for other boards");
}

TEST_CASE("what libraries and programs carry is told file by file, and which libcuda a program gets") {
    Facts facts = some_facts();
    CHECK(row_of(rows_of(facts), "programs")->missing);
    Inspection inspection;
    InspectedPart part;
    CodeRow row;
    row.kind = CodeKind::sass;
    row.sm = 87;
    row.count = 12;
    part.code.rows = {row};
    part.runtime = {RuntimeLinkage::shared, CudaVersion{12, -1}, "libcudart.so.12"};
    inspection.parts = {part};
    const InspectedFile file{"/opt/app/detect", "/opt/app/detect-1.0", {inspection, "/opt/app/detect"}};
    facts.cuda_library_files = {{{"libcublas", "", true, {"/usr/lib/libcublas.so.12", "", Missing{}}}}, "folders"};
    NamedProgram program;
    program.path = "/opt/app/detect";
    program.looked_at = 1;
    program.files = {file};
    LibcudaRequest request;
    request.object = "/opt/app/detect";
    program.loads = {{"/opt/app/detect", {request}, {"libgone.so is not found"}}};
    NamedProgram gone;
    gone.path = "/opt/gone";
    gone.missing = Missing{Lack::not_there, "/opt/gone does not exist", "/opt/gone"};
    facts.programs = {{program, gone}, "settings"};
    const auto rows = rows_of(facts);
    const auto text = [&rows](const std::string& name) {
        REQUIRE(row_of(rows, name) != nullptr);
        return std::get<std::string>(row_of(rows, name)->value);
    };
    CHECK(row_of(rows, "cuda_library_files./usr/lib/libcublas.so.12")->missing);
    CHECK(text("programs./opt/app/detect") == "a file, 1 looked at");
    CHECK(text("programs./opt/app/detect.carries./opt/app/detect") == "sm_87 x12; needs libcudart.so.12");
    CHECK(text("programs./opt/app/detect.libcuda./opt/app/detect") == "none");
    CHECK(text("programs./opt/app/detect.gap") == "libgone.so is not found");
    CHECK(row_of(rows, "programs./opt/gone")->lack == "not-there");
}
