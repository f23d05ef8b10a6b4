// Reads `.jetcuda-root.json`: what a folder in a repository cannot hold of a board. Its form is in
// system_root.hpp. It is written by people who build such folders, so every error says which entry is wrong.

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "probes/system/strict_json.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

constexpr std::string_view notes_path = "/.jetcuda-root.json";

// Where in the file we are, for messages: "nodes[3]".
[[noreturn]] void refuse(const std::string& place, const std::string& what) { throw JsonFlaw(place + ": " + what); }

void refuse_other_keys(const json& object, const std::string& place, std::initializer_list<std::string_view> known) {
    for (const auto& item : object.items()) {
        if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
        std::string keys;
        for (const std::string_view key : known) keys.append(keys.empty() ? "" : ", ").append(key);
        refuse(place, "unknown key \"" + item.key() + "\"; the keys are " + keys);
    }
}

std::uint32_t number(const json& object, const std::string& place, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > 0xffffffffU) {
        refuse(place, std::string("\"") + key + "\" must be a whole number from 0 to 4294967295");
    }
    return found->get<std::uint32_t>();
}

// An absolute path in its shortest form: the walk looks entries up by exactly this text.
std::string inside_path(const json& value, const std::string& place) {
    if (!value.is_string()) refuse(place, "a path must be text");
    const auto& text = value.get_ref<const std::string&>();
    const bool plain = text.size() > 1 && text.front() == '/' && text.back() != '/' &&
                       text.find('\0') == std::string::npos && text.find("//") == std::string::npos &&
                       (text + '/').find("/./") == std::string::npos && (text + '/').find("/../") == std::string::npos;
    if (!plain) refuse(place, "\"" + text + "\" must be an absolute path without \".\", \"..\" or empty parts");
    return text;
}

std::uint32_t octal_mode(const json& object, const std::string& place) {
    const auto found = object.find("mode");
    std::uint32_t mode = 0;
    if (found != object.end() && found->is_string()) {
        const auto& text = found->get_ref<const std::string&>();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
        if (error == std::errc{} && end == text.data() + text.size() && !text.empty() && mode <= 07777) return mode;
    }
    refuse(place, R"("mode" must be octal text such as "0660")");
}

FileStatus read_node(const json& node, const std::string& place) {
    if (!node.is_object()) refuse(place, "must be an object with path, type, mode, and for a device major and minor");
    refuse_other_keys(node, place, {"path", "type", "major", "minor", "mode", "uid", "gid"});
    FileStatus status;
    const auto type = node.find("type");
    const std::string letter = type != node.end() && type->is_string() ? type->get<std::string>() : "";
    if (letter == "c") {
        status.kind = FileKind::character_device;
    } else if (letter == "b") {
        status.kind = FileKind::block_device;
    } else if (letter == "p") {
        status.kind = FileKind::fifo;
    } else if (letter == "s") {
        status.kind = FileKind::socket;
    } else if (letter == "d") {
        status.kind = FileKind::directory;
    } else if (letter == "f") {
        status.kind = FileKind::regular;
    } else {
        refuse(place, "\"type\" must be one of c, b, p, s, d, f");
    }
    if (letter == "c" || letter == "b") {
        status.device_major = number(node, place, "major");
        status.device_minor = number(node, place, "minor");
    } else if (node.contains("major") || node.contains("minor")) {
        refuse(place, "\"major\" and \"minor\" belong to the types c and b only");
    }
    status.mode = octal_mode(node, place);
    if (node.contains("uid")) status.uid = number(node, place, "uid");
    if (node.contains("gid")) status.gid = number(node, place, "gid");
    return status;
}

const json* list_at(const json& notes, const char* key) {
    const auto found = notes.find(key);
    if (found == notes.end()) return nullptr;
    if (!found->is_array()) refuse(key, "must be a list");
    return &*found;
}

}  // namespace

void SystemRoot::read_notes() {
    const Fact<std::string> text = read(notes_path);
    if (text.lacks(Lack::not_there)) return;
    read_counts_.clear();
    const std::string file = host_directory_.string() + std::string(notes_path);
    if (!text) throw std::runtime_error(file + ": " + text.missing().why + "; make it readable or remove it");

    std::map<std::string, Noted, std::less<>> notes;
    std::optional<std::vector<std::string>> log;
    const auto add = [&notes](std::string path, const FileStatus& status, const std::string& place) {
        if (!notes.emplace(path, Noted{status, false}).second) refuse(place, "\"" + path + "\" is named twice");
    };
    try {
        const json content = parse_strictly(*text);
        if (!content.is_object()) refuse("the file", R"(must be an object with "nodes", "dirs" and "kernel_log")");
        refuse_other_keys(content, "the file", {"nodes", "dirs", "kernel_log"});
        if (const json* nodes = list_at(content, "nodes")) {
            for (std::size_t index = 0; index < nodes->size(); ++index) {
                const std::string place = "nodes[" + std::to_string(index) + "]";
                const json& node = (*nodes)[index];
                const FileStatus status = read_node(node, place);
                if (!node.contains("path")) refuse(place, "\"path\" is missing");
                add(inside_path(node["path"], place), status, place);
            }
        }
        if (const json* lines = list_at(content, "kernel_log")) {
            log.emplace();
            for (std::size_t index = 0; index < lines->size(); ++index) {
                const json& line = (*lines)[index];
                if (!line.is_string()) refuse("kernel_log[" + std::to_string(index) + "]", "a line must be text");
                log->push_back(line.get<std::string>());
            }
        }
        FileStatus folder;
        folder.kind = FileKind::directory;
        folder.mode = 0755;
        if (const json* folders = list_at(content, "dirs")) {
            for (std::size_t index = 0; index < folders->size(); ++index) {
                const std::string place = "dirs[" + std::to_string(index) + "]";
                add(inside_path((*folders)[index], place), folder, place);
            }
        }
        std::map<std::string, Noted, std::less<>> above;
        for (const auto& [path, note] : notes) {
            if (note.status.kind == FileKind::regular) continue;
            for (std::size_t end = path.rfind('/'); end != 0; end = path.rfind('/', end - 1)) {
                const std::string parent = path.substr(0, end);
                const auto known = notes.find(parent);
                if (known != notes.end() && known->second.status.kind != FileKind::directory) {
                    refuse("\"" + path + "\"", "\"" + parent + "\" is noted as something that is not a folder");
                }
                if (known == notes.end()) above.emplace(parent, Noted{folder, true});
            }
        }
        notes.merge(above);
    } catch (const JsonFlaw& flaw) {
        throw std::runtime_error(file + ": " + flaw.what() +
                                 "; correct the file (probes/system/system_root.hpp has its form)");
    }
    noted_ = std::move(notes);
    noted_log_ = std::move(log);
}

}  // namespace jetcuda
