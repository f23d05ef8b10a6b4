#include "daemon/cli/check_json.hpp"

#include <nlohmann/json.hpp>

namespace jetcuda {
namespace {

using Json = nlohmann::ordered_json;

Json remedy_json(const Remedy& remedy) {
    const auto entry = [](std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); };
    return {{"apt", entry(remedy.apt)},
            {"nix", entry(remedy.nix)},
            {"yocto", entry(remedy.yocto)},
            {"other", entry(remedy.other)}};
}

Json words_json(const std::vector<std::string_view>& words) {
    Json list = Json::array();
    for (const std::string_view word : words) list.push_back(word);
    return list;
}

Json codes_json(const std::vector<Code>& codes, const Code* only) {
    Json list = Json::array();
    for (const Code& code : codes) {
        if (only != nullptr && only != &code) continue;
        list.push_back({{"code", code.code},
                        {"status", name_of(code.status)},
                        {"sentence", code.sentence},
                        {"remedy", remedy_json(code.remedy)}});
    }
    return list;
}

std::string_view word_of(Basis basis) {
    switch (basis) {
        case Basis::files: return "files";
        case Basis::host: return "host";
        case Basis::running: return "running";
        case Basis::measured: return "measured";
        case Basis::program: return "program";
    }
    return "files";
}

}  // namespace

std::string_view description_of(Basis basis) {
    switch (basis) {
        case Basis::files: return "files of the root file system";
        case Basis::host: return "the host's side: firmware and modules on disk; not judged in a container";
        case Basis::running: return "the state of a running kernel; not judged on an image at rest";
        case Basis::measured: return "what the driver answered when it was asked; not judged under --no-probe";
        case Basis::program:
            return "what this program of the administrator's answered; not run under --no-probe, nor for another "
                   "system than the running one";
    }
    return "";
}

std::string checks_as_json(const std::vector<const Check*>& checks, const Code* only) {
    Json json;
    json["schema"] = "jetcuda-check.checks/1";
    json["checks"] = Json::array();
    for (const Check* check : checks) {
        json["checks"].push_back({{"id", check->id},
                                  {"group", name_of(check->group)},
                                  {"severity", name_of(check->severity)},
                                  {"basis", word_of(check->basis)},
                                  {"claim", check->claim},
                                  {"why", check->why},
                                  {"reads", words_json(check->reads)},
                                  {"needs", words_json(check->needs)},
                                  {"codes", codes_json(check->codes, only)}});
    }
    json["common_codes"] = codes_json(common_codes(), only);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace jetcuda
