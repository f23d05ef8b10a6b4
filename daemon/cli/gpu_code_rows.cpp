// What the CUDA libraries and the configured programs carry for a GPU, and which libcuda those programs get, as rows.

#include <fmt/format.h>

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {
namespace {

// "sm_87 x12, compute_87 of ISA 8.5 x3": one image is not told from another of its sort.
std::string text_of(const DeviceCode& code) {
    std::string text;
    for (const CodeRow& row : code.rows) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", row.arch());
        if (!row.isa().empty()) text += fmt::format(" of ISA {}", row.isa());
        if (row.compression != CodeCompression::none) text += fmt::format(" in {}", name_of(row.compression));
        text += fmt::format(" x{}", row.count);
    }
    return text;
}

std::string text_of(const RuntimeUse& use) {
    if (use.linkage == RuntimeLinkage::none) return {};
    if (use.linkage == RuntimeLinkage::shared) return "needs " + use.soname;
    return use.cuda ? fmt::format("holds the runtime of CUDA {}", use.cuda->text()) : "holds a runtime";
}

std::string text_of(const Inspection& inspection) {
    std::string text;
    const auto add = [&text](const std::string& part) {
        if (!part.empty()) text.append(text.empty() ? "" : "; ").append(part);
    };
    for (const InspectedPart& part : inspection.parts) {
        const std::string of_member = part.member.empty() ? "" : part.member + ": ";
        if (!part.code.rows.empty()) add(of_member + text_of(part.code));
        add(text_of(part.runtime));
        if (!part.code.problems.empty()) add(of_member + part.code.problems.front());
    }
    if (!inspection.problems.empty()) add(inspection.problems.front());
    return text.empty() ? "no GPU code" : text;
}

void add_file(Rows& rows, std::string name, const InspectedFile& file) {
    const std::string& source = file.real_path.empty() ? file.path : file.real_path;
    if (file.content) {
        rows.put(std::move(name), text_of(*file.content), source);
    } else {
        rows.put_missing(std::move(name), file.content.missing());
    }
}

void add_program(Rows& rows, const NamedProgram& program) {
    const std::string name = fmt::format("programs.{}", program.path);
    if (program.missing) {
        rows.put_missing(name, *program.missing);
        return;
    }
    rows.put(name, fmt::format("{}, {} looked at", program.folder ? "a folder" : "a file", program.looked_at),
             "setting \"programs\"");
    for (const std::string& problem : program.problems) rows.put(name + ".problem", problem, program.path);
    for (const InspectedFile& file : program.files) add_file(rows, fmt::format("{}.carries.{}", name, file.path), file);
    for (const LoadedProgram& load : program.loads) {
        for (const LibcudaRequest& request : load.requests) {
            const std::string path = !request.path.empty()   ? request.path
                                     : request.error.empty() ? "none"
                                                             : request.error;
            rows.put(fmt::format("{}.libcuda.{}", name, request.object), path,
                     request.named_by.empty() ? load.path : request.named_by);
        }
        for (const std::string& gap : load.gaps) rows.put(name + ".gap", gap, load.path);
    }
}

}  // namespace

void add_gpu_code(Rows& rows, const Facts& facts) {
    if (rows.begin("cuda_library_files", facts.cuda_library_files)) {
        if (facts.cuda_library_files->empty()) {
            rows.put("cuda_library_files", std::string{"none"}, facts.cuda_library_files.source());
        }
        for (const CudaLibraryFile& library : *facts.cuda_library_files) {
            add_file(rows, fmt::format("cuda_library_files.{}", library.file.path), library.file);
        }
    }
    if (!rows.begin("programs", facts.programs)) return;
    if (facts.programs->empty()) rows.put("programs", std::string{"none"}, facts.programs.source());
    for (const NamedProgram& program : *facts.programs) add_program(rows, program);
}

}  // namespace jetcuda
