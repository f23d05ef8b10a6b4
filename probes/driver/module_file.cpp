#include "probes/driver/module_file.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <vector>

#include "probes/driver/unpack.hpp"
#include "probes/elf/elf_file.hpp"
#include "probes/elf/file_source.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t index_limit = std::size_t{32} << 20;  // a distribution's modules.dep has about 1 MB
constexpr std::uint64_t packed_limit = std::uint64_t{64} << 20;
constexpr std::size_t unpacked_limit = std::size_t{256} << 20;  // nvidia.ko with its debug information: about 100 MB

// The file that modules.dep has for `name`, absolute; empty where it has none. A line is "path: paths it needs".
std::string path_in_index(std::string_view index, const std::string& directory, const std::string& name) {
    while (!index.empty()) {
        const std::string_view line = take_line(index);
        const std::string_view path = line.substr(0, line.find(':'));
        if (module_name_of(path) != name) continue;
        return starts_with(path, "/") ? std::string(path) : path_below(directory, path);
    }
    return {};
}

// Looks through folders in depmod's order (depmod.d(5): updates before what came with the kernel). Bounded, since a
// link may lead in a circle.
class ModuleSearch {
public:
    ModuleSearch(const SystemRoot& root, std::string name) : root_(root), name_(std::move(name)) {}

    // Of two copies in one folder (R39: opensrc-disp for a display, opensource-gpu-disp for a GPU) the GPU's.
    std::string search(const std::string& folder) {
        found_.clear();
        visit(folder, 0);
        const auto gpu = std::find_if(found_.begin(), found_.end(), [](const std::string& path) {
            return path.find("/opensource-gpu-disp/") != std::string::npos;
        });
        if (gpu != found_.end()) return *gpu;
        return found_.empty() ? std::string() : found_.front();
    }

private:
    void visit(const std::string& folder, int depth) {
        constexpr int deepest = 12;
        if (depth > deepest) return;
        const Fact<std::vector<std::string>> names = root_.list(folder);
        if (!names) return;
        for (const std::string& entry : *names) {
            if (left_ == 0) return;
            --left_;
            const std::string path = path_below(folder, entry);
            if (module_name_of(entry) == name_) {
                found_.push_back(path);
            } else if (module_name_of(entry).empty()) {
                const Fact<FileStatus> status = root_.status(path);
                if (status && status->kind == FileKind::directory) visit(path, depth + 1);
            }
        }
    }

    const SystemRoot& root_;
    std::string name_;
    std::vector<std::string> found_;
    int left_ = 50'000;
};

void read_modinfo(const ElfFile& elf, ModuleFile& file) {
    const std::optional<ElfSection> section = elf.section(".modinfo");
    if (!section) throw Malformed("it has no section .modinfo");
    const std::string content = elf.content(*section);
    for (const std::string_view entry : split(content, '\0')) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = entry.substr(0, equals);
        std::string* const field = key == "vermagic"     ? &file.vermagic
                                   : key == "version"    ? &file.version
                                   : key == "srcversion" ? &file.srcversion
                                                         : nullptr;
        if (field != nullptr && field->empty()) *field = shown(trimmed(entry.substr(equals + 1)), 200);
    }
}

void read_module(const ByteSource& source, ModuleFile& file) {
    const ElfFile elf(source);
    if (elf.type() != ElfFile::type_relocatable) throw Malformed("it is no relocatable ELF file");
    read_modinfo(elf, file);
    file.build_id = elf.build_id();
}

std::string read_whole(const ByteSource& source) {
    if (source.size() > packed_limit) {
        throw Malformed("it is larger than a packed module can be: " + std::to_string(source.size()) + " bytes");
    }
    std::string bytes;
    while (bytes.size() < source.size()) {
        const std::uint64_t next = std::min<std::uint64_t>(source.size() - bytes.size(), ByteSource::largest_read);
        bytes += source.read({bytes.size()}, next, "the module");
    }
    return bytes;
}

Fact<ModuleFile> read_module_file(const SystemRoot& root, const std::string& path) {
    const Fact<ResolvedPath> resolved = root.resolve(path);
    if (!resolved) return resolved.missing();
    ModuleFile file;
    file.path = path;
    try {
        const FileSource source(resolved->on_host);
        const std::string start = source.read({0}, std::min<std::uint64_t>(source.size(), 8), "the module");
        const Packing packing = packing_of(start);
        if (packing == Packing::none) {
            read_module(source, file);
        } else {
            const std::string bytes = unpack(read_whole(source), packing, unpacked_limit);
            read_module(MemorySource(bytes), file);
        }
    } catch (const Malformed& problem) {
        return Missing{Lack::not_understood, path + " is damaged: " + problem.what(), path};
    } catch (const std::system_error& problem) {
        return Missing{Lack::not_readable, path + " cannot be read: " + problem.code().message(), path};
    }
    return {std::move(file), path};
}

}  // namespace

std::string module_name_of(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);
    for (const std::string_view packed : {".gz", ".xz", ".zst"}) {
        if (ends_with(name, packed)) {
            name.remove_suffix(packed.size());
            break;
        }
    }
    if (!ends_with(name, ".ko")) return {};
    std::string result(name.substr(0, name.size() - 3));
    std::replace(result.begin(), result.end(), '-', '_');
    return result;
}

Fact<ModuleFile> find_module_file(const SystemRoot& root, const std::string& directory, const std::string& name) {
    const std::string index_path = directory + "/modules.dep";
    const Fact<std::string> index = root.read(index_path, index_limit);
    if (index) {
        const std::string path = path_in_index(*index, directory, name);
        if (path.empty()) return Missing{Lack::not_there, index_path + " names no module " + name, index_path};
        return read_module_file(root, path);
    }
    if (!index.lacks(Lack::not_there)) return index.missing();
    ModuleSearch search(root, name);
    for (const std::string_view folder : {"/updates", "/extra", "/kernel"}) {
        const std::string path = search.search(directory + std::string(folder));
        if (!path.empty()) return read_module_file(root, path);
    }
    return Missing{Lack::not_there, directory + " holds no module " + name, directory};
}

bool is_built_in(const SystemRoot& root, const std::string& directory, const std::string& name) {
    const Fact<std::string> list = root.read(directory + "/modules.builtin", index_limit);
    if (!list) return false;
    std::string_view rest = *list;
    while (!rest.empty()) {
        if (module_name_of(trimmed(take_line(rest))) == name) return true;
    }
    return false;
}

}  // namespace jetcuda
