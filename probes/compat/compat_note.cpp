#include "probes/compat/compat_note.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "probes/system/strict_json.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

constexpr std::string_view section_name = ".note.cuda.fwd_compatibility";
constexpr std::string_view note_owner = "NVIDIA Corporation";
constexpr int known_format = 1;
constexpr std::uint64_t largest_section = 64U << 10U;  // real ones have some 150 bytes
constexpr std::size_t longest_list = 1000;
constexpr int largest_number = 99'999;

// Why a payload is none, as a clause.
struct NoteFlaw : std::runtime_error {
    using std::runtime_error::runtime_error;
};

int number_of(const json& value, const char* what) {
    if (!value.is_number_integer() || value < 1 || value > largest_number) {
        throw NoteFlaw(std::string(what) + " is no whole number from 1 to " + std::to_string(largest_number));
    }
    return value.get<int>();
}

std::vector<int> numbers_of(const json& note, const char* key) {
    std::vector<int> numbers;
    const auto list = note.find(key);
    if (list == note.end()) return numbers;
    if (!list->is_array() || list->size() > longest_list) {
        throw NoteFlaw('"' + std::string(key) + "\" is no list of numbers");
    }
    numbers.reserve(list->size());
    for (const json& value : *list) numbers.push_back(number_of(value, key));
    return numbers;
}

// A later form of the note adds keys; those that are not known here are passed over.
CompatNote note_of(const json& payload) {
    if (!payload.is_object()) throw NoteFlaw("it is no JSON object");
    const auto format = payload.find("format");
    if (format == payload.end()) throw NoteFlaw("it has no \"format\"");
    if (number_of(*format, "\"format\"") != known_format) {
        throw NoteFlaw("its format is " + std::to_string(format->get<int>()) + ", and only 1 is known");
    }
    CompatNote note;
    if (const auto cuda = payload.find("CUDA version"); cuda != payload.end()) {
        if (cuda->is_string()) note.cuda = parse_cuda_version(cuda->get_ref<const std::string&>());
        if (!note.cuda) throw NoteFlaw("its \"CUDA version\" is no version such as 12.9");
    }
    note.drivers = numbers_of(payload, "driver");
    note.devices = numbers_of(payload, "device");
    return note;
}

Missing not_understood(const std::string& why, const std::string& source) {
    return {Lack::not_understood, source + " cannot be understood: " + why, source};
}

}  // namespace

Fact<CompatNote> parse_compat_note(std::string_view payload, const std::string& source) {
    try {
        return {note_of(parse_strictly(trimmed(payload))), source};
    } catch (const JsonFlaw& flaw) {
        return not_understood(flaw.what(), source);
    } catch (const NoteFlaw& flaw) {
        return not_understood(flaw.what(), source);
    }
}

Fact<CompatNote> read_compat_note(const ElfFile& elf, const std::string& path) {
    const std::string source = path + ", section " + std::string(section_name);
    try {
        const std::optional<ElfSection> section = elf.section(section_name);
        if (!section) {
            return Missing{Lack::not_there, path + " has no section " + std::string(section_name), source};
        }
        if (section->size > largest_section) return not_understood("it is longer than 64 KiB", source);
        const std::string bytes = elf.content(*section);
        for (const ElfNote& note : read_notes(ByteView{bytes}, section->alignment)) {
            if (note.owner == note_owner) return parse_compat_note(note.payload, source);
        }
        return not_understood("it holds no note of " + std::string(note_owner), source);
    } catch (const Malformed& problem) {
        return not_understood(problem.what(), source);
    }
}

}  // namespace jetcuda
