#include "probes/loader/search.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "probes/elf/elf_file.hpp"
#include "probes/elf/file_source.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using Outcome = LoaderStep::Outcome;

// A program has some hundred libraries; a hostile one must not keep us busy.
constexpr std::size_t most_objects = 1024;
constexpr std::size_t most_folders = 4096;
constexpr std::size_t most_problems = 64;

std::string_view folder_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

std::string file_in(std::string_view folder, std::string_view name) {
    if (folder.empty()) return std::string(name);  // an empty element: the working folder
    return folder == "/" ? path_below("", name) : path_below(folder, name);
}

ElfMachine machine_of(std::uint16_t number) {
    if (number == ElfFile::machine_aarch64) return ElfMachine::aarch64;
    return number == ElfFile::machine_x86_64 ? ElfMachine::x86_64 : ElfMachine::other;
}

// What open_verify() in elf/dl-load.c asks of a header, in its order. True: go on; else `file` says what it is.
bool header_passes(std::string_view bytes, ElfMachine machine, LoadableFile& file) {
    const auto refuse = [&](Outcome outcome, std::string why) {
        file.outcome = outcome;
        file.why = std::move(why);
        return false;
    };
    if (bytes.size() < 64) return refuse(Outcome::no_library, "file too short");
    const ByteView header{bytes};
    if (!starts_with(bytes, "\177ELF")) return refuse(Outcome::no_library, "invalid ELF header");
    if (header.u8(4) != 2) return refuse(Outcome::other_machine, "not a 64-bit ELF file");
    if (header.u8(5) != 1) return refuse(Outcome::no_library, "not little-endian");
    const bool of_linux = header.u8(7) == 0 || header.u8(7) == 3;
    const bool abi = header.u8(8) == 0 || (header.u8(7) == 3 && header.u8(8) < 4);
    const bool padded = bytes.substr(9, 7).find_first_not_of('\0') == std::string_view::npos;
    if (header.u8(6) != 1 || !of_linux || !abi || !padded) {
        return refuse(Outcome::no_library, "not an ELF file of this version or system");
    }
    if (header.u32(20) != 1) return refuse(Outcome::no_library, "an ELF file of another version");
    file.machine = machine_of(header.u16(18));
    if (file.machine != machine) return refuse(Outcome::other_machine, "for another machine");
    const std::uint16_t type = header.u16(16);
    if (type != 2 && type != 3) return refuse(Outcome::no_library, "only ET_DYN and ET_EXEC can be loaded");
    if (header.u16(54) != 56) return refuse(Outcome::no_library, "program headers of another size");
    return true;
}

void read_dynamic(const ElfFile& elf, LoadableFile& file) {
    ElfDynamic dynamic = elf.dynamic();
    file.soname = std::move(dynamic.soname);
    file.needed = std::move(dynamic.needed);
    file.runpath = std::move(dynamic.runpath);
    if (!file.runpath) file.rpath = std::move(dynamic.rpath);
    file.no_default_folders = dynamic.no_default_folders;
}

std::string interpreter_of(const ElfFile& elf) {
    try {
        const auto section = elf.section(".interp");
        if (!section || section->size > 4096) return {};
        const std::string text = elf.content(*section);
        return text.substr(0, text.find('\0'));
    } catch (const Malformed&) {
        return {};
    }
}

// How long the token at `text` ("LIB" of "$LIB", "{LIB}" of "${LIB}") is, if it is this one; else 0.
std::size_t token_length(std::string_view text, std::string_view token) {
    const bool braces = starts_with(text, "{");
    if (braces) text.remove_prefix(1);
    if (!starts_with(text, token)) return 0;
    const char next = text.size() > token.size() ? text[token.size()] : '\0';
    if (braces) return next == '}' ? token.size() + 2 : 0;
    const bool goes_on = (next >= 'A' && next <= 'Z') || (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9');
    return goes_on || next == '_' ? 0 : token.size();
}

}  // namespace

// ---- Loader ----

