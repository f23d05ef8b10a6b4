// The difference of two reports for scripts: jetcuda-check.diff/1. "a" is the first report, "b" the second; null is
// what a side does not have or did not know.

#include <nlohmann/json.hpp>

#include "daemon/report/difference.hpp"

namespace jetcuda {

namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& value) { return value.empty() ? Json() : Json(value); }

Json json_of(const ComparedReport& compared) {
    const Report& report = compared.report;
    Json json;
    json["file"] = compared.name;
    json["tool"] = report.tool;
    json["generated_at"] = text_or_null(report.generated_at);
    json["boot_id"] = text_or_null(report.boot_id);
    json["sequence"] = report.sequence;
    json["probed"] = report.probed;
    json["simulated"] = report.simulated;
    json["verdict"] = name_of(report.verdict);
    json["reason"] = text_or_null(report.reason);
    json["digest"] = compared.stated_digest;
    return json;
}

Json json_of(const std::optional<CheckResult>& check) {
    if (!check) return {};
    Json json;
    json["status"] = name_of(check->status);
    json["code"] = check->code;
    json["severity"] = name_of(check->severity);
    json["waived"] = check->waived;
    json["blocked_by"] = check->blocked_by ? Json(*check->blocked_by) : Json();
    json["summary"] = check->summary;
    return json;
}

Json json_of(const std::optional<SeenValue>& seen) {
    if (!seen) return {};
    Json json;
    json["value"] = seen->value;
    json["source"] = seen->source;
    return json;
}

Json json_of(const CheckChange& change) {
    Json json;
    json["id"] = change.newest().id;
    json["direction"] = name_of(change.direction);
    json["a"] = json_of(change.before);
    json["b"] = json_of(change.after);
    json["evidence"] = Json::array();
    for (const EvidenceChange& each : change.evidence) {
        Json entry;
        entry["what"] = each.what;
        entry["a"] = json_of(each.before);
        entry["b"] = json_of(each.after);
        json["evidence"].push_back(std::move(entry));
    }
    return json;
}

}  // namespace

std::string to_pretty_json(const ComparedReport& before, const ComparedReport& after,
                           const ReportDifference& difference) {
    Json json;
    json["schema"] = "jetcuda-check.diff/1";
    json["tool"] = tool_version();
    json["same"] = difference.same;
    json["headline"] = headline(before, after, difference);
    json["a"] = json_of(before);
    json["b"] = json_of(after);
    json["values"] = Json::array();
    for (const ValueChange& value : difference.values) {
        Json entry;
        entry["name"] = value.name;
        entry["a"] = text_or_null(value.before);
        entry["b"] = text_or_null(value.after);
        json["values"].push_back(std::move(entry));
    }
    json["checks"] = Json::array();
    for (const CheckChange& change : difference.checks) json["checks"].push_back(json_of(change));
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace jetcuda
