#include "probes/packages/cuda_libraries.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "probes/packages/package_version.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view runtime_id = "cuda_cudart";
// The parts whose libraries tell their version when they are asked (probes/gpu/steps/libraries.cpp).
constexpr std::array<std::string_view, 9> ids{runtime_id,    "libcublas", "libcufft", "libcurand", "libcusolver",
                                              "libcusparse", "libnpp",    "cudnn",    "tensorrt"};
constexpr std::string_view folder_beside_driver = "cuda-libraries";

// cuDNN and TensorRT are of no toolkit: their versions are their own.
bool is_of_toolkit(std::string_view id) { return id != "cudnn" && id != "tensorrt"; }

std::vector<std::string> folders_of(const Toolkit& toolkit) {
    std::vector<std::string> folders;
    for (const char* target : {"targets/aarch64-linux/lib", "targets/sbsa-linux/lib", "lib64", "lib"}) {
        folders.push_back(path_below(toolkit.directory, target));
    }
    return folders;
}

// A toolkit of which only the compiler or its documents are there has nothing that a program could load.
bool has_runtime(const SystemRoot& root, const Toolkit& toolkit, const ComponentRecord& runtime) {
    for (const std::string& folder : folders_of(toolkit)) {
        for (const std::string& soname : runtime.sonames) {
            if (root.exists(path_below(folder, soname))) return true;
        }
    }
    return false;
}

const ComponentRecord* record_of(const Catalog& catalog, std::string_view id) {
    const auto record = std::find_if(catalog.components.begin(), catalog.components.end(),
                                     [id](const ComponentRecord& component) { return component.id == id; });
    return record == catalog.components.end() ? nullptr : &*record;
}

// Of those that have a runtime the newest that this driver can run; where there is none, the one that programs get by
// default, else the newest.
const Toolkit* toolkit_for(const SystemRoot& root, const std::vector<Toolkit>& toolkits, const ComponentRecord* runtime,
                           std::optional<CudaVersion> driver) {
    const Toolkit* best = nullptr;
    const auto rank = [&driver](const Toolkit& toolkit) {
        if (driver && toolkit.cuda->major <= driver->major) return 2;
        return toolkit.is_default ? 1 : 0;
    };
    for (const Toolkit& toolkit : toolkits) {
        if (!toolkit.there || !toolkit.cuda || runtime == nullptr || !has_runtime(root, toolkit, *runtime)) continue;
        if (best == nullptr || rank(toolkit) > rank(*best) ||
            (rank(toolkit) == rank(*best) && *best->cuda < *toolkit.cuda)) {
            best = &toolkit;
        }
    }
    return best;
}

class Finder {
public:
    Finder(const SystemRoot& root, const Catalog& catalog, const CudaLibraryQuestion& question)
        : root_(root), question_(question) {
        if (question.toolkits) {
            toolkit_ = toolkit_for(root, *question.toolkits, record_of(catalog, runtime_id), question.driver_cuda);
        }
        if (toolkit_ != nullptr) folders_ = folders_of(*toolkit_);
        folders_.emplace_back("/usr/lib/aarch64-linux-gnu");
        folders_.emplace_back("/usr/lib");
        if (question.software) add_store_folders();
    }

    // Nothing: none of the part's sonames is there, in any of the folders.
    std::optional<CudaLibrary> find(const ComponentRecord& component) const {
        std::optional<CudaLibrary> found;
        for (const std::string& folder : folders_) {
            // The newest soname first: two majors may lie side by side in one folder.
            for (auto soname = component.sonames.rbegin(); soname != component.sonames.rend() && !found; ++soname) {
                found = library_at(path_below(folder, *soname), component.id, *soname);
            }
        }
        return found;
    }

private:
    // On NixOS each part has a folder of its own, "/nix/store/HASH-cuda12.6-libcublas-12.6.1.4-lib"; which of them the
    // system needs, the packages tell by their names.
    void add_store_folders() {
        constexpr std::string_view store = "/nix/store";
        constexpr std::size_t hash_length = 33;  // with its hyphen
        const std::vector<PackageDatabase>& databases = question_.software->databases;
        if (std::find(databases.begin(), databases.end(), PackageDatabase::nix_store) == databases.end()) return;
        std::vector<std::string_view> wanted;
        for (const InstalledComponent& component : question_.software->components) {
            if (component.kind == ComponentKind::runtime) wanted.push_back(component.package);
        }
        const Fact<std::vector<std::string>> names =
            wanted.empty() ? Fact<std::vector<std::string>>{} : root_.list(store);
        if (!names) return;
        for (const std::string& name : *names) {
            if (name.size() <= hash_length) continue;
            std::string_view package = std::string_view(name).substr(hash_length);
            if (ends_with(package, "-lib")) package.remove_suffix(4);
            if (std::find(wanted.begin(), wanted.end(), package) == wanted.end()) continue;
            folders_.push_back(path_below(path_below(store, name), "lib"));
        }
    }

