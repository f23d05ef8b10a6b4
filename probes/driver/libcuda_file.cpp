#include "probes/driver/libcuda_file.hpp"

#include <system_error>
#include <utility>

#include "probes/elf/elf_file.hpp"
#include "probes/elf/file_source.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

// The toolkit's stub is 100 KB of functions that return 34 and needs no other library; a driver is tens of MB, and
// cannot do without the C library. (Its texts tell nothing: the sentence "CUDA driver is a stub library" is in the
// real one, which can say it of others.)
constexpr std::uint64_t largest_stub = std::uint64_t{4} << 20;

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/')); }
std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_tegra_place(std::string_view real_path) {
    if (!desktop_driver_version(real_path).empty()) return false;
    const std::string_view folder = folder_of(real_path);
    if (starts_with(real_path, "/nix/store/")) return real_path.find("l4t-cuda") != std::string_view::npos;
    if (starts_with(real_path, std::string(libcuda_boot_folder) + '/')) return true;
    for (const std::string_view name : {"/tegra", "/nvidia"}) {
        if (starts_with(folder, ubuntu_library_folder) && folder.substr(ubuntu_library_folder.size()) == name)
            return true;
    }
    const bool of_yocto = folder == "/usr/lib" || folder == "/usr/lib64";
    return of_yocto && starts_with(name_in(real_path), "libcuda.so.1");
}

ElfMachine machine_of(std::uint16_t number) {
    if (number == ElfFile::machine_aarch64) return ElfMachine::aarch64;
    if (number == ElfFile::machine_x86_64) return ElfMachine::x86_64;
    return ElfMachine::other;
}

// Reads what the file is. A damaged one gets its flaw; this is the one place where Malformed ends.
void read_content(const FileSource& source, LibcudaFile& file) {
    try {
        const ElfFile elf(source);
        file.machine = machine_of(elf.machine());
        if (elf.type() != ElfFile::type_shared) throw Malformed("not a shared object");
        if (elf.loaded_end() > source.size()) {
            throw Malformed("cut short: it has " + std::to_string(source.size()) + " of " +
                            std::to_string(elf.loaded_end()) + " bytes");
        }
        ElfDynamic dynamic = elf.dynamic();
        file.soname = std::move(dynamic.soname);
        file.needed = std::move(dynamic.needed);
        file.simulated = elf.exports("jetcuda_simulated_driver");
        file.stub = !file.simulated && file.needed.empty() && file.size <= largest_stub;
        file.elf = true;
    } catch (const Malformed& problem) {
        file.flaw = problem.what();
        return;
    }
    try {
        file.build_id = ElfFile(source).build_id();
    } catch (const Malformed&) {
        file.build_id.clear();  // told by nobody; a driver works without it
    }
}

}  // namespace

std::string desktop_driver_version(std::string_view path) {
    constexpr std::string_view start = "libcuda.so.";
    const std::string_view name = name_in(path);
    if (!starts_with(name, start)) return {};
    const std::string_view version = name.substr(start.size());
    const std::size_t digits = version.find_first_not_of("0123456789");
    const bool numeric = version.find_first_not_of("0123456789.") == std::string_view::npos;
    return numeric && digits != std::string_view::npos && digits >= 3 ? std::string(version) : std::string();
}

Fact<LibcudaFile> describe_libcuda(const SystemRoot& root, const std::string& path) {
    const Fact<ResolvedPath> resolved = root.resolve(path);
    if (!resolved) return resolved.missing();
    LibcudaFile file;
    file.path = path;
    file.real_path = resolved->inside;
    file.tegra_place = is_tegra_place(file.real_path);
    const Fact<FileStatus> status = root.status(path);
    if (!status) return status.missing();
    if (status->kind != FileKind::regular) {
        file.flaw = status->kind == FileKind::directory ? "a folder" : "not a regular file";
        return {std::move(file), path};
    }
    try {
        const FileSource source(resolved->on_host);
        file.size = source.size();
        read_content(source, file);
    } catch (const std::system_error& problem) {
        return Missing{Lack::not_readable, file.real_path + " cannot be read: " + problem.code().message(), path};
    }
    return {std::move(file), path};
}

}  // namespace jetcuda
