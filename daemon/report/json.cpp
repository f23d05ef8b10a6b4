// Writes a report as jetcuda-check.report/1. The keys come in the order in which a reader wants them: what this is,
// the verdict, the machine, the checks. A value that is not known is null.

#include "daemon/report/json.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "daemon/report/sha256.hpp"

namespace jetcuda {

namespace {

using Json = nlohmann::ordered_json;

// Names of devices and sentences of drivers come from outside. A NUL would end the text early for every reader in C
// and on the bus, so it becomes U+FFFD, as what is no UTF-8 does on writing.
Json text(std::string value) {
    for (std::size_t at = value.find('\0'); at != std::string::npos; at = value.find('\0', at)) {
        value.replace(at, 1, "\xEF\xBF\xBD");
    }
    return value;
}

Json text_or_null(const std::string& value) { return value.empty() ? Json() : text(value); }

Json json_of(const DeviceSummary& device) {
    Json json;
    json["soc"] = text_or_null(device.soc);
    json["module"] = text_or_null(device.module);
    json["model"] = text_or_null(device.model);
    json["sm"] = device.sm ? Json(*device.sm) : Json();
    json["gpu"] = text_or_null(device.gpu);
    return json;
}

Json json_of(const std::optional<RungSummary>& rung) {
    if (!rung) return {};
    Json json;
    json["cuda"] = text_or_null(rung->cuda);
    json["ptx"] = text_or_null(rung->ptx);
    json["kernels_right"] = rung->kernels_right;
    json["kernels_tried"] = rung->kernels_tried;
    json["error"] = Json();
    if (!rung->failed_step.empty()) {
        Json error;
        error["step"] = text(rung->failed_step);
        error["result"] = rung->result ? Json(*rung->result) : Json();
        error["name"] = text(rung->error);
        error["meaning"] = text_or_null(rung->meaning);
        json["error"] = std::move(error);
    }
    return json;
}

Json json_of(const StackSummary& stack) {
    Json json;
    json["environment"] = text_or_null(stack.environment);
    json["l4t"] = text_or_null(stack.l4t);
    json["jetpack"] = text_or_null(stack.jetpack);
    json["distribution"] = text_or_null(stack.distribution);
    json["gpu_module"] = text_or_null(stack.gpu_module);
    json["kernel"] = text_or_null(stack.kernel);
    json["libcuda"] = text_or_null(stack.libcuda);
    json["driver_cuda"] = text_or_null(stack.driver_cuda);
    json["effective_cuda"] = text_or_null(stack.effective_cuda);
    json["native_cuda"] = text_or_null(stack.native_cuda);
    json["toolkit_cuda"] = Json::array();
    for (const std::string& version : stack.toolkit_cuda) json["toolkit_cuda"].push_back(text(version));
    json["compat"] = Json::array();
    for (const CompatSummary& compat : stack.compat) {
        Json entry;
        entry["dir"] = text(compat.dir);
        entry["product"] = text_or_null(compat.product);
        entry["cuda"] = text_or_null(compat.cuda);
        entry["enabled_by"] = text_or_null(compat.enabled_by);
        entry["measured"] = json_of(compat.measured);
        entry["not_measured"] = text_or_null(compat.not_measured);
        json["compat"].push_back(std::move(entry));
    }
    json["driver_measured"] = json_of(stack.driver_measured);
    return json;
}

Json json_of(const Evidence& evidence) {
    Json json;
    json["what"] = text(evidence.what);
    json["value"] = text(evidence.value);
    json["source"] = text(evidence.source);
    json["volatile"] = evidence.volatile_value;
    return json;
}

Json json_of(const CheckResult& check) {
    Json json;
    json["id"] = text(check.id);
    json["group"] = name_of(check.group);
    json["status"] = name_of(check.status);
    json["severity"] = name_of(check.severity);
    json["code"] = text(check.code);
    json["summary"] = text(check.summary);
    json["remedy"] = text_or_null(check.remedy);
    json["waived"] = check.waived;
    json["blocked_by"] = check.blocked_by ? text(*check.blocked_by) : Json();
    json["measured_at"] = text_or_null(check.measured_at);
    json["evidence"] = Json::array();
    for (const Evidence& evidence : check.evidence) json["evidence"].push_back(json_of(evidence));
    json["duration_ms"] = check.duration_ms;
    return json;
}

Json json_of(const Report& report) {
    Json json;
    json["schema"] = report_schema;
    json["tool"] = text(report.tool);
    json["generated_at"] = text_or_null(report.generated_at);
    json["boot_id"] = text_or_null(report.boot_id);
    json["sequence"] = report.sequence;
    json["root"] = text(report.root);
    if (!report.system.empty()) json["system"] = text(report.system);
    json["duration_ms"] = report.duration_ms;
    json["probed"] = report.probed;
    json["simulated"] = report.simulated;
    json["driver_under_test"] = text_or_null(report.driver_under_test);
    json["verdict"] = name_of(report.verdict);
    json["reason"] = text_or_null(report.reason);
    if (!report.sentence.empty()) json["sentence"] = text(report.sentence);
    json["device"] = json_of(report.device);
    json["stack"] = json_of(report.stack);
    json["checks"] = Json::array();
    for (const CheckResult& check : report.checks) json["checks"].push_back(json_of(check));
    return json;
}

// What stays the same while machine and state stay the same, as the digest takes it: no times, no durations, no
// sentences (a better wording is no other state), no volatile evidence. nlohmann::json sorts keys by itself.
nlohmann::json digested(const Json& report) {
    nlohmann::json kept;
    for (const char* key : {"root", "verdict", "reason", "device", "stack"}) kept[key] = report.at(key);
    kept["checks"] = nlohmann::json::array();
    for (const Json& check : report.at("checks")) {
        nlohmann::json entry;
        for (const char* key : {"id", "status", "severity", "code", "waived", "blocked_by"}) entry[key] = check.at(key);
        entry["evidence"] = nlohmann::json::array();
        for (const Json& evidence : check.at("evidence")) {
            if (evidence.at("volatile").get<bool>()) continue;
            nlohmann::json fact;
            for (const char* key : {"what", "value", "source"}) fact[key] = evidence.at(key);
            entry["evidence"].push_back(std::move(fact));
        }
        kept["checks"].push_back(std::move(entry));
    }
    return kept;
}

std::string digest_of(const Json& report) {
    return "sha256:" + sha256_hex(digested(report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string written(const Report& report, int indent) {
    Json json = json_of(report);
    json["digest"] = digest_of(json);
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const Report& report) { return written(report, -1); }

std::string to_pretty_json(const Report& report) { return written(report, 2) + "\n"; }

std::string digest(const Report& report) { return digest_of(json_of(report)); }

}  // namespace jetcuda