    std::optional<CudaLibrary> library_at(const std::string& path, const std::string& id,
                                          const std::string& soname) const {
        const Fact<ResolvedPath> real = root_.resolve(path);
        const Fact<FileStatus> status = root_.status(path);
        if (!real || !status || status->kind != FileKind::regular) return std::nullopt;
        CudaLibrary library;
        library.id = id;
        library.path = path;
        library.real_path = real->inside;
        library.opened = path;
        if (question_.driver) {
            const std::filesystem::path beside = std::filesystem::path(*question_.driver).parent_path();
            library.opened = beside / folder_beside_driver / soname;
        }
        claim(library, soname);
        return library;
    }

    // What the package says that brought it. Of several versions of one part the one of this toolkit counts, or of this
    // soname; where none is clearly meant, nothing is claimed.
    void claim(CudaLibrary& library, const std::string& soname) const {
        if (!question_.software) return;
        const InstalledComponent* claiming = nullptr;
        bool several = false;
        for (const InstalledComponent& component : question_.software->components) {
            if (component.id != library.id || component.kind != ComponentKind::runtime || !component.configured)
                continue;
            if (is_of_toolkit(library.id)) {
                const bool other = toolkit_ != nullptr && component.cuda && component.cuda->minor >= 0 &&
                                   *component.cuda != *toolkit_->cuda;
                if (other) continue;
            } else if (!ends_with(soname, '.' + component.version.substr(0, component.version.find('.')))) {
                continue;
            }
            several = several || (claiming != nullptr && claiming->version != component.version);
            // The first by name: the library's own package comes before what binds it to a language.
            if (claiming == nullptr) claiming = &component;
        }
        if (claiming == nullptr || several) return;
        library.claimed = claiming->version;
        library.package = claiming->package;
    }

    const SystemRoot& root_;
    const CudaLibraryQuestion& question_;
    const Toolkit* toolkit_ = nullptr;
    std::vector<std::string> folders_;
};

constexpr const char* source_of_all = "the folders of the CUDA libraries";

// By which names the files of one library begin: "libcublas", and of NPP, which is nothing but parts, "libnpp".
std::string stem_of(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.find(".so"));
    return std::string(name == "libnppc" ? "libnpp" : name);
}

// A folder holds each library under up to three names; the first of them is the one that programs ask for.
bool is_named_library(std::string_view name, std::string_view stem) {
    return name.substr(0, stem.size()) == stem && name.find(".so.") != std::string_view::npos;
}

}  // namespace

Fact<CudaLibraries> find_cuda_libraries(const SystemRoot& root, const Catalog& catalog,
                                        const CudaLibraryQuestion& question) {
    const std::string source = source_of_all;
    if (question.driver) {
        const std::filesystem::path beside =
            std::filesystem::path(*question.driver).parent_path() / folder_beside_driver;
        std::error_code error;
        if (!std::filesystem::is_directory(beside, error)) {
            return Missing{Lack::not_asked,
                           "beside the driver that was named there are no CUDA libraries to open with it", beside};
        }
    } else if (!root.live() || !root.incoming_system().empty()) {
        return Missing{Lack::not_asked, "the CUDA libraries of another system cannot be opened on this machine",
                       source};
    }
    const Finder finder(root, catalog, question);
    CudaLibraries libraries;
    for (const std::string_view id : ids) {
        const ComponentRecord* record = record_of(catalog, id);
        if (record == nullptr) continue;
        std::optional<CudaLibrary> library = finder.find(*record);
        if (!library) continue;
        if (id == runtime_id) libraries.runtime = library;
        libraries.libraries.push_back(*std::move(library));
    }
    std::sort(libraries.libraries.begin(), libraries.libraries.end(),
              [](const CudaLibrary& left, const CudaLibrary& right) { return left.path < right.path; });
    return {std::move(libraries), source};
}

Fact<std::vector<CudaLibraryFile>> find_cuda_library_files(const SystemRoot& root, const Catalog& catalog,
                                                           const CudaLibraryQuestion& question) {
    const Finder finder(root, catalog, question);
    std::vector<CudaLibraryFile> files;
    std::set<std::string, std::less<>> seen;
    for (const std::string_view id : ids) {
        const ComponentRecord* record = record_of(catalog, id);
        const std::optional<CudaLibrary> library = record == nullptr ? std::nullopt : finder.find(*record);
        if (!library) continue;
        const auto add = [&](const std::string& path, bool by_name) {
            const Fact<ResolvedPath> real = root.resolve(path);
            if (!real || !seen.insert(real->inside).second) return;
            files.push_back({library->id, library->package, by_name, {path, real->inside, {}}});
        };
        add(library->path, true);
        const std::string folder = library->path.substr(0, library->path.rfind('/'));
        const Fact<std::vector<std::string>> names = root.list(folder);
        if (!names) continue;
        for (const std::string& name : *names) {
            if (is_named_library(name, stem_of(library->path))) add(path_below(folder, name), false);
        }
    }
    return {std::move(files), source_of_all};
}

}  // namespace jetcuda
