// Lines between the daemon and the runner, written and read. Each side reads the other's lines as outside text: the
// runner is started by whoever connects to its socket, and the daemon must outlive a runner that lies.

#include "daemon/runner_protocol.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

#include <nlohmann/json.hpp>

#include "daemon/report/outside_text.hpp"

namespace jetcuda {

namespace {

using Json = nlohmann::ordered_json;  // a report keeps the order of its keys on its way through

constexpr int depth_limit = 64;
constexpr std::size_t request_line_limit = std::size_t{64} << 10;
constexpr std::size_t checks_limit = 200;
constexpr std::size_t settle_limit = 8;
constexpr std::int64_t pause_limit_ms = 60'000;
constexpr std::size_t progress_limit = 256;  // bytes
constexpr std::size_t error_limit = 4096;

Json object_from(std::string_view line, std::size_t limit, const std::string& what) {
    if (line.size() > limit) {
        throw RunnerProtocolError(what + " is " + std::to_string(line.size()) + " bytes long; " +
                                  std::to_string(limit) + " are the most");
    }
    if (nests_deeper_than(line, depth_limit)) throw RunnerProtocolError(what + " nests too deep");
    try {
        Json json = Json::parse(line.begin(), line.end());
        if (!json.is_object()) throw RunnerProtocolError(what + " is no JSON object");
        return json;
    } catch (const Json::exception&) {
        throw RunnerProtocolError(what + " is no JSON: " + shortened(plain_line(line), 80));
    }
}

Json object_from_line(std::string_view line, std::size_t limit, const std::string& what) {
    if (line.find('\n') != std::string_view::npos) throw RunnerProtocolError(what + " holds more than one line");
    return object_from(line, limit, what);
}

std::vector<std::string> ids_from(const Json& json) {
    if (!json.is_array() || json.size() > checks_limit) {
        throw RunnerProtocolError("\"checks\" of the request must be an array of at most " +
                                  std::to_string(checks_limit) + " ids");
    }
    std::vector<std::string> ids;
    for (const Json& entry : json) {
        if (!entry.is_string() || !is_check_id(entry.get_ref<const std::string&>())) {
            throw RunnerProtocolError("\"checks\" of the request holds what is no id of a check");
        }
        ids.push_back(entry.get<std::string>());
    }
    return ids;
}

std::vector<std::chrono::milliseconds> pauses_from(const Json& json) {
    if (!json.is_array() || json.size() > settle_limit) {
        throw RunnerProtocolError("\"settle_ms\" of the request must be an array of at most " +
                                  std::to_string(settle_limit) + " pauses");
    }
    std::vector<std::chrono::milliseconds> pauses;
    for (const Json& entry : json) {
        if (!entry.is_number_unsigned() || entry.get<std::uint64_t>() > std::uint64_t{pause_limit_ms}) {
            throw RunnerProtocolError("\"settle_ms\" of the request must hold whole numbers from 0 to " +
                                      std::to_string(pause_limit_ms));
        }
        pauses.emplace_back(entry.get<std::int64_t>());
    }
    return pauses;
}

std::string line_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string sentence_from(const Json& json, const std::string& key, std::size_t limit) {
    if (!json.is_string()) throw RunnerProtocolError("\"" + key + "\" of the runner's line is no string");
    const auto& text = json.get_ref<const std::string&>();
    if (text.empty() || text.size() > limit || plain_line(text) != text) {
        throw RunnerProtocolError("\"" + key + "\" of the runner's line must be one line of 1 to " +
                                  std::to_string(limit) + " bytes");
    }
    return text;
}

// What sentence_from accepts, whatever it was: the runner's words may quote a file's name.
std::string as_sentence(const std::string& text, std::size_t limit) {
    const std::string sentence = shortened(plain_line(text), limit);
    return sentence.empty() ? "?" : sentence;
}

}  // namespace

std::string to_line(const RunRequest& request) {
    Json json;
    json["checks"] = Json::array();
    for (const std::string& id : request.checks) json["checks"].push_back(id);
    json["probe"] = request.probe;
    json["settle_ms"] = Json::array();
    for (const auto pause : request.settle) json["settle_ms"].push_back(pause.count());
    return line_text(json);
}

RunRequest run_request_from_line(std::string_view line) {
    const Json json = object_from_line(line, request_line_limit, "the request");
    RunRequest request;
    std::set<std::string> seen;
    for (const auto& [key, value] : json.items()) {
        seen.insert(key);
        if (key == "checks") {
            request.checks = ids_from(value);
        } else if (key == "probe") {
            if (!value.is_boolean()) throw RunnerProtocolError("\"probe\" of the request must be true or false");
            request.probe = value.get<bool>();
        } else if (key == "settle_ms") {
            request.settle = pauses_from(value);
        } else {
            throw RunnerProtocolError("the request has the unknown key \"" + shortened(plain_line(key), 60) + "\"");
        }
    }
    for (const char* key : {"checks", "probe", "settle_ms"}) {
        if (seen.count(key) == 0) throw RunnerProtocolError("the request lacks the key \"" + std::string(key) + "\"");
    }
    return request;
}

std::string to_line(const RunnerLine& line) {
    Json json;
    if (line.report_json) {
        // Parsed and written anew, so that an indented report is one line too.
        json["report"] = object_from(*line.report_json, runner_line_limit, "the report");
    } else if (line.error) {
        json["error"] = as_sentence(*line.error, error_limit);
    } else {
        json["progress"] = as_sentence(line.progress.value_or(""), progress_limit);
    }
    return line_text(json);
}

RunnerLine runner_line_from(std::string_view line) {
    const Json json = object_from_line(line, runner_line_limit, "the runner's line");
    if (json.size() != 1) {
        throw RunnerProtocolError("the runner's line must have exactly one of the keys progress, report and error");
    }
    const std::string& key = json.begin().key();
    const Json& value = json.begin().value();
    RunnerLine read;
    if (key == "progress") {
        read.progress = sentence_from(value, key, progress_limit);
    } else if (key == "error") {
        read.error = sentence_from(value, key, error_limit);
    } else if (key == "report") {
        if (!value.is_object()) throw RunnerProtocolError("\"report\" of the runner's line is no object");
        read.report_json = line_text(value);
    } else {
        throw RunnerProtocolError("the runner's line has the unknown key \"" + shortened(plain_line(key), 60) + "\"");
    }
    return read;
}

}  // namespace jetcuda
