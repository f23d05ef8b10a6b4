#include "daemon/inspect/inspection_json.hpp"

#include <nlohmann/json.hpp>

#include "daemon/report/report.hpp"

namespace jetcuda {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json json_of(const NamedTarget& named) {
    Json json;
    json["name"] = named.name;
    json["sm"] = named.target.sm;
    json["driver_cuda"] = named.target.driver_cuda ? Json(named.target.driver_cuda->text()) : Json();
    json["compat_cuda"] = Json::array();
    for (const CudaVersion& version : named.target.compat_cuda) json["compat_cuda"].push_back(version.text());
    return json;
}

Json json_of(const CodeRow& row) {
    Json json;
    json["kind"] = name_of(row.kind);
    json["arch"] = row.arch();
    if (row.kind == CodeKind::sass) json["abi"] = row.abi == 0 ? Json() : Json(row.abi);
    if (row.kind == CodeKind::ptx) json["isa"] = text_or_null(row.isa());
    if (row.kind == CodeKind::other) json["kind_number"] = row.kind_number;
    json["count"] = row.count;
    json["relocatable"] = row.relocatable;
    json["stubs"] = row.stubs;
    json["bytes"] = row.bytes;
    json["compression"] = name_of(row.compression);
    return json;
}

Json json_of(const std::vector<CodeRow>& rows) {
    Json json = Json::array();
    for (const CodeRow& row : rows) json.push_back(json_of(row));
    return json;
}

Json json_of(const RuntimeUse& use) {
    Json json;
    json["linkage"] = use.linkage == RuntimeLinkage::shared      ? "shared"
                      : use.linkage == RuntimeLinkage::linked_in ? "static"
                                                                 : "none";
    json["cuda"] = !use.cuda             ? Json()
                   : use.cuda->minor < 0 ? Json(std::to_string(use.cuda->major))
                                         : Json(use.cuda->text());
    json["soname"] = text_or_null(use.soname);
    return json;
}

void put_judgement(Json& json, const RunJudgement& judgement) {
    json["verdict"] = name_of(judgement.verdict);
    json["certainty"] = name_of(judgement.certainty);
    json["rule"] = judgement.rule;
    json["summary"] = judgement.summary;
    json["remedy"] = judgement.remedy;
}

// Of one sort in all parts: then the file as a whole has it.
std::string machine_of(const Inspection& inspection) {
    std::string machine;
    for (const InspectedPart& part : inspection.parts) {
        if (part.code.machine.empty() || part.code.machine == machine) continue;
        if (!machine.empty()) return {};
        machine = part.code.machine;
    }
    return machine;
}

RuntimeUse runtime_of(const Inspection& inspection) {
    for (const InspectedPart& part : inspection.parts) {
        if (part.runtime.linkage != RuntimeLinkage::none) return part.runtime;
    }
    return {};
}

Json json_of(const Coverage& coverage) {
    if (coverage.containers() == 0) return {};
    Json json;
    json["containers"] = coverage.containers();
    json["native"] = coverage.native;
    json["jit"] = coverage.jit;
    json["none"] = coverage.none;
    return json;
}

Json problems_of(const Inspection& inspection) {
    Json problems = inspection.problems;
    for (const InspectedPart& part : inspection.parts) {
        for (const std::string& problem : part.code.problems) {
            problems.push_back(part.member.empty() ? problem : part.member + ": " + problem);
        }
    }
    return problems;
}

Json remarks_of(const Inspection& inspection) {
    Json remarks = Json::array();
    for (const InspectedPart& part : inspection.parts) {
        for (const std::string& remark : part.code.remarks) {
            remarks.push_back(part.member.empty() ? remark : part.member + ": " + remark);
        }
    }
    return remarks;
}

Json members_of(const JudgedFile& file) {
    Json members = Json::array();
    for (std::size_t i = 0; i < file.parts.size(); ++i) {
        const InspectedPart& part = file.inspection.parts[i];
        if (part.member.empty()) continue;
        Json json;
        json["path"] = part.member;
        json["kind"] = name_of(part.code.form);
        json["machine"] = text_or_null(part.code.machine);
        json["images"] = json_of(part.code.rows);
        json["runtime"] = json_of(part.runtime);
        put_judgement(json, file.parts[i]);
        members.push_back(std::move(json));
    }
    return members;
}

Json json_of(const JudgedFile& file) {
    Json json;
    json["path"] = file.inspection.path;
    json["kind"] = name_of(file.inspection.kind);
    json["machine"] = text_or_null(machine_of(file.inspection));
    json["images"] = json_of(file.rows);
    json["coverage"] = json_of(file.coverage);
    json["problems"] = problems_of(file.inspection);
    json["remarks"] = remarks_of(file.inspection);
    json["runtime"] = json_of(runtime_of(file.inspection));
    json["libcuda"] = file.libcuda ? text_or_null(*file.libcuda) : Json();
    json["loader_problems"] = file.loader_problems;
    json["python_tags"] = file.inspection.python_tags;
    json["members_seen"] = file.inspection.members;
    json["members"] = members_of(file);
    put_judgement(json, file.whole);
    return json;
}

// A folder has no code of its own; the files in it stand behind it.
Json json_of(const JudgedFolder& folder) {
    JudgedFile entry;
    entry.inspection.path = folder.path;
    entry.inspection.problems = folder.problems;
    entry.inspection.members = folder.files;
    entry.whole = folder.whole;
    Json json = json_of(entry);
    json["kind"] = "folder";
    return json;
}

}  // namespace

std::string to_json(const JudgedPaths& paths, const NamedTarget& target) {
    Json json;
    json["schema"] = inspect_schema;
    json["tool"] = tool_version();
    json["target"] = json_of(target);
    json["verdict"] = name_of(worst_of(paths));
    json["files"] = Json::array();
    for (const JudgedFolder& folder : paths.folders) json["files"].push_back(json_of(folder));
    for (const JudgedFile& file : paths.files) json["files"].push_back(json_of(file));
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace jetcuda
