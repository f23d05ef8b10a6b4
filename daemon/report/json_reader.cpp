// Reads a report that a runner wrote or that lies in /run since before a restart. It is outside text: size and depth
// are bounded before it is parsed, and every value is held to the schema's form. Keys that this version does not
// know are passed over, for the format may be added to.

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "daemon/report/json.hpp"
#include "daemon/report/outside_text.hpp"
#include "probes/system/strict_json.hpp"

namespace jetcuda {

namespace {

using Json = nlohmann::json;

constexpr std::size_t list_limit = 1000;  // checks, evidence of one check, toolkits, compats

constexpr std::array verdicts = {Verdict::healthy, Verdict::degraded, Verdict::unhealthy, Verdict::unknown};
constexpr std::array statuses = {Status::pass, Status::fail, Status::unknown, Status::not_applicable};
constexpr std::array severities = {Severity::required, Severity::wanted};
constexpr std::array groups = {Group::platform, Group::kernel, Group::devices,    Group::driver,
                               Group::packages, Group::compat, Group::containers, Group::custom};

// A value and where it stands, so that a complaint can name the place.
class Node {
public:
    Node(const Json& value, std::string pointer) : value_(&value), pointer_(std::move(pointer)) {}

    [[noreturn]] void refuse(const std::string& what) const {
        throw ReportFormatError((pointer_.empty() ? std::string("the report") : pointer_) + " " + what);
    }

    [[nodiscard]] Node at(const char* key) const {
        if (!value_->is_object()) refuse("must be an object, and is " + described());
        const auto found = value_->find(key);
        if (found == value_->end()) throw ReportFormatError(pointer_ + "/" + key + " is missing");
        return {*found, pointer_ + "/" + key};
    }

    [[nodiscard]] bool has(const char* key) const { return value_->is_object() && value_->contains(key); }

    [[nodiscard]] bool is_null() const { return value_->is_null(); }

    [[nodiscard]] std::vector<Node> items() const {
        if (!value_->is_array()) refuse("must be an array, and is " + described());
        if (value_->size() > list_limit) {
            refuse("has " + std::to_string(value_->size()) + " entries; " + std::to_string(list_limit) +
                   " are the most");
        }
        std::vector<Node> nodes;
        for (std::size_t i = 0; i < value_->size(); ++i)
            nodes.emplace_back((*value_)[i], pointer_ + "/" + std::to_string(i));
        return nodes;
    }

    [[nodiscard]] std::string text() const {
        if (!value_->is_string()) refuse("must be a string, and is " + described());
        const auto& text = value_->get_ref<const std::string&>();
        if (text.find('\0') != std::string::npos) refuse("holds a NUL character");
        return text;
    }

    [[nodiscard]] std::string filled_text() const {
        std::string found = text();
        if (found.empty()) refuse("is empty; what is not known is null");
        return found;
    }

    [[nodiscard]] std::string text_or_null() const { return is_null() ? std::string() : filled_text(); }

    [[nodiscard]] bool boolean() const {
        if (!value_->is_boolean()) refuse("must be true or false, and is " + described());
        return value_->get<bool>();
    }

    [[nodiscard]] std::uint64_t number(std::uint64_t largest) const {
        if (!value_->is_number_unsigned()) refuse("must be a whole number from 0, and is " + described());
        const auto number = value_->get<std::uint64_t>();
        if (number > largest) refuse("is " + std::to_string(number) + "; the largest is " + std::to_string(largest));
        return number;
    }

    // One of an enumeration's values, by its name.
    template <typename T, std::size_t n>
    [[nodiscard]] T one_of(const std::array<T, n>& values) const {
        const std::string word = text();
        for (const T value : values) {
            if (name_of(value) == word) return value;
        }
        std::string known;
        for (const T value : values) known += (known.empty() ? "" : ", ") + std::string(name_of(value));
        refuse("is \"" + shortened(plain_line(word), 60) + "\"; it must be one of " + known);
    }

private:
    [[nodiscard]] std::string described() const {
        switch (value_->type()) {
            case Json::value_t::null: return "null";
            case Json::value_t::boolean: return "a boolean";
            case Json::value_t::string: return "a string";
            case Json::value_t::object: return "an object";
            case Json::value_t::array: return "an array";
            default: return "the number " + value_->dump();
        }
    }

