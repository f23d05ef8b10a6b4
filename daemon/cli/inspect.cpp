// `jetcuda-check inspect PATH…`: will these programs, libraries, wheels and folders run on this board, or on one that
// the caller describes? Below another root, paths are those of the system there. "-" is standard input, for whoever
// has a file open and no name for it.

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/checks/libcuda_kinds.hpp"
#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/inspection_text.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/inspect/inspection_json.hpp"
#include "daemon/inspect/judged_file.hpp"
#include "daemon/inspect/target.hpp"
#include "probes/collect.hpp"
#include "probes/loader/ld_so_conf.hpp"
#include "probes/loader/program_loading.hpp"
#include "probes/programs/file_looks.hpp"
#include "probes/programs/folder_walk.hpp"
#include "probes/programs/inspect_file.hpp"
#include "probes/programs/inspection_memory.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view standard_input = "-";

// Where a file is, and what it is called: below another root these differ.
struct NamedPath {
    std::string on_host;
    std::string shown;
};

NamedTarget target_for(const TargetRequest& request, const Inquiry& inquiry) {
    try {
        if (!request.of_this_board()) return described_target(request, inquiry.catalog);
        CollectRequest static_facts = inquiry.request;
        static_facts.probe = false;  // what a file carries needs no GPU, and a folder of files must not wait for one
        return target_of(collect(inquiry.root, inquiry.catalog, static_facts));
    } catch (const TargetError& error) {
        throw UsageError(error.what());
    }
}

NamedPath locate(const SystemRoot& root, const std::string& given) {
    if (given.empty()) throw UsageError("inspect needs the name of a file or folder, and was given an empty one.");
    if (root.live() || given == standard_input) return {given, given};
    if (given.front() != '/') {
        throw UsageError(
            fmt::format("{}: name it by its path as the system below the root has it, such as "
                        "/usr/bin/python3.",
                        given));
    }
    const Fact<ResolvedPath> path = root.resolve(given);
    // What is not there is told by the attempt to open it, like everything that cannot be read.
    return {path ? path->on_host.string() : (root.host_directory().string() + given), given};
}

