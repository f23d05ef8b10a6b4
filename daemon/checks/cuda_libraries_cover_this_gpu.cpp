// A CUDA library holds its kernels for a list of GPUs, and the builds for servers, desktops and Jetsons have different
// lists. A build for others loads, tells its version, and fails with the first kernel that a program asks it for. What
// is in the files is read here, without a GPU.
//
// A library is a family of files. Programs name one; beside it stand those that it opens itself, some of them made for
// one GPU each. So the named one has to run here, and of a family of which the named one carries nothing, some file.

#include <algorithm>
#include <cctype>
#include <map>

#include "daemon/checks/check.hpp"
#include "daemon/checks/gpu_code.hpp"

namespace jetcuda {
namespace {

constexpr Remedy install_right_build{
    .apt = "Install the build for this board in its place: sudo apt-get install --reinstall {package} && sudo ldconfig",
    .nix = "Build them for this GPU, with cudaCapabilities in nixpkgs.config: cudaCapabilities = [ \"{capability}\" ];",
    .yocto = "Build the image again from one branch of meta-tegra: bitbake IMAGE",
    .other = "Put the build for this board in its place, and see what it carries: jetcuda-check inspect {library}",
};

// "libnvinfer_builder_resource_sm86.so.10.3.0" is for one GPU alone, by its name; another's says nothing here.
bool is_of_other_gpu(std::string_view path, int sm) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    constexpr std::string_view mark = "_sm";
    const std::size_t at = name.find(mark);
    if (at == std::string_view::npos) return false;
    int number = 0;
    std::size_t digit = at + mark.size();
    for (; digit < name.size() && std::isdigit(static_cast<unsigned char>(name[digit])) != 0 && number < 1000;
         ++digit) {
        number = number * 10 + (name[digit] - '0');
    }
    return digit > at + mark.size() && number != sm;
}

struct Family {
    std::vector<JudgedCode> files;
    const JudgedCode* named = nullptr;
};

// The file that speaks for the family.
const JudgedCode* spokesman_of(const Family& family) {
    const auto worst_where = [&family](auto&& holds) {
        const JudgedCode* found = nullptr;
        for (const JudgedCode& file : family.files) {
            if (holds(file.state) && (found == nullptr || file.state > found->state)) found = &file;
        }
        return found;
    };
    if (family.named != nullptr && is_failure(family.named->state)) return family.named;
    if (const JudgedCode* open = worst_where(is_open)) return open;
    if (family.named != nullptr && is_covered(family.named->state)) return family.named;
    if (const JudgedCode* covered = worst_where(is_covered)) return covered;
    return worst_of(family.files);
}

std::string package_of(const CudaLibraryFile& library) {
    if (!library.package.empty()) return library.package;
    return "$(dpkg -S " + library.file.real_path + " | cut -d: -f1)";
}

// Of all that run here the file with the smallest part of its containers covered; null: all of them are.
const JudgedCode* least_covered(const std::vector<JudgedCode>& files) {
    const JudgedCode* least = nullptr;
    const auto share_less = [](const Coverage& left, const Coverage& right) {
        const auto covered = [](const Coverage& one) { return static_cast<double>(one.containers() - one.none); };
        return covered(left) / static_cast<double>(left.containers()) <
               covered(right) / static_cast<double>(right.containers());
    };
    for (const JudgedCode& file : files) {
        if (file.coverage.none == 0) continue;
        if (least == nullptr || share_less(file.coverage, least->coverage)) least = &file;
    }
    return least;
}

}  // namespace