    const Json* value_;
    std::string pointer_;
};

constexpr auto largest_long = static_cast<std::uint64_t>(std::numeric_limits<long>::max());

// An id of a check, or a word of the same form: a code, a reason.
std::string word(const Node& node) {
    std::string text = node.text();
    if (!is_check_id(text)) {
        node.refuse("is \"" + shortened(plain_line(text), 60) + "\"; it must be a word like driver-initializes");
    }
    return text;
}

// "2026-01-01T00:00:00Z"
std::string time_or_null(const Node& node) {
    std::string time = node.text_or_null();
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
    const auto fits = [](char c, char f) { return f == 'd' ? c >= '0' && c <= '9' : c == f; };
    if (!time.empty() && !std::equal(time.begin(), time.end(), form.begin(), form.end(), fits)) {
        node.refuse("is \"" + shortened(plain_line(time), 60) + "\"; a time has the form 2026-01-01T00:00:00Z");
    }
    return time;
}

std::string one_of_or_null(const Node& node, std::initializer_list<std::string_view> words) {
    std::string found = node.text_or_null();
    if (!found.empty() && std::find(words.begin(), words.end(), found) == words.end()) {
        std::string known;
        for (const std::string_view each : words) known += std::string(each) + ", ";
        node.refuse("is \"" + shortened(plain_line(found), 60) + "\"; it must be one of " + known + "null");
    }
    return found;
}

std::string l4t_or_null(const Node& node) {
    std::string text = node.text_or_null();
    if (!text.empty() && !parse_l4t_release(text)) {
        node.refuse("is \"" + shortened(plain_line(text), 60) + "\"; a release has the form 36.5.0");
    }
    return text;
}

std::string cuda_or_null(const Node& node) {
    std::string text = node.text_or_null();
    const auto version = parse_cuda_version(text);
    if (!text.empty() && (!version || version->text() != text)) {
        node.refuse("is \"" + shortened(plain_line(text), 60) + "\"; a CUDA version has the form 12.6");
    }
    return text;
}

DeviceSummary device_from(const Node& node) {
    DeviceSummary device;
    device.soc = node.at("soc").text_or_null();
    device.module = node.at("module").text_or_null();
    device.model = node.at("model").text_or_null();
    device.gpu = node.at("gpu").text_or_null();
    const Node sm = node.at("sm");
    if (!sm.is_null()) device.sm = static_cast<int>(sm.number(9999));
    return device;
}

// Absent in reports of programs that did not let the GPU work.
std::optional<RungSummary> rung_from(const Node& parent, const char* key) {
    if (!parent.has(key) || parent.at(key).is_null()) return std::nullopt;
    const Node node = parent.at(key);
    RungSummary rung;
    rung.cuda = cuda_or_null(node.at("cuda"));
    rung.ptx = cuda_or_null(node.at("ptx"));
    constexpr std::uint64_t most_kernels = 1'000'000;
    rung.kernels_tried = static_cast<unsigned>(node.at("kernels_tried").number(most_kernels));
    rung.kernels_right = static_cast<unsigned>(node.at("kernels_right").number(rung.kernels_tried));
    const Node error = node.at("error");
    if (error.is_null()) return rung;
    rung.failed_step = error.at("step").filled_text();
    const Node result = error.at("result");
    if (!result.is_null()) rung.result = static_cast<int>(result.number(std::numeric_limits<int>::max()));
    rung.error = error.at("name").filled_text();
    rung.meaning = error.at("meaning").text_or_null();
    return rung;
}

StackSummary stack_from(const Node& node) {
    StackSummary stack;
    stack.environment = one_of_or_null(node.at("environment"), {"host", "container"});
    stack.distribution = one_of_or_null(node.at("distribution"), {"ubuntu", "nixos", "yocto", "other"});
    stack.l4t = l4t_or_null(node.at("l4t"));
    stack.jetpack = node.at("jetpack").text_or_null();
    stack.gpu_module = node.at("gpu_module").text_or_null();
    stack.kernel = node.at("kernel").text_or_null();
    stack.libcuda = node.at("libcuda").text_or_null();
    stack.driver_cuda = cuda_or_null(node.at("driver_cuda"));
    stack.effective_cuda = cuda_or_null(node.at("effective_cuda"));
    stack.native_cuda = cuda_or_null(node.at("native_cuda"));
    for (const Node& version : node.at("toolkit_cuda").items()) stack.toolkit_cuda.push_back(version.filled_text());
    for (const Node& entry : node.at("compat").items()) {
        stack.compat.push_back({entry.at("dir").filled_text(), entry.at("product").text_or_null(),
                                cuda_or_null(entry.at("cuda")), entry.at("enabled_by").text_or_null(),
                                rung_from(entry, "measured"),
                                entry.has("not_measured") ? entry.at("not_measured").text_or_null() : std::string()});
    }
    stack.driver_measured = rung_from(node, "driver_measured");
    return stack;
}

Evidence evidence_from(const Node& node) {
    return {node.at("what").text(), node.at("value").text(), node.at("source").text(), node.at("volatile").boolean()};
}

CheckResult check_from(const Node& node) {
    CheckResult result;
    result.id = word(node.at("id"));
    result.group = node.at("group").one_of(groups);
    result.status = node.at("status").one_of(statuses);
    result.severity = node.at("severity").one_of(severities);
    result.code = word(node.at("code"));
    result.summary = node.at("summary").text();
    result.remedy = node.at("remedy").text_or_null();
    result.waived = node.at("waived").boolean();
    const Node blocked_by = node.at("blocked_by");
    if (!blocked_by.is_null()) result.blocked_by = word(blocked_by);
    result.measured_at = time_or_null(node.at("measured_at"));
    for (const Node& evidence : node.at("evidence").items()) result.evidence.push_back(evidence_from(evidence));
    result.duration_ms = static_cast<long>(node.at("duration_ms").number(largest_long));
    // The format does not carry what a check rests on: the build's own record says it, else the time of measurement.
    const Check* known = find_check(result.id);
    if (known != nullptr) {
        result.basis = known->basis;
    } else if (result.group == Group::custom) {
        result.basis = Basis::program;
    } else if (!result.measured_at.empty()) {
        result.basis = Basis::measured;
    }
    return result;
}

Report report_from(const Node& node) {
    const Node schema = node.at("schema");
    if (schema.text() != report_schema) {
        schema.refuse("is \"" + shortened(plain_line(schema.text()), 60) + "\"; this program reads " +
                      std::string(report_schema));
    }
    Report report;
    report.tool = node.at("tool").text();
    report.generated_at = time_or_null(node.at("generated_at"));
    report.boot_id = node.at("boot_id").text_or_null();
    report.sequence = node.at("sequence").number(std::numeric_limits<std::uint64_t>::max());
    report.root = node.at("root").filled_text();
    report.duration_ms = static_cast<long>(node.at("duration_ms").number(largest_long));
    report.probed = node.at("probed").boolean();
    report.simulated = node.at("simulated").boolean();
    report.driver_under_test = node.at("driver_under_test").text_or_null();
    report.verdict = node.at("verdict").one_of(verdicts);
    const Node reason = node.at("reason");
    if (!reason.is_null()) report.reason = word(reason);
    if (node.has("system")) report.system = node.at("system").filled_text();
    if (node.has("sentence")) report.sentence = node.at("sentence").text_or_null();
    report.device = device_from(node.at("device"));
    report.stack = stack_from(node.at("stack"));
    std::set<std::string> ids;
    for (const Node& entry : node.at("checks").items()) {
        report.checks.push_back(check_from(entry));
        if (!ids.insert(report.checks.back().id).second) entry.refuse("is a second " + report.checks.back().id);
    }
    // Only its form: a newer program may digest more than this one reads.
    const Node digest = node.at("digest");
    const std::string text = digest.text();
    constexpr std::string_view prefix = "sha256:";
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (text.size() != prefix.size() + 64 || text.substr(0, prefix.size()) != prefix ||
        !std::all_of(text.begin() + prefix.size(), text.end(), is_hex)) {
        digest.refuse("must be sha256: and 64 digits");
    }
    return report;
}

}  // namespace

Report report_from_json(std::string_view json) {
    if (json.size() > report_size_limit) {
        throw ReportFormatError("the report is " + std::to_string(json.size()) + " bytes long; " +
                                std::to_string(report_size_limit) + " are the most");
    }
    try {
        const Json document = parse_strictly(json);
        return report_from(Node(document, ""));
    } catch (const JsonFlaw& flaw) {
        throw ReportFormatError(std::string("the report is no JSON: ") + shortened(plain_line(flaw.what()), 200));
    }
}

}  // namespace jetcuda
