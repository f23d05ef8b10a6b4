#include "probes/driver/companions.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "probes/elf/elf_file.hpp"
#include "probes/elf/file_source.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t most_companions = 200;  // libcuda names a dozen

// Parts of the C and C++ run time, which are the distribution's.
constexpr std::array<std::string_view, 9> of_the_distribution = {"libc.so.",     "libm.so.",       "libdl.so.",
                                                                 "librt.so.",    "libpthread.so.", "ld-linux",
                                                                 "libgcc_s.so.", "libstdc++.so.",  "linux-vdso.so."};

// Where L4T and the distributions keep libraries that the loader finds. (sources: /usr/lib/aarch64-linux-gnu/{tegra,
// nvidia}/ld.so.conf of nvidia-l4t-core; ld.so(8); R39 adds the folders below l4t-gpu-libs, where libcuda itself lies)
constexpr std::array<std::string_view, 9> library_folders = {"/usr/lib/aarch64-linux-gnu/nvidia",
                                                             "/usr/lib/aarch64-linux-gnu/tegra",
                                                             "/usr/lib/aarch64-linux-gnu",
                                                             "/lib/aarch64-linux-gnu",
                                                             "/usr/lib",
                                                             "/lib",
                                                             "/usr/lib64",
                                                             "/lib64",
                                                             "/usr/local/lib"};

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

bool is_of_the_distribution(std::string_view name) {
    return std::any_of(of_the_distribution.begin(), of_the_distribution.end(),
                       [&](std::string_view beginning) { return starts_with(name, beginning); });
}

// The folders of RUNPATH or RPATH, with $ORIGIN replaced. A file that cannot be read has none: others say so.
std::vector<std::string> own_search_path(const SystemRoot& root, const LibcudaFile& libcuda) {
    const Fact<ResolvedPath> resolved = root.resolve(libcuda.path);
    if (!resolved) return {};
    ElfDynamic dynamic;
    try {
        dynamic = ElfFile(FileSource(resolved->on_host)).dynamic();
    } catch (const Malformed&) {
        return {};
    } catch (const std::system_error&) {
        return {};
    }
    std::vector<std::string> folders;
    const std::string text = dynamic.runpath ? *dynamic.runpath : dynamic.rpath.value_or("");
    for (const std::string_view part : split(text, ':')) {
        std::string folder(part);
        for (const std::string_view word : {"$ORIGIN", "${ORIGIN}"}) {
            if (starts_with(folder, word)) folder.replace(0, word.size(), folder_of(libcuda.real_path));
        }
        if (!folder.empty() && folder.front() == '/') folders.push_back(std::move(folder));
    }
    return folders;
}

class Search {
public:
    Search(const SystemRoot& root, const LibcudaFile& libcuda, const std::vector<std::string>& configured_folders)
        : root_(root), machine_(libcuda.machine) {
        for (std::string& folder : own_search_path(root, libcuda)) add(std::move(folder));
        add(std::string(folder_of(libcuda.path)));
        add(std::string(folder_of(libcuda.real_path)));
        for (const std::string_view folder : library_folders) add(std::string(folder));
        // Last, although the loader asks them sooner: a cuda_compat among them brings companions of its own.
        for (const std::string& folder : configured_folders) add(folder);
    }

    // A library of exactly this name; empty: in none of the folders.
    [[nodiscard]] std::string find(std::string_view name) const {
        for (const std::string& folder : folders_) {
            std::string path = path_below(folder, name);
            if (!root_.status(path).lacks(Lack::not_there)) return path;
        }
        return {};
    }

    // One of the names that begin with `beginning` and go on with a version ("…so.540.5.0"). Of several the one that
    // the link "…so.1" leads to, which is what libcuda opens; else the last.
    [[nodiscard]] std::string find_versioned(std::string_view beginning) const {
        for (const std::string& folder : folders_) {
            const Fact<std::vector<std::string>> names = root_.list(folder);
            if (!names) continue;
            std::string found;
            std::string linked;
            for (const std::string& name : *names) {
                if (!starts_with(name, beginning)) continue;
                const std::string path = path_below(folder, name);
                if (is_version(name.substr(beginning.size()))) {
                    found = path;
                } else if (const Fact<ResolvedPath> target = root_.resolve(path)) {
                    const std::string_view leads_to = name_in(target->inside);
                    if (starts_with(leads_to, beginning) && is_version(leads_to.substr(beginning.size()))) {
                        linked = path_below(folder_of(target->inside), leads_to);
                    }
                }
            }
            if (!linked.empty()) return linked;
            if (!found.empty()) return found;
        }
        return {};
    }