LoadableFile look_at_file(const SystemRoot& root, const std::string& path, ElfMachine machine) {
    LoadableFile file;
    const Fact<ResolvedPath> real = root.resolve(path);
    if (!real) {
        if (real.lacks(Lack::not_there)) return file;
        file.outcome = Outcome::not_readable;
        file.ends_list = !real.lacks(Lack::not_readable);  // links in a circle
        file.why = real.missing().why;
        return file;
    }
    file.real_path = real->inside;
    const Fact<FileStatus> status = root.status(path);
    if (!status || status->kind != FileKind::regular) {
        file.outcome = Outcome::no_library;
        file.why = status && status->kind == FileKind::directory ? "a folder" : "not a regular file";
        return file;
    }
    try {
        const FileSource source(real->on_host);
        const std::string start = source.read({0}, std::min<std::uint64_t>(source.size(), 64), "the ELF header");
        if (!header_passes(start, machine, file)) return file;
        const ElfFile elf(source);
        read_dynamic(elf, file);
        file.interpreter = interpreter_of(elf);
        const bool program = elf.type() != ElfFile::type_shared;
        file.outcome = program || elf.loaded_end() == 0 ? Outcome::no_library : Outcome::taken;
        if (program) file.why = "a program that cannot be loaded as a library";
        if (elf.loaded_end() == 0) file.why = "nothing in it is to be loaded";
    } catch (const Malformed& problem) {
        file.outcome = Outcome::no_library;
        file.why = problem.what();
    } catch (const std::system_error& problem) {
        file.outcome = Outcome::not_readable;
        file.why = problem.code().message();
    }
    return file;
}

Loader::Loader(const SystemRoot& root, LoaderTraits traits, CacheLookup cached, std::string cache_name)
    : root_(root), traits_(std::move(traits)), cached_(std::move(cached)), cache_name_(std::move(cache_name)) {}

const LoadableFile& Loader::file(const std::string& path) const {
    const auto known = files_.find(path);
    if (known != files_.end()) return known->second;
    return files_.emplace(path, look_at_file(root_, path, traits_.machine)).first->second;
}

bool Loader::is_folder(const std::string& path) const {
    const auto known = folders_.find(path);
    if (known != folders_.end()) return known->second;
    const Fact<FileStatus> status = root_.status(path);
    const bool folder = status && status->kind == FileKind::directory;
    return folders_.emplace(path, folder).first->second;
}

// ---- LoaderProcess ----

LoaderProcess::LoaderProcess(const Loader& loader, LoaderEnvironment environment)
    : loader_(loader), environment_(std::move(environment)) {}

std::string LoaderProcess::absolute(const std::string& path) const {
    if (starts_with(path, "/")) return path;
    if (environment_.working_folder.empty()) return {};
    return file_in(environment_.working_folder, path);
}

bool LoaderProcess::start(const std::string& path) {
    const LoadableFile& file = loader_.file(absolute(path));
    const bool program =
        file.outcome == Outcome::taken || (file.outcome == Outcome::no_library && !file.needed.empty());
    if (!program || file.machine != loader_.traits().machine) return false;
    objects_.clear();
    steps_.clear();
    const std::size_t main = add(path, file, "", std::nullopt);
    objects_[main].origin = folder_of(file.real_path);  // the kernel says where the program really lies
    const std::string loader_path = file.interpreter.empty() ? loader_.traits().path : file.interpreter;
    const LoadableFile& interpreter = loader_.file(loader_path);
    Object object;
    object.path = loader_path;
    object.real_path = interpreter.real_path;
    object.origin = folder_of(loader_path);
    object.names = {loader_path, loader_path.substr(loader_path.rfind('/') + 1)};
    if (!interpreter.soname.empty()) object.names.push_back(interpreter.soname);
    objects_.push_back(std::move(object));
    steps_.emplace_back();
    return true;
}

void LoaderProcess::start_without_file(std::string name, std::optional<std::string> runpath) {
    objects_.clear();
    steps_.clear();
    Object object;
    object.path = std::move(name);
    object.runpath = std::move(runpath);
    objects_.push_back(std::move(object));
    steps_.emplace_back();
}

