// Boards with a cuda_compat, for tests of the checks that judge one.

#pragma once

#include <string>

#include "tests/daemon/checks/healthy_facts.hpp"

namespace jetcuda::testing {

inline CompatFolder compat_folder(CompatProduct product, CudaVersion cuda, const std::string& version,
                                  const std::string& package = {}) {
    CompatFolder folder;
    folder.directory = "/usr/local/cuda-" + cuda.text() + (product == CompatProduct::orin ? "/compat_orin" : "/compat");
    folder.library.path = folder.directory + "/libcuda.so.1";
    folder.library.real_path = folder.directory + "/libcuda.so.1.1";
    folder.library.size = 30U << 20U;
    folder.library.elf = true;
    folder.library.machine = ElfMachine::aarch64;
    folder.product = product;
    folder.version = version;
    folder.cuda = cuda;
    folder.package = package;
    folder.note = Missing{Lack::not_there, "there is no such section", folder.library.real_path};
    folder.enabled_by = {{"every program", "/etc/ld.so.conf.d/00-compat.conf, line 1", true}};
    return folder;
}

// Compat 12.9 as NVIDIA's repository for JetPack 6 has it.
inline CompatFolder l4t_12_9() {
    return compat_folder(CompatProduct::l4t, {12, 9}, "12.9.40580548", "cuda-compat-12-9");
}

inline Facts with_compat(Facts facts, std::vector<CompatFolder> folders) {
    Compat compat;
    compat.folders = std::move(folders);
    compat.records = compat_records(facts.board->soc->id);
    facts.compat = Fact<Compat>(compat, "compat folders");
    return facts;
}

inline Facts orin_with(const CompatFolder& folder) { return with_compat(healthy_orin(), {folder}); }

inline Facts orin_r39() {
    return healthy(
        {"T234", {39, 2, 0}, "7.2", "6.8.12-1021-tegra", "/opt/nvidia/l4t-gpu-libs/nvgpu/libcuda.so.1", {13, 2}});
}

}  // namespace jetcuda::testing
