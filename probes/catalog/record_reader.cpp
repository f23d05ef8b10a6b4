#include "probes/catalog/record_reader.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace jetcuda {

using nlohmann::json;

RecordReader::RecordReader(const json& record, std::string place) : record_(record), place_(std::move(place)) {
    if (!record_.is_object()) throw RecordFlaw(place_ + ": a record must be an object");
}

void RecordReader::refuse(std::string_view key, const std::string& what) const {
    throw RecordFlaw(place_ + ": \"" + std::string(key) + "\" " + what);
}

const json* RecordReader::find(const char* key) {
    asked_.emplace_back(key);
    const auto found = record_.find(key);
    return found == record_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> RecordReader::optional_text(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string() || value->get_ref<const std::string&>().empty()) refuse(key, "must be text or null");
    return value->get<std::string>();
}

std::string RecordReader::text(const char* key) {
    std::optional<std::string> value = optional_text(key);
    if (!value) refuse(key, "is missing; it must be text");
    return *std::move(value);
}

std::string RecordReader::one_of(const char* key, const std::vector<std::string_view>& words) {
    std::string value = text(key);
    if (std::find(words.begin(), words.end(), value) != words.end()) return value;
    std::string choice;
    for (const std::string_view word : words) choice.append(choice.empty() ? "" : " or ").append(word);
    refuse(key, "is \"" + value + "\"; it must be " + choice);
}

std::optional<int> RecordReader::optional_number(const char* key, int lowest, int highest) {
    const json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer() || *value < lowest || *value > highest) {
        refuse(key, "must be a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest));
    }
    return value->get<int>();
}

int RecordReader::number(const char* key, int lowest, int highest) {
    const std::optional<int> value = optional_number(key, lowest, highest);
    if (!value) refuse(key, "is missing; it must be a whole number");
    return *value;
}

std::vector<std::string> RecordReader::optional_texts(const char* key) {
    const json* value = find(key);
    std::vector<std::string> texts;
    if (value == nullptr) return texts;
    if (!value->is_array()) refuse(key, "must be a list of texts");
    texts.reserve(value->size());
    for (const json& item : *value) {
        if (!item.is_string() || item.get_ref<const std::string&>().empty()) refuse(key, "must be a list of texts");
        texts.push_back(item.get<std::string>());
    }
    return texts;
}

std::vector<std::string> RecordReader::texts(const char* key) {
    if (!record_.contains(key)) refuse(key, "is missing; it must be a list of texts");
    return optional_texts(key);
}

std::map<std::string, std::string> RecordReader::text_map(const char* key) {
    std::map<std::string, std::string> texts;
    const json* value = optional_object(key);
    if (value == nullptr) return texts;
    for (const auto& item : value->items()) {
        if (!item.value().is_string() || item.value().get_ref<const std::string&>().empty()) {
            refuse(key, "must hold texts only; \"" + item.key() + "\" is none");
        }
        texts.emplace(item.key(), item.value().get<std::string>());
    }
    return texts;
}

const json* RecordReader::optional_object(const char* key) {
    const json* value = find(key);
    if (value != nullptr && !value->is_object()) refuse(key, "must be an object or null");
    return value;
}

const json* RecordReader::optional_list(const char* key) {
    const json* value = find(key);
    if (value != nullptr && !value->is_array()) refuse(key, "must be a list of records");
    return value;
}

bool RecordReader::flag(const char* key) {
    const json* value = find(key);
    if (value != nullptr && !value->is_boolean()) refuse(key, "must be true or false");
    return value != nullptr && value->get<bool>();
}

std::string RecordReader::source() {
    std::string source;
    for (const std::string& part : texts("source")) source.append(source.empty() ? "" : "; ").append(part);
    if (source.empty()) refuse("source", "is empty; say where the record comes from");
    return source;
}

bool RecordReader::has(const char* key) { return find(key) != nullptr; }

L4tRelease RecordReader::l4t(const char* key) {
    const std::string value = text(key);
    const std::optional<L4tRelease> release = parse_l4t_release(value);
    if (!release) refuse(key, "is \"" + value + "\"; it must be a release such as 36.5.0");
    return *release;
}

std::optional<CudaVersion> RecordReader::optional_cuda(const char* key) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return std::nullopt;
    const std::optional<CudaVersion> version = parse_cuda_version(*value);
    if (!version) refuse(key, "is \"" + *value + "\"; it must be a CUDA version such as 12.6");
    return version;
}

void RecordReader::refuse_other_keys() const {
    for (const auto& item : record_.items()) {
        if (std::find(asked_.begin(), asked_.end(), item.key()) != asked_.end()) continue;
        std::string keys;
        for (const std::string_view key : asked_) keys.append(keys.empty() ? "" : ", ").append(key);
        throw RecordFlaw(place_ + ": unknown key \"" + item.key() + "\"; the keys are " + keys);
    }
}

}  // namespace jetcuda
