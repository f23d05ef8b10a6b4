#include "probes/containers/csv.hpp"

#include <optional>
#include <utility>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t longest_path = 4096;
constexpr std::size_t skipped_lines_told = 20;

std::optional<MountKind> kind_of(std::string_view word) {
    if (word == "lib") return MountKind::library;
    if (word == "sym") return MountKind::link;
    if (word == "dev") return MountKind::device;
    if (word == "dir") return MountKind::directory;
    return std::nullopt;
}

}  // namespace

std::string clean_path(std::string_view path) {
    if (path.empty() || path[0] != '/' || path.size() > longest_path) return {};
    if (path.find('\0') != std::string_view::npos) return {};
    std::string result;
    for (const std::string_view name : split(path, '/')) {
        if (name == "..") return {};
        if (name.empty() || name == ".") continue;
        result.append(1, '/').append(name);
    }
    return result;
}

CsvList parse_csv(std::string_view text, const std::string& file) {
    CsvList list;
    std::size_t number = 0;
    std::size_t not_told = 0;
    const auto skip = [&](std::string_view line, std::string_view why) {
        if (list.skipped.size() == skipped_lines_told) {
            ++not_told;
            return;
        }
        std::string told = file;
        told.append(", line ").append(std::to_string(number)).append(": \"").append(shown(line)).append("\" ");
        list.skipped.push_back(std::move(told.append(why)));
    };
    while (!text.empty()) {
        ++number;
        const std::string_view line = trimmed(take_line(text));
        if (line.empty() || line[0] == '#') continue;
        const std::size_t comma = line.find(',');
        const std::optional<MountKind> kind = kind_of(trimmed(line.substr(0, comma)));
        if (comma == std::string_view::npos || !kind) {
            skip(line, "does not begin with dev, dir, lib or sym and a comma");
            continue;
        }
        std::string path = clean_path(trimmed(line.substr(comma + 1)));
        if (path.empty()) {
            skip(line, "names no absolute path");
            continue;
        }
        if (list.entries.size() == entries_of_one_list) {
            list.skipped.push_back(file + ": everything after line " + std::to_string(number - 1) +
                                   ", since no list is that long");
            break;
        }
        list.entries.push_back({MountList::csv, *kind, std::move(path), file + ", line " + std::to_string(number)});
    }
    if (not_told != 0) list.skipped.push_back(file + ": " + std::to_string(not_told) + " more lines like these");
    return list;
}

}  // namespace jetcuda
