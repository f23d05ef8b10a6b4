#include "probes/loader/ld_so_conf.hpp"

#include <algorithm>
#include <set>
#include <system_error>

#include <fnmatch.h>

#include "probes/elf/elf_file.hpp"
#include "probes/elf/file_source.hpp"
#include "probes/system/path_pattern.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view main_file = "/etc/ld.so.conf";
constexpr int deepest_include = 16;
constexpr std::size_t most_files = 1024;
constexpr std::size_t most_folders = 1024;

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

// As glob(3) would: hidden files only by name. A file from outside can hold a pattern with many stars, on which the C
// library's fnmatch takes time without bound, so it is asked only for sets in brackets, with one star at most.
bool is_named_by(const std::string& name, std::string_view part) {
    if (name.front() == '.' && part.front() != '.') return false;
    if (part.find('[') == std::string_view::npos) return matches(name, part);
    if (std::count(part.begin(), part.end(), '*') > 1) return false;
    return ::fnmatch(std::string(part).c_str(), name.c_str(), FNM_PERIOD) == 0;
}

// Files that a pattern names, sorted as glob(3) does; wildcards may stand in any part.
std::vector<std::string> files_matching(const SystemRoot& root, std::string_view pattern) {
    std::vector<std::string> paths{""};
    for (const std::string_view part : split(pattern.substr(1), '/')) {
        if (part.empty()) continue;
        std::vector<std::string> next;
        for (const std::string& path : paths) {
            if (!is_pattern(part)) {
                next.push_back(path_below(path, part));
                continue;
            }
            const Fact<std::vector<std::string>> names = root.list(path.empty() ? "/" : path);
            if (!names) continue;
            for (const std::string& name : *names) {
                if (next.size() >= most_files) break;
                if (is_named_by(name, part)) next.push_back(path_below(path, name));
            }
        }
        paths = std::move(next);
    }
    paths.erase(std::remove_if(paths.begin(), paths.end(), [&](const std::string& path) { return !root.exists(path); }),
                paths.end());
    return paths;
}

class Reading {
public:
    explicit Reading(const SystemRoot& root) : root_(root) {}

    LdSoConf run() {
        read(std::string(main_file), 0);
        return std::move(conf_);
    }

private:
    void read(const std::string& path, int depth) {
        if (depth > deepest_include || conf_.files.size() >= most_files || !read_.insert(path).second) return;
        const Fact<std::string> text = root_.read(path);
        if (!text) return;
        conf_.files.push_back(path);
        std::string_view rest = *text;
        for (int number = 1; !rest.empty(); ++number) {
            std::string_view line = take_line(rest);
            line = line.substr(0, line.find('#'));
            const std::size_t first = line.find_first_not_of(" \t\r\v\f");
            if (first == std::string_view::npos) continue;
            line.remove_prefix(first);
            if (starts_with(line, "include") && line.size() > 7 && (line[7] == ' ' || line[7] == '\t')) {
                include(line.substr(8), path, depth);
            } else if (!is_hwcap(line)) {
                add(line, path, number);
            }
        }
    }

    void include(std::string_view patterns, const std::string& from, int depth) {
        std::string text(patterns);
        std::replace(text.begin(), text.end(), '\t', ' ');
        for (const std::string_view pattern : split(text, ' ')) {
            if (pattern.empty()) continue;
            const std::string whole =
                pattern.front() == '/' ? std::string(pattern) : path_below(folder_of(from), pattern);
            for (const std::string& file : files_matching(root_, whole)) read(file, depth + 1);
        }
    }

    // "hwcap 1 nosegneg" is an old directive without effect.
    static bool is_hwcap(std::string_view line) {
        constexpr std::string_view word = "hwcap";
        if (line.size() <= word.size() || (line[word.size()] != ' ' && line[word.size()] != '\t')) return false;
        return std::equal(word.begin(), word.end(), line.begin(), [](char w, char c) { return w == (c | 0x20); });
    }

