#include "probes/system/strict_json.hpp"

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace jetcuda {
namespace {

using nlohmann::json;

// The library's own message is "[json.exception.parse_error.101] parse error at line 3, column 7: syntax error …";
// people need the part from "line" on.
std::string without_preamble(std::string_view message) {
    const std::size_t at = message.find("line ");
    return std::string(at == std::string_view::npos ? message : message.substr(at));
}

// Builds the value while the library reads; the library's own builder takes the last of two equal keys. Its
// functions have the names that the library calls.
class Builder : public nlohmann::json_sax<json> {
public:
    bool null() override { return add(json(nullptr)); }
    bool boolean(bool value) override { return add(json(value)); }
    bool number_integer(number_integer_t value) override { return add(json(value)); }
    bool number_unsigned(number_unsigned_t value) override { return add(json(value)); }
    bool number_float(number_float_t value, const string_t& /*text*/) override { return add(json(value)); }
    bool string(string_t& value) override { return add(json(std::move(value))); }
    bool binary(binary_t& /*value*/) override { return false; }  // never in text
    bool start_object(std::size_t /*size*/) override { return open(json::object()); }
    bool start_array(std::size_t /*size*/) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        const auto [place, is_new] = open_.back()->emplace(std::move(name), nullptr);
        if (!is_new) throw JsonFlaw("the key \"" + place.key() + "\" stands twice in one object");
        member_ = &place.value();
        return true;
    }
    bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                     const nlohmann::json::exception& error) override {
        throw JsonFlaw(without_preamble(error.what()));
    }

    json take() { return std::move(whole_); }

private:
    // Where the next value belongs: the member just named, the end of the open list, or the whole.
    json& put(json value) {
        if (open_.empty()) return whole_ = std::move(value);
        if (!open_.back()->is_array()) return *member_ = std::move(value);
        open_.back()->push_back(std::move(value));
        return open_.back()->back();
    }
    bool add(json value) {
        put(std::move(value));
        return true;
    }
    // A list that grows moves its elements, but never while one of them is open.
    bool open(json value) {
        if (open_.size() == json_depth_limit) {
            throw JsonFlaw("it is nested more than " + std::to_string(json_depth_limit) + " levels deep");
        }
        open_.push_back(&put(std::move(value)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    json whole_;
    std::vector<json*> open_;
    json* member_ = nullptr;
};

}  // namespace

json parse_strictly(std::string_view text) {
    Builder builder;
    if (!json::sax_parse(text.begin(), text.end(), &builder)) throw JsonFlaw("it is no JSON");
    return builder.take();
}

}  // namespace jetcuda
