#include "probes/containers/yaml.hpp"

#include <cstddef>
#include <exception>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

constexpr std::size_t depth_limit = 32;
constexpr std::size_t value_limit = 100'000;

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what, bool is_syntax = false) {
    throw YamlFlaw(
        "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) + ": " + what,
        is_syntax);
}

// Its functions have the names that the library calls.
class Builder : public YAML::EventHandler {
public:
    // NOLINTBEGIN(readability-identifier-naming)
    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { add(mark, json(nullptr)); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        refuse(mark, "an alias, which can make a small file stand for a huge one");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  const std::string& value) override {
        add(mark, json(value));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                         YAML::EmitterStyle::value /*style*/) override {
        open(mark, json::array());
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                    YAML::EmitterStyle::value /*style*/) override {
        open(mark, json::object());
    }
    void OnMapEnd() override { close(); }
    // NOLINTEND(readability-identifier-naming)

    json take() { return std::move(whole_); }

private:
    struct Open {
        json* value;
        json* member = nullptr;  // of an object: the value of the key that was just read, until it is filled
    };

    void count(const YAML::Mark& mark) {
        if (++values_ > value_limit) refuse(mark, "it holds more than 100000 values");
    }

    json& put(const YAML::Mark& mark, json value) {
        count(mark);
        if (open_.empty()) return whole_ = std::move(value);
        Open& top = open_.back();
        if (top.value->is_array()) {
            top.value->push_back(std::move(value));
            return top.value->back();
        }
        json& place = *std::exchange(top.member, nullptr);
        return place = std::move(value);
    }

    [[nodiscard]] bool wants_key() const {
        return !open_.empty() && open_.back().value->is_object() && open_.back().member == nullptr;
    }

    void add(const YAML::Mark& mark, json value) {
        if (!wants_key()) {
            put(mark, std::move(value));
            return;
        }
        if (!value.is_string()) refuse(mark, "a key that is no text", true);
        count(mark);
        const auto [place, is_new] = open_.back().value->emplace(value.get<std::string>(), nullptr);
        if (!is_new) refuse(mark, "the key \"" + shown(place.key()) + "\" stands twice");
        open_.back().member = &place.value();
    }

    // A list that grows moves its elements, but never while one of them is open.
    void open(const YAML::Mark& mark, json value) {
        if (wants_key()) refuse(mark, "a key that is no text", true);
        if (open_.size() == depth_limit) refuse(mark, "it is nested more than 32 levels deep");
        open_.push_back({&put(mark, std::move(value))});
    }

    void close() { open_.pop_back(); }

    json whole_;
    std::vector<Open> open_;
    std::size_t values_ = 0;
};

}  // namespace

json parse_yaml(std::string_view text) {
    std::istringstream stream{std::string(text)};
    Builder builder;
    try {
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) throw YamlFlaw("it is empty", true);
    } catch (const YAML::Exception& problem) {
        if (problem.mark.is_null()) throw YamlFlaw(shown(problem.msg), true);
        refuse(problem.mark, shown(problem.msg), true);
    }
    return builder.take();
}

}  // namespace jetcuda
