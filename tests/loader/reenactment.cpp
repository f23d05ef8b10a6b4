// Answers for differential_test.py what our re-enactment of the loader says: one JSON object a line on standard input,
//
//   {"root", "program", "library_path", "preload", "folder", "asks": [[asker, name], …]}
//
// and one a line on standard output: {"loaded": [path, …], "problems": […], "answers": [path or null, …]}. `asker` is
// "" for the program itself, else the name by which a library was needed; an asker that is not loaded answers null.

#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "probes/loader/libcuda_search.hpp"

namespace {

using namespace jetcuda;
using Json = nlohmann::json;

// As dlopen() does it, with what the library needs; the process stays as it was where that fails.
Json opened(std::optional<LoaderProcess>& process, const std::string& name, std::size_t asker) {
    LoaderProcess trial(*process);
    const LoaderProcess::Found found = trial.find(name, asker);
    if (!found.object || !trial.load_needed().empty()) return nullptr;
    process.emplace(trial);
    return process->objects()[*found.object].path;
}

// As dlopen(…, RTLD_NOLOAD) does it: a search may lead to a file that is loaded under another name.
std::optional<std::size_t> asker_of(const LoaderProcess& process, const std::string& name) {
    if (name.empty()) return 0;
    LoaderProcess trial(process);
    const std::optional<std::size_t> object = trial.find(name, 0).object;
    return object && *object < process.objects().size() ? object : std::nullopt;
}

Json answer_for(const Json& request) {
    const SystemRoot root(request.at("root").get<std::string>());
    const auto program = request.at("program").get<std::string>();
    const bool arm = request.value("machine", "x86_64") == "aarch64";
    const SystemLoader system(root, read_ld_so_conf(root), arm ? ElfMachine::aarch64 : ElfMachine::x86_64, {}, false);
    LoaderEnvironment environment;
    environment.library_path = request.at("library_path").get<std::string>();
    environment.preload = request.at("preload").get<std::string>() + ' ' + system.preload();
    environment.working_folder = request.at("folder").get<std::string>();
    std::optional<LoaderProcess> process(std::in_place, system.loader(), environment);
    Json answer{{"started", process->start(program)}, {"loaded", Json::array()}, {"answers", Json::array()}};
    if (!answer["started"]) return answer;
    answer["problems"] = process->load_needed();
    for (std::size_t i = 1; i < process->objects().size(); ++i) answer["loaded"].push_back(process->objects()[i].path);
    for (const Json& ask : request.at("asks")) {
        const std::optional<std::size_t> asker = asker_of(*process, ask.at(0).get<std::string>());
        answer["answers"].push_back(asker ? opened(process, ask.at(1).get<std::string>(), *asker) : Json());
    }
    return answer;
}

}  // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) std::cout << answer_for(Json::parse(line)).dump() << std::endl;
}
