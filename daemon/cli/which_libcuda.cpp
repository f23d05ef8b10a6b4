// `jetcuda-check which-libcuda [--for ELF]`: which libcuda the loader would take, and every step that led there. It
// answers for the machine as files say it, and for this machine with the caller's own LD_LIBRARY_PATH and LD_PRELOAD,
// which count here and in no verdict: whoever sees one program fail asks this in the same terminal.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/outside_text.hpp"
#include "probes/compat/compat.hpp"
#include "probes/driver/libcuda_file.hpp"
#include "probes/loader/libcuda_search.hpp"
#include "probes/platform/environment.hpp"

namespace jetcuda {
namespace {

struct Answer {
    std::string asker;      // the file that asks for libcuda
    std::string requested;  // how: it needs it, or it opens it while it runs
    std::vector<LoaderStep> steps;
    std::string path;  // empty: none
    std::string error;
    std::vector<std::string> problems;  // of the libraries that the program needs
    std::optional<LibcudaFile> file;
    std::string library_path, preload;  // of the caller

    [[nodiscard]] bool good() const { return file && file->elf && !file->stub; }
};

std::string_view words_of(LoaderStep::Outcome outcome) {
    switch (outcome) {
        case LoaderStep::Outcome::taken: return "taken";
        case LoaderStep::Outcome::not_there: return "not there";
        case LoaderStep::Outcome::not_readable: return "not readable";
        case LoaderStep::Outcome::no_library: return "no library";
        case LoaderStep::Outcome::other_machine: return "for another machine";
    }
    return "";
}

std::string own_variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
    return value == nullptr ? std::string() : std::string(value);
}

LoaderEnvironment environment_for(const SystemRoot& root, Answer& answer) {
    LoaderEnvironment environment;
    if (!root.live()) return environment;
    answer.library_path = own_variable("LD_LIBRARY_PATH");
    answer.preload = own_variable("LD_PRELOAD");
    environment.library_path = answer.library_path;
    environment.preload = answer.preload;
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    if (!error) environment.working_folder = here.string();
    return environment;
}

// The library of the runtime opens libcuda while the program runs; a program that holds the runtime itself does it on
// its own.
std::size_t opener_in(const LoaderProcess& process) {
    const auto& objects = process.objects();
    for (std::size_t i = 0; i < objects.size(); ++i) {
        const std::string& path = objects[i].path;
        const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
        if (name.rfind("libcudart.so", 0) == 0) return i;
    }
    return 0;
}

void ask(const SystemRoot& root, LoaderProcess& process, Answer& answer) {
    answer.problems = process.load_needed();
    const std::string name(libcuda_name);
    if (const std::optional<std::size_t> object = process.loaded(name)) {
        const auto& loaded = process.objects()[*object];
        answer.requested = "needs it";
        answer.asker = loaded.loaded_by ? process.objects()[*loaded.loaded_by].path : loaded.path;
        answer.steps = process.steps_to(*object);
        answer.path = loaded.path;
    } else {
        const std::size_t asker = opener_in(process);
        LoaderProcess::Found found = process.find(name, asker);
        answer.requested = "opens it while it runs";
        answer.asker = process.objects()[asker].path;
        answer.steps = std::move(found.steps);
        answer.error = found.error;
        if (found.object) answer.path = process.objects()[*found.object].path;
    }
    if (answer.path.empty() || answer.path.front() != '/') return;
    if (const Fact<LibcudaFile> file = describe_libcuda(root, answer.path)) answer.file = *file;
}

// The program as the judged system names it. Throws UsageError where it is nothing that has a loader.
LoadableFile program_at(const SystemRoot& root, const std::string& path) {
    LoadableFile file = look_at_file(root, path, ElfMachine::aarch64);
    if (file.machine == ElfMachine::x86_64) file = look_at_file(root, path, ElfMachine::x86_64);
    if (file.machine == ElfMachine::other || file.why == "a folder") {
        throw UsageError(fmt::format("--for {}: it is no program or library for aarch64 or x86-64{}. Name an ELF file.",
                                     path, file.why.empty() ? "" : fmt::format(" ({})", file.why)));
    }
    return file;
}

std::string inside_path(const SystemRoot& root, const std::string& given) {
    if (!given.empty() && given.front() == '/') return given;
    if (!root.live()) {
        throw UsageError(
            fmt::format("--for {}: name it by its path as the system below the root has it, such as "
                        "/usr/bin/python3.",
                        given));
    }
    std::error_code error;
    return std::filesystem::absolute(given, error).string();
}

std::string kind_of(const Answer& answer) {
    if (!answer.file) return answer.path.empty() ? "none" : "not known";
    if (!answer.file->elf) return answer.file->flaw;
    if (answer.file->stub) return "the toolkit's stub, which answers every call with error 34";
    if (is_compat_folder(std::string_view(answer.file->path).substr(0, answer.file->path.rfind('/')))) {
        return "the libcuda of a cuda_compat";
    }
    return answer.file->tegra_place ? "a driver, where L4T keeps it" : "a driver, but not where L4T keeps it";
}

std::string in_words(const Answer& answer) {
    std::string text = fmt::format("{} {}:\n", plain_line(answer.asker), answer.requested);
    std::size_t widest = 0;
    for (const LoaderStep& step : answer.steps) widest = std::max(widest, plain_line(step.path).size());
    std::string source;
    for (const LoaderStep& step : answer.steps) {
        if (step.source != source) text += fmt::format("  {}\n", plain_line(step.source));
        source = step.source;
        text += fmt::format("    {:<{}}  {}\n", plain_line(step.path), widest, words_of(step.outcome));
    }
    if (answer.path.empty()) {
        text += answer.error.empty() ? "The loader finds no libcuda.so.1.\n"
                                     : fmt::format("The loader ends with an error: {}.\n", plain_line(answer.error));
    } else {
        text += fmt::format("The loader takes {}", plain_line(answer.path));
        if (answer.file && answer.file->real_path != answer.path) {
            text += fmt::format(", which is {}", plain_line(answer.file->real_path));
        }
        text += fmt::format(": {}.\n", plain_line(kind_of(answer)));
    }
    if (!answer.library_path.empty()) {
        text += fmt::format("LD_LIBRARY_PATH of this shell counts here: {}\n", plain_line(answer.library_path));
    }
    if (!answer.preload.empty()) {
        text += fmt::format("LD_PRELOAD of this shell counts here: {}\n", plain_line(answer.preload));
    }
    for (const std::string& problem : answer.problems) text += fmt::format("Note: {}.\n", plain_line(problem));
    return text;
}

std::string as_json(const Answer& answer, const std::string& root) {
    using Json = nlohmann::ordered_json;
    const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
    Json json;
    json["schema"] = "jetcuda-check.which-libcuda/1";
    json["tool"] = tool_version();
    json["root"] = root;
    json["asker"] = answer.asker;
    json["requested"] = answer.requested == "needs it" ? "needed" : "opened";
    json["path"] = text_or_null(answer.path);
    json["real_path"] = answer.file ? Json(answer.file->real_path) : Json(nullptr);
    json["stub"] = answer.file ? Json(answer.file->stub) : Json(nullptr);
    json["kind"] = kind_of(answer);
    json["error"] = text_or_null(answer.error);
    json["ld_library_path"] = text_or_null(answer.library_path);
    json["ld_preload"] = text_or_null(answer.preload);
    json["steps"] = Json::array();
    for (const LoaderStep& step : answer.steps) {
        std::string outcome(words_of(step.outcome));
        std::replace(outcome.begin(), outcome.end(), ' ', '-');
        json["steps"].push_back({{"source", step.source}, {"path", step.path}, {"outcome", outcome}});
    }
    json["problems"] = answer.problems;
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

ExitStatus perform_which_libcuda(const Options& options) {
    const Inquiry inquiry = open_inquiry(options);
    const SystemRoot& root = inquiry.root;
    Answer answer;
    LoaderEnvironment environment = environment_for(root, answer);
    std::string path;
    LoadableFile program;
    program.machine = machine_of_loader(root);
    if (options.for_file) {
        path = inside_path(root, *options.for_file);
        const Fact<FileStatus> status = root.status(path);
        if (!status) {
            write_error_line(fmt::format("--for {}: {}.", path, status.missing().why));
            return ExitStatus::input_output_error;
        }
        program = program_at(root, path);
    }
    const SystemLoader system(root, read_ld_so_conf(root), program.machine, program.interpreter, !root.live());
    environment.preload += ' ' + system.preload();
    LoaderProcess process(system.loader(), environment);
    if (options.for_file) {
        if (!process.start(path)) {
            throw UsageError(fmt::format("--for {}: it cannot be started or loaded{}. Name a program or library.", path,
                                         program.why.empty() ? "" : fmt::format(" ({})", program.why)));
        }
    } else {
        const Fact<Distribution> distribution = read_distribution(root);
        const bool nixos = distribution && *distribution == Distribution::nixos;
        process.start_without_file(std::string(plain_program(nixos)),
                                   nixos ? std::optional<std::string>(nixos_driver_folder) : std::nullopt);
    }
    ask(root, process, answer);
    write_output(options.json ? as_json(answer, root.host_directory().string()) : in_words(answer));
    return answer.good() ? ExitStatus::healthy : ExitStatus::unhealthy;
}

}  // namespace jetcuda