std::size_t LoaderProcess::add(const std::string& path, const LoadableFile& file, const std::string& name,
                               std::optional<std::size_t> loaded_by) {
    for (std::size_t i = 0; i < objects_.size(); ++i) {
        if (file.real_path.empty() || objects_[i].real_path != file.real_path) continue;
        objects_[i].names.push_back(name);
        return i;
    }
    Object object;
    object.path = path;
    object.real_path = file.real_path;
    object.names = {path};
    if (!name.empty()) object.names.push_back(name);
    if (!file.soname.empty()) object.names.push_back(file.soname);
    object.origin = folder_of(absolute(path));
    object.rpath = file.rpath;
    object.runpath = file.runpath;
    object.no_default_folders = file.no_default_folders;
    object.needed = file.needed;
    object.loaded_by = loaded_by;
    objects_.push_back(std::move(object));
    steps_.emplace_back();
    return objects_.size() - 1;
}

std::optional<std::size_t> LoaderProcess::loaded(std::string_view name) const {
    for (std::size_t i = 0; i < objects_.size(); ++i) {
        const auto& names = objects_[i].names;
        if (std::find(names.begin(), names.end(), name) != names.end()) return i;
    }
    return std::nullopt;
}

// Empty where a token stands for nothing here: the loader drops such an element.
std::optional<std::string> LoaderProcess::expanded(std::string_view text, std::size_t object) const {
    const LoaderTraits& traits = loader_.traits();
    const std::pair<std::string_view, std::string_view> tokens[] = {
        {"ORIGIN", objects_[object].origin}, {"PLATFORM", traits.platform}, {"LIB", traits.lib}};
    std::string result;
    while (!text.empty()) {
        const std::size_t dollar = text.find('$');
        result += text.substr(0, dollar);
        if (dollar == std::string_view::npos) break;
        text.remove_prefix(dollar + 1);
        std::size_t length = 0;
        for (const auto& [token, value] : tokens) {
            length = token_length(text, token);
            if (length == 0) continue;
            if (value.empty()) return std::nullopt;
            result += value;
            break;
        }
        if (length == 0) result += '$';
        text.remove_prefix(length);
    }
    return result;
}

std::vector<std::string> LoaderProcess::folders_of(std::string_view list, std::string_view separators,
                                                   std::size_t object) const {
    std::vector<std::string> result;
    if (list.empty()) return result;
    while (result.size() < most_folders) {
        const std::size_t end = list.find_first_of(separators);
        const std::string_view element = list.substr(0, end);
        std::optional<std::string> folder = expanded(element, object);
        const bool dropped = !folder || (folder->empty() && !element.empty());
        while (folder && folder->size() > 1 && folder->back() == '/') folder->pop_back();
        if (!dropped && std::find(result.begin(), result.end(), *folder) == result.end()) {
            result.push_back(std::move(*folder));
        }
        if (end == std::string_view::npos) break;
        list.remove_prefix(end + 1);
    }
    return result;
}

LoaderProcess::Walk LoaderProcess::try_path(const std::string& source, const std::string& path, Found& found) const {
    const std::string place = absolute(path);
    if (place.empty()) {  // below the working folder, which is not known
        found.steps.push_back({source, path, Outcome::not_there});
        return Walk::go_on;
    }
    const LoadableFile& file = loader_.file(place);
    found.steps.push_back({source, path, file.outcome});
    if (file.outcome == Outcome::taken) return Walk::taken;
    if (file.outcome != Outcome::no_library) return Walk::go_on;
    found.error = path + ": " + file.why;
    return Walk::ended;
}

LoaderProcess::Walk LoaderProcess::walk_list(const std::string& source, const std::vector<std::string>& folders,
                                             const std::string& name, Found& found) const {
    for (const std::string& folder : folders) {
        for (const std::string& below : loader_.traits().subfolders) {
            const std::string subfolder = file_in(folder, below);
            const std::string place = absolute(subfolder);
            if (place.empty() || !loader_.is_folder(place)) continue;
            const Walk walk = try_path(source, path_below(subfolder, name), found);
            if (walk != Walk::go_on) return walk;
        }
        const std::string path = file_in(folder, name);
        const Walk walk = try_path(source, path, found);
        if (walk != Walk::go_on) return walk;
        const std::string place = absolute(path);
        if (place.empty() || !loader_.file(place).ends_list) continue;
        if (loader_.is_folder(absolute(folder.empty() ? "." : folder))) return Walk::go_on;
    }
    return Walk::go_on;
}

