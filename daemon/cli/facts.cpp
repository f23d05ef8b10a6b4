// `jetcuda-check facts`: what was read, each value with its source, or why there is none. Nothing is judged here;
// who doubts a report finds in this what it rests on.

#include <algorithm>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/cli/fact_rows.hpp"
#include "daemon/cli/inquiry.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verbs.hpp"
#include "daemon/report/outside_text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t source_width = 100;  // bytes; a record of our data names every page it rests on

struct AsText {
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(bool truth) const { return truth ? "yes" : "no"; }
    std::string operator()(const std::vector<std::string>& list) const {
        std::string text;
        for (const std::string& entry : list) text += fmt::format("{}{}", text.empty() ? "" : ", ", entry);
        return text.empty() ? "none" : text;
    }
};

}  // namespace

// One line a row, not wrapped, so that grep finds whole ones.
std::string rows_as_text(const std::vector<FactRow>& rows) {
    std::size_t widest = 0;
    for (const FactRow& row : rows) widest = std::max(widest, row.name.size());
    std::string text;
    for (const FactRow& row : rows) {
        const std::string value =
            row.missing ? fmt::format("({}) {}", row.lack, row.why) : std::visit(AsText{}, row.value);
        const bool tell_source = !row.source.empty() && !row.missing;
        text += fmt::format("{:<{}}  {}{}\n", plain_line(row.name), widest, plain_line(value),
                            tell_source ? fmt::format("  [{}]", shortened(plain_line(row.source), source_width)) : "");
    }
    return text;
}

std::string rows_as_json(const std::vector<FactRow>& rows, const std::string& root) {
    using Json = nlohmann::ordered_json;
    const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
    Json json;
    json["schema"] = "jetcuda-check.facts/1";
    json["tool"] = tool_version();
    json["root"] = root;
    json["facts"] = Json::array();
    for (const FactRow& row : rows) {
        Json entry;
        entry["name"] = row.name;
        entry["value"] =
            row.missing ? Json(nullptr) : std::visit([](const auto& value) { return Json(value); }, row.value);
        entry["source"] = text_or_null(row.source);
        entry["missing"] = row.missing ? Json{{"reason", row.lack}, {"why", row.why}} : Json(nullptr);
        json["facts"].push_back(std::move(entry));
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

ExitStatus perform_facts(const Options& options) {
    Inquiry inquiry = open_inquiry(options);
    inquiry.checks = all_checks();  // what the administrator's own programs answer is a verdict and no fact
    const Facts facts = ask_machine(inquiry);
    const std::vector<FactRow> rows = rows_of(facts);
    write_output(options.json ? rows_as_json(rows, facts.scope.root) : rows_as_text(rows));
    return ExitStatus::healthy;
}

}  // namespace jetcuda