extern const Check cuda_libraries_cover_this_gpu{
    .id = "cuda-libraries-cover-this-gpu",
    .group = Group::packages,
    .severity = Severity::wanted,
    .basis = Basis::files,
    .claim = "the installed CUDA libraries carry code for this GPU",
    .why =
        "A build for servers or desktops has the same names and loads without complaint, and fails with the first "
        "kernel that a program asks it for: \"no kernel image is available for execution on the device\".",
    .reads = {"CUDA libraries of the newest toolkit that the driver can run", "board", "cuda_compat folders"},
    .needs = {"soc-is-supported", "cuda-packages-are-for-this-board", "cuda-packages-fit-release"},
    .codes =
        {
            {"ok", Status::pass, "The CUDA libraries carry code for this GPU, sm_{sm} ({count} files with GPU code)"},
            {"partly-covered", Status::pass,
             "The CUDA libraries carry code for this GPU, sm_{sm}; {library} does so in {covered} of its {containers} "
             "containers, as libraries of many GPUs do"},
            {"compiled-at-start", Status::pass,
             "{library} carries no code for this GPU, sm_{sm}, but PTX, which the driver compiles when a program first "
             "asks for it"},
            {"no-libraries", Status::not_applicable, "No CUDA libraries are installed"},
            {"no-device-code", Status::not_applicable,
             "No GPU code was found in the CUDA libraries that are installed ({count} files)"},
            {"no-code-for-this-gpu", Status::fail, "{library} does not run on this GPU: {why}", install_right_build},
            {"needs-compat",
             Status::fail,
             "{library} does not run with this board's driver: {why}",
             {.other = "Let programs have that cuda_compat, or take the libraries that this JetPack ships: {advice}"}},
            {"compat-for-some",
             Status::unknown,
             "Not judged, because {library} needs a cuda_compat that only {who} gets",
             {.other = "Let every program have it, where others use the library, too: jetcuda-check which-libcuda"}},
            {"driver-not-known",
             Status::unknown,
             "Not judged, because {library} needs some driver, and the CUDA version of this board's is not known",
             {.other = "Let the driver be asked: sudo jetcuda-check run"}},
            {"damaged", Status::unknown, "Not judged, because {library} is damaged: {why}", install_right_build},
            {"not-looked-into",
             Status::unknown,
             "Not judged, because of {why}",
             {.other = "Judge again; what was read by now is remembered: sudo jetcuda-check run"}},
        },
    .judge = [](const Facts& facts) -> Finding {
        if (!facts.board) return because_missing(facts.board.missing());
        if (!facts.board->soc) {
            return because_missing({Lack::not_understood, "the SoC is not known", facts.board.source()});
        }
        if (!facts.cuda_library_files) return because_missing(facts.cuda_library_files.missing());
        if (facts.cuda_library_files->empty()) return Finding{.code = "no-libraries"};
        const CodeJudge judge(facts);
        std::map<std::string, Family, std::less<>> families;
        for (const CudaLibraryFile& library : *facts.cuda_library_files) {
            if (is_of_other_gpu(library.file.path, judge.sm())) continue;
            families[library.id].files.push_back(judge.judge(library.file));
        }
        const JudgedCode* worst = nullptr;
        std::vector<JudgedCode> with_code;
        for (auto& [id, family] : families) {
            for (const CudaLibraryFile& library : *facts.cuda_library_files) {
                for (const JudgedCode& file : family.files) {
                    if (library.by_name && file.file == &library.file) family.named = &file;
                }
            }
            const JudgedCode* spokesman = spokesman_of(family);
            if (spokesman != nullptr && (worst == nullptr || spokesman->state > worst->state)) worst = spokesman;
            std::copy_if(family.files.begin(), family.files.end(), std::back_inserter(with_code),
                         [](const JudgedCode& file) { return file.state != CodeState::none; });
        }
        if (worst == nullptr) return Finding{.code = "no-libraries"};
        Finding finding{.code = code_for(worst->state)};
        const JudgedCode* partly = worst->state == CodeState::native ? least_covered(with_code) : nullptr;
        if (partly != nullptr) finding.code = "partly-covered";
        const JudgedCode& told = partly != nullptr ? *partly : *worst;
        const auto library = std::find_if(facts.cuda_library_files->begin(), facts.cuda_library_files->end(),
                                          [&](const CudaLibraryFile& one) { return &one.file == told.file; });
        const std::size_t count = worst->state == CodeState::none ? facts.cuda_library_files->size() : with_code.size();
        finding.values = {{"library", told.file->path},
                          {"package", package_of(*library)},
                          {"why", told.why},
                          {"who", told.why},
                          {"advice", told.advice},
                          {"sm", std::to_string(judge.sm())},
                          {"capability", facts.board->soc->capability.text()},
                          {"count", std::to_string(count)},
                          {"covered", std::to_string(told.coverage.containers() - told.coverage.none)},
                          {"containers", std::to_string(told.coverage.containers())}};
        for (const JudgedCode& file : with_code) finding.evidence.push_back(evidence_of(file));
        return finding;
    },
};

}  // namespace jetcuda