bool is_folder(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// A line on a terminal that is written over until all is done. Nothing where standard error is none.
class Progress {
public:
    explicit Progress(std::size_t all) : all_(all), shown_(::isatty(STDERR_FILENO) == 1 && all > 1) {}
    ~Progress() { write("\r\033[K"); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void tell(std::size_t done) {
        const std::size_t percent = done * 100 / all_;
        if (percent == last_) return;
        last_ = percent;
        constexpr std::size_t width = 40;
        const std::size_t filled = percent * width / 100;
        write(fmt::format("\r[{}{}] {} of {} files", std::string(filled, '#'), std::string(width - filled, ' '), done,
                          all_));
    }

private:
    void write(const std::string& text) const {
        // Nobody misses a bar that could not be drawn.
        if (shown_ && ::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
    }

    std::size_t all_;
    bool shown_;
    std::size_t last_ = static_cast<std::size_t>(-1);
};

std::vector<JudgedFile> look_into_folder(const NamedPath& folder, const InspectTarget& target, JudgedPaths& judged) {
    FolderFiles found = files_below(folder.on_host);
    const auto shown = [&folder](const std::string& path) { return folder.shown + path.substr(folder.on_host.size()); };
    Progress progress(found.files.size());
    std::vector<Inspection> inspections =
        inspect_all(found.files, [&progress](std::size_t done) { progress.tell(done); });
    std::vector<JudgedFile> inside;
    for (Inspection& inspection : inspections) {
        inspection.path = shown(inspection.path);
        inside.push_back(judge_inspection(std::move(inspection), target));
    }
    judged.folders.push_back(judge_folder(folder.shown, found.files.size(), std::move(found.problems), inside));
    return inside;
}

Inspection look_at(const NamedPath& path) {
    if (path.on_host == standard_input) {
        return inspect_descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), "standard input");
    }
    Inspection inspection = inspect_file(path.on_host);
    inspection.path = path.shown;
    return inspection;
}

// The loader of the judged system, for files that lie in it.
class LoaderQuestions {
public:
    explicit LoaderQuestions(const SystemRoot& root)
        : root_(root), looks_(root, memory_), loaders_(root, read_ld_so_conf(root), looks_) {}

    // `named`: by the caller. Of the other files in a folder only those are asked about that use the GPU themselves.
    void ask(JudgedFile& file, bool named) {
        if (!has_loader(file.inspection) || (!named && !asks_for_gpu(file.inspection))) return;
        std::error_code error;
        const std::string inside =
            root_.live() ? std::filesystem::absolute(file.inspection.path, error).string() : file.inspection.path;
        remember(inside, file.inspection);
        const std::optional<ProgramLoading> loading = loaders_.load(inside);
        if (!loading) return;
        file.loader_problems = loading->program.gaps;
        tell_requests(loading->program.requests, file);
    }

private:
    // What is loaded is looked into; this file was already, and may have half a GB.
    void remember(const std::string& inside, const Inspection& inspection) {
        struct stat status {};
        const Fact<ResolvedPath> place = root_.resolve(inside);
        if (place && ::stat(place->on_host.c_str(), &status) == 0) {
            memory_.put(InspectionMemory::key_of(status), inspection);
        }
    }

    // In one process the first libcuda that is loaded serves everybody.
    static void tell_requests(const std::vector<LibcudaRequest>& requests, JudgedFile& file) {
        if (requests.empty()) return;
        const LibcudaRequest& first = requests.front();
        file.libcuda = first.path;
        for (const LibcudaRequest& request : requests) {
            if (!request.error.empty()) file.loader_problems.push_back(request.object + ": " + request.error);
            if (request.file && request.file->stub) {
                file.loader_problems.push_back(fmt::format(
                    "{} is led to {} by {}, which is the toolkit's stub: every CUDA call fails with error 34",
                    request.object, request.path, request.named_by));
            }
            if (is_same_answer(first, request)) continue;
            const auto where = [](const LibcudaRequest& one) { return one.path.empty() ? "none" : one.path; };
            file.loader_problems.push_back(
                fmt::format("{} would take {}, and {} would take {}: whichever asks first decides for both",
                            first.object, where(first), request.object, where(request)));
        }
    }

    const SystemRoot& root_;
    InspectionMemory memory_;
    FileLooks looks_;
    ProgramLoaders loaders_;
};

}  // namespace

ExitStatus perform_inspect(const Options& options) {
    if (options.arguments.empty()) {
        throw UsageError(
            "inspect needs the names of files or folders: \"jetcuda-check inspect ./program libkernels.so dist/\".");
    }
    const TargetRequest request{options.sm, options.driver_cuda, options.l4t};
    const Inquiry inquiry =
        open_inquiry(options, {}, request.of_this_board() ? CatalogUse::whole : CatalogUse::described_board);
    const NamedTarget target = target_for(request, inquiry);
    std::optional<LoaderQuestions> loader;  // of a board that is only described nothing is known
    if (request.of_this_board()) loader.emplace(inquiry.root);
    JudgedPaths judged;
    for (const std::string& given : options.arguments) {
        const NamedPath path = locate(inquiry.root, given);
        const bool folder = path.on_host != standard_input && is_folder(path.on_host);
        std::vector<JudgedFile> files;
        if (folder) {
            files = look_into_folder(path, target.target, judged);
        } else {
            files.push_back(judge_inspection(look_at(path), target.target));
        }
        for (JudgedFile& file : files) {
            if (loader) loader->ask(file, !folder);
            judged.files.push_back(std::move(file));
        }
    }
    write_output(options.json ? to_json(judged, target) : to_text(judged, target));
    return static_cast<ExitStatus>(exit_status_of(judged));
}

}  // namespace jetcuda
