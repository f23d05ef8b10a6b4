// Answers for differential_test.py what our re-enactment of the loader says: one JSON object a line on standard input,
//
//   {"root", "program", "library_path", "preload", "folder", "asks": [[asker, name], …]}
//
// and one a line on standard output: {"loaded": [path, …], "problems": […], "answers": [path or null, …]}. `asker` is
// "" for the program itself, else the name by which a library was needed; an asker that is not loaded answers null.

#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "probes/loader/libcuda_search.hpp"

namespace {

using namespace jetcuda;
using Json = nlohmann::json;

Json answer_for(const Json& request) {
    const SystemRoot root(request.at("root").get<std::string>());
    const auto program = request.at("program").get<std::string>();
    const bool arm = request.value("machine", "x86_64") == "aarch64";
    const SystemLoader system(root, arm ? ElfMachine::aarch64 : ElfMachine::x86_64, {}, false);
    LoaderEnvironment environment;
    environment.library_path = request.at("library_path").get<std::string>();
    environment.preload = request.at("preload").get<std::string>() + ' ' + system.preload();
    environment.working_folder = request.at("folder").get<std::string>();
    LoaderProcess process(system.loader(), environment);
    Json answer{{"started", process.start(program)}, {"loaded", Json::array()}, {"answers", Json::array()}};
    if (!answer["started"]) return answer;
    answer["problems"] = process.load_needed();
    for (std::size_t i = 1; i < process.objects().size(); ++i) answer["loaded"].push_back(process.objects()[i].path);
    for (const Json& ask : request.at("asks")) {
        const auto asker = ask.at(0).get<std::string>();
        const std::optional<std::size_t> object = asker.empty() ? 0 : process.loaded(asker);
        Json path;
        if (object) {
            const LoaderProcess::Found found = process.find(ask.at(1).get<std::string>(), *object);
            if (found.object) path = process.objects()[*found.object].path;
        }
        answer["answers"].push_back(path);
    }
    return answer;
}

}  // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) std::cout << answer_for(Json::parse(line)).dump() << std::endl;
}
