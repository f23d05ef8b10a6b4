// `jetcuda-check which-libcuda [--for ELF]`: which libcuda the loader would take, and every step that led there. It
// answers for the machine as files say it, and for this machine with the caller's own LD_LIBRARY_PATH and LD_PRELOAD,
// which count here and in no verdict: whoever sees one program fail asks this in the same terminal.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/libcuda_trail.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"

namespace jetcuda {
namespace {

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

std::string as_json(const LibcudaTrail& trail, const std::string& root) {
    using Json = nlohmann::ordered_json;
    const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
    Json json;
    json["schema"] = "jetcuda-check.which-libcuda/1";
    json["tool"] = tool_version();
    json["root"] = root;
    json["asker"] = trail.asker;
    json["requested"] = trail.requested == "needs it" ? "needed" : "opened";
    json["path"] = text_or_null(trail.path);
    json["real_path"] = trail.file ? Json(trail.file->real_path) : Json(nullptr);
    json["stub"] = trail.file ? Json(trail.file->stub) : Json(nullptr);
    json["kind"] = kind_of(trail);
    json["error"] = text_or_null(trail.error);
    json["ld_library_path"] = text_or_null(trail.library_path);
    json["ld_preload"] = text_or_null(trail.preload);
    json["steps"] = Json::array();
    for (const LoaderStep& step : trail.steps) {
        std::string outcome(words_of(step.outcome));
        std::replace(outcome.begin(), outcome.end(), ' ', '-');
        json["steps"].push_back({{"source", step.source}, {"path", step.path}, {"outcome", outcome}});
    }
    json["problems"] = trail.problems;
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

ExitStatus perform_which_libcuda(const Options& options) {
    const Inquiry inquiry = open_inquiry(options);
    const SystemRoot& root = inquiry.root;
    std::optional<std::string> path;
    if (options.for_file) {
        path = inside_path(root, *options.for_file);
        const Fact<FileStatus> status = root.status(*path);
        if (!status) {
            write_error_line(fmt::format("--for {}: {}.", *path, status.missing().why));
            return ExitStatus::input_output_error;
        }
    }
    const LibcudaTrail trail = trace_libcuda(root, path);
    write_output(options.json ? as_json(trail, root.host_directory().string()) : in_words(trail));
    return trail.good() ? ExitStatus::healthy : ExitStatus::unhealthy;
}

}  // namespace jetcuda