    void add(std::string_view line, const std::string& file, int number) {
        std::string_view path = line.substr(0, line.find('='));  // "DIR=libc6": an old way to say the kind
        path = trimmed(path);
        while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
        if (path.empty() || path.front() != '/' || conf_.folders.size() >= most_folders) return;
        // One folder under two names is searched once, under the first.
        const Fact<ResolvedPath> real = root_.resolve(path);
        if (!named_.insert(real ? real->inside : std::string(path)).second) return;
        conf_.folders.push_back({std::string(path), file + ", line " + std::to_string(number)});
    }

    const SystemRoot& root_;
    LdSoConf conf_;
    std::set<std::string> read_;
    std::set<std::string> named_;  // real paths of folders
};

// The SONAME of a library of this machine, the file's own name where it has none, or empty for any other file.
std::string soname_of(const SystemRoot& root, const std::string& path, std::string_view name, ElfMachine machine) {
    const Fact<ResolvedPath> real = root.resolve(path);
    const Fact<FileStatus> status = root.status(path);
    if (!real || !status || status->kind != FileKind::regular) return {};
    try {
        const FileSource source(real->on_host);
        const ElfFile elf(source);
        const bool arm = elf.machine() == ElfFile::machine_aarch64;
        const bool right = machine == ElfMachine::aarch64 ? arm : elf.machine() == ElfFile::machine_x86_64;
        if (!right || elf.type() != ElfFile::type_shared) return {};
        std::string soname = elf.dynamic().soname;
        return soname.empty() ? std::string(name) : soname;
    } catch (const Malformed&) {
        return {};
    } catch (const std::system_error&) {
        return {};
    }
}

// Is this name in the folder a link of its own, and not a file?
bool is_link(const SystemRoot& root, const std::string& folder, const std::string& name) {
    const Fact<ResolvedPath> real_folder = root.resolve(folder);
    const Fact<ResolvedPath> real = root.resolve(path_below(folder, name));
    return real_folder && real &&
           real->inside != path_below(real_folder->inside == "/" ? "" : real_folder->inside, name);
}

}  // namespace

LdSoConf read_ld_so_conf(const SystemRoot& root) { return Reading(root).run(); }

const ConfFolder* folder_of_library(const LdSoConf& conf, const SystemRoot& root, std::string_view library_path) {
    const std::string_view folder = folder_of(library_path);
    const auto same = [&](std::string_view path) {
        return std::find_if(conf.folders.begin(), conf.folders.end(),
                            [&](const ConfFolder& known) { return known.path == path; });
    };
    if (const auto found = same(folder); found != conf.folders.end()) return &*found;
    const Fact<ResolvedPath> real = root.resolve(folder);
    if (!real) return nullptr;
    for (const ConfFolder& known : conf.folders) {
        const Fact<ResolvedPath> other = root.resolve(known.path);
        if (other && other->inside == real->inside) return &known;
    }
    return nullptr;
}

std::vector<ConfLibrary> libraries_for_ldconfig(const SystemRoot& root, const LdSoConf& conf,
                                                const LoaderTraits& traits, std::string_view name) {
    std::vector<ConfFolder> folders = conf.folders;
    for (const std::string& folder : traits.default_folders) folders.push_back({folder, "ldconfig itself"});
    const std::string_view stem = name.substr(0, name.find(".so") + 3);
    std::set<std::string> seen;
    std::vector<ConfLibrary> result;
    for (const ConfFolder& folder : folders) {
        const Fact<ResolvedPath> real = root.resolve(folder.path);
        if (!real || !seen.insert(real->inside).second) continue;
        const Fact<std::vector<std::string>> names = root.list(folder.path);
        if (!names) continue;
        std::optional<ConfLibrary> found;
        for (const std::string& entry : *names) {
            if (!starts_with(entry, stem)) continue;
            const std::string file = path_below(folder.path, entry);
            std::string soname = soname_of(root, file, entry, traits.machine);
            if (soname.empty()) continue;
            // A link keeps its own name where it is the SONAME or the one to link programs against ("libcuda.so").
            const bool link = is_link(root, folder.path, entry);
            if (link && ends_with(entry, ".so") && starts_with(soname, entry)) soname = entry;
            if (soname != name) continue;
            if (!found || entry == name) {
                found = ConfLibrary{path_below(folder.path, name), file, folder.source};
            }
        }
        if (found) result.push_back(*found);
    }
    return result;
}

}  // namespace jetcuda