LoaderProcess::Walk LoaderProcess::walk_own_paths(const std::string& name, std::size_t asker, Found& found) const {
    if (!objects_[asker].runpath) {
        bool asked_main = false;
        for (std::optional<std::size_t> object = asker; object; object = objects_[*object].loaded_by) {
            if (!objects_[*object].rpath) continue;
            asked_main = asked_main || *object == 0;
            const Walk walk = walk_list("RPATH of " + objects_[*object].path,
                                        folders_of(*objects_[*object].rpath, ":", *object), name, found);
            if (walk != Walk::go_on) return walk;
        }
        if (!asked_main && objects_[0].rpath) {
            const Walk walk =
                walk_list("RPATH of " + objects_[0].path, folders_of(*objects_[0].rpath, ":", 0), name, found);
            if (walk != Walk::go_on) return walk;
        }
    }
    const Walk walk =
        walk_list(environment_.library_path_source, folders_of(environment_.library_path, ":;", 0), name, found);
    if (walk != Walk::go_on || !objects_[asker].runpath) return walk;
    return walk_list("RUNPATH of " + objects_[asker].path, folders_of(*objects_[asker].runpath, ":", asker), name,
                     found);
}

LoaderProcess::Walk LoaderProcess::walk(const std::string& name, std::size_t asker, Found& found) const {
    if (name.find('/') != std::string::npos) {
        const std::optional<std::string> path = expanded(name, asker);
        return path ? try_path("the path itself", *path, found) : Walk::go_on;
    }
    const Walk own = walk_own_paths(name, asker, found);
    if (own != Walk::go_on) return own;

    const std::vector<std::string>& defaults = loader_.traits().default_folders;
    const bool no_defaults = objects_[asker].no_default_folders;
    const std::string cached = loader_.cached(name);
    const bool barred = no_defaults && std::any_of(defaults.begin(), defaults.end(), [&](const std::string& folder) {
                            return starts_with(cached, folder + '/');
                        });
    if (cached.empty() || barred) {
        found.steps.push_back({loader_.cache_name(), name, Outcome::not_there});
    } else {
        const Walk walk = try_path(loader_.cache_name(), cached, found);
        if (walk != Walk::go_on) return walk;
    }
    return no_defaults ? Walk::go_on : walk_list("default folders", defaults, name, found);
}

LoaderProcess::Found LoaderProcess::find(const std::string& name, std::size_t asker) {
    Found found;
    if (const std::optional<std::size_t> object = loaded(name)) {
        found.steps.push_back({"loaded already", objects_[*object].path, Outcome::taken});
        found.object = object;
        return found;
    }
    if (objects_.size() >= most_objects) {
        found.error = "more libraries than a program has";
        return found;
    }
    if (walk(name, asker, found) != Walk::taken) return found;
    const std::string path = found.steps.back().path;
    found.object = add(path, loader_.file(absolute(path)), name, asker);
    if (steps_[*found.object].empty()) steps_[*found.object] = found.steps;
    return found;
}

LoaderProcess::Found LoaderProcess::search(const std::string& name, std::size_t asker) const {
    Found found;
    walk(name, asker, found);
    return found;
}

std::vector<std::string> LoaderProcess::load_needed() {
    std::vector<std::string> problems;
    const auto load = [&](const std::string& name, std::size_t asker) {
        const Found found = find(name, asker);
        if (found.object || problems.size() >= most_problems) return;
        const std::string why = found.error.empty() ? "is not found" : "is not loaded: " + found.error;
        problems.push_back(name + ", which " + objects_[asker].path + " needs, " + why);
    };
    std::string_view list = std::exchange(preloaded_, true) ? std::string_view() : environment_.preload;
    while (!list.empty()) {
        const std::size_t end = list.find_first_of(": ");
        // What cannot be preloaded is left out with a message, and the program starts.
        if (end != 0) find(std::string(list.substr(0, end)), 0);
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    }
    // The loader takes the program first and then everything in the order in which it was loaded; its own file, which
    // stands second here, needs nothing.
    for (std::size_t i = 0; i < objects_.size(); ++i) {
        const std::vector<std::string> needed = objects_[i].needed;
        for (const std::string& name : needed) load(name, i);
    }
    return problems;
}

}  // namespace jetcuda
