#include "probes/loader/program_loading.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "probes/driver/libcuda_file.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

const std::string library(libcuda_name);

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Libraries of the driver itself, by their names: other checks are about them.
bool is_of_driver(std::string_view name) {
    return starts_with(name, "libcuda.so.") || starts_with(name, "libnvidia-") || starts_with(name, "libnvrm") ||
           starts_with(name, "libnvcu");
}

bool holds_libcuda(const std::vector<std::string>& needed) {
    return std::find(needed.begin(), needed.end(), library) != needed.end();
}

// The runtime opens libcuda while the program runs; whatever holds it linked in does so itself.
bool holds_runtime(const Inspection& inspection) {
    return std::any_of(inspection.parts.begin(), inspection.parts.end(),
                       [](const InspectedPart& part) { return part.runtime.linkage == RuntimeLinkage::linked_in; });
}

}  // namespace

bool asks_for_gpu(const Inspection& inspection) {
    return uses_gpu(inspection) || std::any_of(inspection.parts.begin(), inspection.parts.end(),
                                               [](const auto& part) { return holds_libcuda(part.code.needed); });
}

ProgramLoaders::ProgramLoaders(const SystemRoot& root, LdSoConf conf, FileLooks& looks)
    : root_(root), conf_(std::move(conf)), looks_(looks), machine_(machine_of_loader(root)) {}

const SystemLoader& ProgramLoaders::loader_for(const std::string& interpreter) {
    std::unique_ptr<SystemLoader>& loader = loaders_[interpreter];
    // An image gets its cache at the first start, or with the next package.
    if (!loader) loader = std::make_unique<SystemLoader>(root_, conf_, machine_, interpreter, !root_.live());
    return *loader;
}

void ProgramLoaders::add_request(const LoaderProcess& process, std::size_t object, bool needs,
                                 ProgramLoading& loading) const {
    LoaderProcess::Found found = process.search(library, object);
    LibcudaRequest request;
    request.object = process.objects()[object].path;
    request.needs = needs;
    request.error = std::move(found.error);
    if (!found.steps.empty() && found.steps.back().outcome == LoaderStep::Outcome::taken) {
        request.path = found.steps.back().path;
        request.named_by = found.steps.back().source;
        if (const Fact<LibcudaFile> file = describe_libcuda(root_, request.path)) request.file = *file;
    }
    loading.program.requests.push_back(std::move(request));
}

std::optional<ProgramLoading> ProgramLoaders::load(const std::string& path) {
    const LoadableFile file = look_at_file(root_, path, machine_);
    if (file.machine != machine_) return std::nullopt;
    const SystemLoader& system = loader_for(file.interpreter);
    LoaderEnvironment environment;
    environment.preload = system.preload();
    LoaderProcess process(system.loader(), environment);
    if (!process.start(path)) return std::nullopt;
    ProgramLoading loading;
    loading.program.path = path;
    for (std::string& problem : process.load_needed()) {
        // Where libcuda itself is not found, the requests tell.
        if (!starts_with(problem, library + ", which ")) loading.program.gaps.push_back(std::move(problem));
    }
    std::vector<std::size_t> openers;
    constexpr std::size_t loader_itself = 1;  // stands there in every process
    for (std::size_t i = 0; i < process.objects().size(); ++i) {
        const LoaderProcess::Object& object = process.objects()[i];
        if (i == loader_itself || is_of_driver(name_in(object.path))) continue;
        loading.objects.push_back(object.path);
        if (holds_libcuda(object.needed)) {
            add_request(process, i, true, loading);
            continue;
        }
        const Fact<Inspection>& content = looks_.look_at(object.path);
        if (!content) {
            loading.program.gaps.push_back(content.missing().why);
        } else if (starts_with(name_in(object.path), "libcudart.so.") || holds_runtime(*content)) {
            openers.push_back(i);
        }
    }
    for (const std::size_t opener : openers) add_request(process, opener, false, loading);
    return loading;
}

}  // namespace jetcuda