    // Fills in what lies at companion.path. False: it is there, and this user may not read it.
    [[nodiscard]] bool look(DriverCompanion& companion) const {
        const Fact<FileStatus> status = root_.status(companion.path);
        if (status.lacks(Lack::not_readable)) return false;
        const Fact<ResolvedPath> resolved = root_.resolve(companion.path);
        if (!status || !resolved) {
            companion.flaw = "its links lead nowhere";
        } else if (status->kind != FileKind::regular) {
            companion.flaw = "no regular file";
        } else if (status->size == 0) {
            companion.flaw = "empty";
        } else {
            return read(resolved->on_host, companion.flaw);
        }
        return true;
    }

    static std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

private:
    static bool is_version(std::string_view text) {
        return text.find('.') != std::string_view::npos &&
               text.find_first_not_of("0123456789.") == std::string_view::npos;
    }

    // This is where Malformed ends.
    [[nodiscard]] bool read(const std::filesystem::path& file, std::string& flaw) const {
        try {
            const FileSource source(file);
            const ElfFile elf(source);
            const bool aarch64 = elf.machine() == ElfFile::machine_aarch64;
            const bool as_libcuda = aarch64 == (machine_ == ElfMachine::aarch64);
            if (elf.type() != ElfFile::type_shared) flaw = "not a shared object";
            if (!as_libcuda) flaw = "made for another machine than libcuda";
            if (elf.loaded_end() > source.size()) flaw = "cut short";
        } catch (const Malformed& problem) {
            flaw = problem.what();
        } catch (const std::system_error&) {
            return false;
        }
        return true;
    }

    void add(std::string folder) {
        if (folder.empty() || std::find(folders_.begin(), folders_.end(), folder) != folders_.end()) return;
        folders_.push_back(std::move(folder));
    }

    const SystemRoot& root_;
    ElfMachine machine_;
    std::vector<std::string> folders_;
};

bool applies(const CompanionRecord& record, const CompanionQuestion& question) {
    if (question.line < record.lowest_line) return false;
    if (record.highest_line && question.line > *record.highest_line) return false;
    return record.gpu_variant.empty() || record.gpu_variant == question.gpu_variant;
}

DriverCompanion from_record(const Search& search, const CompanionRecord& record) {
    DriverCompanion companion;
    companion.name = record.name;
    companion.asked_by = record.source;
    companion.required = false;
    companion.extra = record.extra;
    companion.without = record.without;
    const std::string_view beginning(record.name.data(), record.name.size() - 1);
    if (!ends_with(record.name, "*")) {
        companion.path = search.find(record.name);
    } else {
        companion.path = search.find_versioned(beginning);
        if (!companion.path.empty()) {
            companion.version = std::string(Search::name_in(companion.path).substr(beginning.size()));
        }
    }
    return companion;
}

}  // namespace

Fact<std::vector<DriverCompanion>> read_companions(const SystemRoot& root, const CompanionQuestion& question) {
    if (!question.libcuda) return question.libcuda.missing();
    const LibcudaFile& libcuda = *question.libcuda;
    if (!libcuda.elf) {
        return Missing{Lack::not_understood, libcuda.path + " is no library, and names none: " + libcuda.flaw,
                       libcuda.path};
    }
    const Search search(root, libcuda, question.configured_folders);
    std::vector<DriverCompanion> companions;
    for (const std::string& name : libcuda.needed) {
        // A name with a slash is a path for the loader, which no driver of NVIDIA's has.
        if (is_of_the_distribution(name) || name.find('/') != std::string::npos) continue;
        if (companions.size() == most_companions) break;
        DriverCompanion companion;
        companion.name = shown(name);
        companion.asked_by = "NEEDED of " + libcuda.path;
        companion.path = search.find(name);
        companions.push_back(std::move(companion));
    }
    for (const CompanionRecord& record : question.records) {
        const auto known = std::find_if(companions.begin(), companions.end(),
                                        [&](const DriverCompanion& other) { return other.name == record.name; });
        if (known != companions.end()) {
            known->without = record.without;
        } else if (applies(record, question)) {
            companions.push_back(from_record(search, record));
        }
    }
    for (DriverCompanion& companion : companions) {
        if (companion.path.empty() || search.look(companion)) continue;
        if (companion.required) {
            return Missing{Lack::not_readable, companion.path + " cannot be read", companion.path};
        }
        companion.flaw = "not readable";
    }
    return {std::move(companions), libcuda.real_path};
}

}  // namespace jetcuda
