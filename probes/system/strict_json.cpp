#include "probes/system/strict_json.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace jetcuda {
namespace {

// The library tells positions only for what it refuses itself, as "[json.exception.parse_error.101] parse error
// at line 3, column 7: syntax error …"; people need the part from "line" on.
std::string without_preamble(std::string_view message) {
    const std::size_t at = message.find("line ");
    if (at == std::string_view::npos) return std::string(message);
    return std::string(message.substr(at));
}

class Strictness {
public:
    bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
        using Event = nlohmann::json::parse_event_t;
        if (depth > json_depth_limit) {
            throw JsonFlaw("it is nested more than " + std::to_string(json_depth_limit) + " levels deep");
        }
        if (event == Event::object_start) keys_of_open_objects_.emplace_back();
        if (event == Event::object_end) keys_of_open_objects_.pop_back();
        if (event == Event::key) remember(parsed.get_ref<const std::string&>());
        return true;
    }

private:
    void remember(const std::string& key) {
        std::vector<std::string>& keys = keys_of_open_objects_.back();
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
            throw JsonFlaw("the key \"" + key + "\" stands twice in one object");
        }
        // An object with very many keys is no data of ours, and a search among them all would take too long.
        if (keys.size() >= 4096) throw JsonFlaw("an object has more than 4096 keys");
        keys.push_back(key);
    }

    std::vector<std::vector<std::string>> keys_of_open_objects_;
};

}  // namespace

nlohmann::json parse_strictly(std::string_view text) {
    Strictness strictness;
    try {
        return nlohmann::json::parse(
            text.begin(), text.end(),
            [&strictness](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
                return strictness(depth, event, parsed);
            });
    } catch (const nlohmann::json::exception& error) {
        throw JsonFlaw(without_preamble(error.what()));
    }
}

}  // namespace jetcuda
