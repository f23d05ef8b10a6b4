// One record of a data file, read key by key: every key is asked for by its type, and one that nobody asked for is
// an error. So a misspelt key in a drop-in cannot be a silent no-op.

#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "probes/versions.hpp"

namespace jetcuda {

// Says which record and key of the file, and what would be right there: without the file's name.
struct RecordFlaw : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class RecordReader {
public:
    // `place` is where the record stands, for messages: "releases[3]". Both must outlive the reader.
    RecordReader(const nlohmann::json& record, std::string place);

    // Names the record in later messages: "releases[3] (36.5.0)".
    void call_it(const std::string& name) { place_.append(" (").append(name).append(")"); }

    std::string text(const char* key);                          // must be there, and not empty
    std::optional<std::string> optional_text(const char* key);  // absent or null: nothing
    std::string one_of(const char* key, const std::vector<std::string_view>& words);
    int number(const char* key, int lowest, int highest);
    std::optional<int> optional_number(const char* key, int lowest, int highest);
    std::vector<std::string> texts(const char* key);  // must be there; may be an empty list
    std::vector<std::string> optional_texts(const char* key);
    std::map<std::string, std::string> text_map(const char* key);  // absent or null: empty
    L4tRelease l4t(const char* key);
    std::optional<CudaVersion> optional_cuda(const char* key);
    const nlohmann::json* optional_object(const char* key);  // null: absent or null
    const nlohmann::json* optional_list(const char* key);    // null: absent or null
    bool flag(const char* key);                              // absent or null: false
    // Sources stand in a list, one statement each, and are told as one text.
    std::string source();
    bool has(const char* key);  // there, and not null

    void refuse_other_keys() const;
    [[noreturn]] void refuse(std::string_view key, const std::string& what) const;
    [[nodiscard]] const std::string& place() const { return place_; }

private:
    const nlohmann::json* find(const char* key);  // null: absent or null

    const nlohmann::json& record_;
    std::string place_;
    std::vector<std::string_view> asked_;
};

}  // namespace jetcuda
