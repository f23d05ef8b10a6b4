// Facts of healthy boards, written out, for tests of judges: each test takes one, changes what it is about, and asks
// one check. Values are those of the boards in tests/roots.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/checks/check.hpp"
#include "daemon/checks/judge.hpp"
#include "tests/daemon/checks/healthy_software.hpp"

namespace jetcuda::testing {

SocRecord soc_record(const std::string& id);
LineRecord line_record(int line);
DeviceNode node(const std::string& path, const std::string& group = "video", std::uint32_t mode = 0660);
StepAnswer answered(ProbeStep step, int result = 0, const std::string& name = "CUDA_SUCCESS");
StepAnswer ended(ProbeStep step, StepEnd end, int signal = 0, const std::string& failure = {});
WorkItem worked(ProbeStep step, const std::string& name, const std::string& detail = {});

// What the work steps of a sound board tell, in short: three of the kernels, and of the ladder its upper end.
void put_healthy_work(ProbeAnswer& answer, const SocRecord& soc, CudaVersion cuda);

// The libraries that put_healthy_work() tells of.
CudaLibraries healthy_libraries();
CodeRow sass_row(int sm, std::uint64_t count = 4);
CodeRow ptx_row(int sm, unsigned major, unsigned minor);

// A library of these rows, each in containers of its own.
InspectedFile file_with(const std::string& path, const std::vector<CodeRow>& rows);
std::vector<CudaLibraryFile> healthy_library_files(int sm);

// A program that needs libcuda, and gets the board's own.
NamedProgram healthy_program(int sm, const LibcudaFile& libcuda);
ProbeAnswer healthy_probe(const std::string& library, int driver_version, const SocRecord& soc);

// The step at which a probe ends as told: the steps before it have answered, the later ones were never begun.
void end_probe_at(Facts& facts, const StepAnswer& last);

// The one item of that name; a test that names none that there is fails.
WorkItem& work_item(Facts& facts, ProbeStep step, std::string_view name);
void make_wrong(WorkItem& item);
void make_refused(WorkItem& item, int result, const std::string& name, const std::string& call = "cuModuleLoadDataEx");
Containers healthy_containers(const std::string& libcuda);

struct BoardDescription {
    std::string soc;
    L4tRelease l4t;
    std::string jetpack, kernel, libcuda;
    CudaVersion cuda;
};

// What compat.json says of the SoC, in short.
CompatRecord compat_record(const std::string& soc, int line, const std::string& product,
                           std::vector<CudaVersion> promised, std::vector<CudaVersion> reported = {});
std::vector<CompatRecord> compat_records(const std::string& soc);
Facts healthy(const BoardDescription& board);
Facts healthy_xavier();
Facts healthy_orin();
Facts healthy_thor();
Missing missing(Lack lack, const std::string& what = "the thing");

// One check alone, with the rules that hold for all, but without what it needs: its own judgement.
CheckResult judged_alone(std::string_view id, const Facts& facts);

// As a run would judge it: blocked where what it needs fails.
CheckResult judged(std::string_view id, const Facts& facts);

}  // namespace jetcuda::testing
