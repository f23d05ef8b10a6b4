#include "daemon/cli/libcuda_trail.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "daemon/cli/options.hpp"
#include "daemon/report/outside_text.hpp"
#include "probes/compat/compat.hpp"
#include "probes/driver/libcuda_file.hpp"
#include "probes/loader/libcuda_search.hpp"
#include "probes/platform/environment.hpp"

namespace jetcuda {
namespace {

std::string own_variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
    return value == nullptr ? std::string() : std::string(value);
}

LoaderEnvironment environment_for(const SystemRoot& root, LibcudaTrail& trail) {
    LoaderEnvironment environment;
    if (!root.live()) return environment;
    trail.library_path = own_variable("LD_LIBRARY_PATH");
    trail.preload = own_variable("LD_PRELOAD");
    environment.library_path = trail.library_path;
    environment.preload = trail.preload;
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

void ask(const SystemRoot& root, LoaderProcess& process, LibcudaTrail& trail) {
    trail.problems = process.load_needed();
    const std::string name(libcuda_name);
    if (const std::optional<std::size_t> object = process.loaded(name)) {
        const auto& loaded = process.objects()[*object];
        trail.requested = "needs it";
        trail.asker = loaded.loaded_by ? process.objects()[*loaded.loaded_by].path : loaded.path;
        trail.steps = process.steps_to(*object);
        trail.path = loaded.path;
    } else {
        const std::size_t asker = opener_in(process);
        LoaderProcess::Found found = process.find(name, asker);
        trail.requested = "opens it while it runs";
        trail.asker = process.objects()[asker].path;
        trail.steps = std::move(found.steps);
        trail.error = found.error;
        if (found.object) trail.path = process.objects()[*found.object].path;
    }
    if (trail.path.empty() || trail.path.front() != '/') return;
    if (const Fact<LibcudaFile> file = describe_libcuda(root, trail.path)) trail.file = *file;
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

}  // namespace

LibcudaTrail trace_libcuda(const SystemRoot& root, const std::optional<std::string>& path) {
    LibcudaTrail trail;
    LoaderEnvironment environment = environment_for(root, trail);
    LoadableFile program;
    program.machine = machine_of_loader(root);
    if (path) program = program_at(root, *path);
    const SystemLoader system(root, read_ld_so_conf(root), program.machine, program.interpreter, !root.live());
    environment.preload += ' ' + system.preload();
    LoaderProcess process(system.loader(), environment);
    if (path) {
        if (!process.start(*path)) {
            throw UsageError(fmt::format("--for {}: it cannot be started or loaded{}. Name a program or library.",
                                         *path, program.why.empty() ? "" : fmt::format(" ({})", program.why)));
        }
    } else {
        const Fact<Distribution> distribution = read_distribution(root);
        const bool nixos = distribution && *distribution == Distribution::nixos;
        process.start_without_file(std::string(plain_program(nixos)),
                                   nixos ? std::optional<std::string>(nixos_driver_folder) : std::nullopt);
    }
    ask(root, process, trail);
    return trail;
}

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

std::string kind_of(const LibcudaTrail& trail) {
    if (!trail.file) return trail.path.empty() ? "none" : "not known";
    if (!trail.file->elf) return trail.file->flaw;
    if (trail.file->stub) return "the toolkit's stub, which answers every call with error 34";
    if (is_compat_folder(std::string_view(trail.file->path).substr(0, trail.file->path.rfind('/')))) {
        return "the libcuda of a cuda_compat";
    }
    return trail.file->tegra_place ? "a driver, where L4T keeps it" : "a driver, but not where L4T keeps it";
}

std::string in_words(const LibcudaTrail& trail) {
    std::string text = fmt::format("{} {}:\n", plain_line(trail.asker), trail.requested);
    std::size_t widest = 0;
    for (const LoaderStep& step : trail.steps) widest = std::max(widest, plain_line(step.path).size());
    std::string source;
    for (const LoaderStep& step : trail.steps) {
        if (step.source != source) text += fmt::format("  {}\n", plain_line(step.source));
        source = step.source;
        text += fmt::format("    {:<{}}  {}\n", plain_line(step.path), widest, words_of(step.outcome));
    }
    if (trail.path.empty()) {
        text += trail.error.empty() ? "The loader finds no libcuda.so.1.\n"
                                    : fmt::format("The loader ends with an error: {}.\n", plain_line(trail.error));
    } else {
        text += fmt::format("The loader takes {}", plain_line(trail.path));
        if (trail.file && trail.file->real_path != trail.path) {
            text += fmt::format(", which is {}", plain_line(trail.file->real_path));
        }
        text += fmt::format(": {}.\n", plain_line(kind_of(trail)));
    }
    if (!trail.library_path.empty()) {
        text += fmt::format("LD_LIBRARY_PATH of this shell counts here: {}\n", plain_line(trail.library_path));
    }
    if (!trail.preload.empty()) {
        text += fmt::format("LD_PRELOAD of this shell counts here: {}\n", plain_line(trail.preload));
    }
    for (const std::string& problem : trail.problems) text += fmt::format("Note: {}.\n", plain_line(problem));
    return text;
}

}  // namespace jetcuda
