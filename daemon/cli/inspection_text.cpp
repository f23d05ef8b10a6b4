#include "daemon/cli/inspection_text.hpp"

#include <fmt/format.h>

#include "daemon/cli/paragraph.hpp"
#include "daemon/report/outside_text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t indent = 4;

std::string paragraph(const std::string& text) { return hanging("", indent, plain_line(text)); }

std::string counted(std::uint64_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string words_of(const NamedTarget& named) {
    const InspectTarget& target = named.target;
    std::string text = fmt::format("For {}: ", named.name);
    text += target.driver_cuda ? "driver of CUDA " + target.driver_cuda->text() : "driver of unknown version";
    std::string newer;
    for (const CudaVersion& version : target.compat_cuda) {
        if (target.driver_cuda && version <= *target.driver_cuda) continue;  // it would gain nothing
        newer += (newer.empty() ? "" : ", ") + version.text();
    }
    if (!newer.empty()) text += "; it takes the cuda_compat of CUDA " + newer;
    return hanging("", 0, text);
}

// "sass  sm_87       ABI 7    lz4    12 images  1 stub"
std::string line_of(const CodeRow& row) {
    std::string form;
    if (row.kind == CodeKind::sass && row.abi != 0) form = fmt::format("ABI {}", row.abi);
    if (row.kind == CodeKind::ptx && !row.isa().empty()) form = "ISA " + row.isa();
    std::string text = fmt::format("{}{:<5} {:<12} {:<8} {:<5} {:>12}", std::string(indent, ' '), name_of(row.kind),
                                   row.arch(), form, name_of(row.compression), counted(row.count, "image"));
    if (row.relocatable > 0) text += fmt::format(", {} of them to be linked", row.relocatable);
    if (row.stubs > 0) text += ", " + counted(row.stubs, "stub");
    return text + '\n';
}

std::string runtime_line(const RuntimeUse& use) {
    if (use.linkage == RuntimeLinkage::none) return {};
    if (use.linkage == RuntimeLinkage::shared) return paragraph("Runtime: " + use.soname + ", found by the loader.");
    const std::string version = use.cuda ? "of CUDA " + use.cuda->text() : "of unknown version";
    return paragraph("Runtime: linked in, " + version + '.');
}

std::string words_of(const JudgedFile& file) {
    const Inspection& inspection = file.inspection;
    std::string text = fmt::format("\n{}: {}{}\n", plain_line(inspection.path), name_of(file.whole.verdict),
                                   file.whole.certainty == Certainty::reported ? " (reports differ)" : "");
    text += paragraph(file.whole.summary + '.');
    for (const CodeRow& row : file.rows) text += line_of(row);
    if (inspection.parts.size() == 1) text += runtime_line(inspection.parts.front().runtime);
    if (file.libcuda) {
        text += paragraph(file.libcuda->empty() ? "The loader finds no libcuda for it."
                                                : "The loader gives it " + *file.libcuda + '.');
    }
    for (const std::string& problem : file.loader_problems) text += paragraph("Loader: " + problem + '.');
    for (const std::string& problem : inspection.problems) {
        if (problem != file.whole.summary) text += paragraph("Problem: " + problem + '.');
    }
    for (const InspectedPart& part : inspection.parts) {
        const std::string of = part.member.empty() ? "" : part.member + ": ";
        for (const std::string& problem : part.code.problems)
            text += paragraph(fmt::format("Problem: {}{}.", of, problem));
        for (const std::string& remark : part.code.remarks)
            text += paragraph(fmt::format("Note: {}it {}.", of, remark));
    }
    if (!file.whole.remedy.empty()) text += paragraph("What to do: " + file.whole.remedy + '.');
    return text;
}

}  // namespace

std::string to_text(const JudgedPaths& paths, const NamedTarget& target) {
    std::string text = words_of(target);
    for (const JudgedFile& file : paths.files) text += words_of(file);
    if (!paths.folders.empty()) text += '\n';
    for (const JudgedFolder& folder : paths.folders) {
        text += fmt::format("{}: {}\n", plain_line(folder.path), name_of(folder.whole.verdict));
        text += paragraph(folder.whole.summary + '.');
        for (const std::string& problem : folder.problems) text += paragraph("Problem: " + problem + '.');
    }
    const std::string sum = sum_of(paths.files);
    return text + '\n' + (sum.empty() ? "No file with GPU code" : "Together: " + sum) + ".\n";
}

}  // namespace jetcuda
