#include "probes/packages/toolkits.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "probes/packages/package_version.hpp"
#include "probes/system/strict_json.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using nlohmann::json;

constexpr std::string_view place = "/usr/local";
constexpr std::string_view default_link = "/usr/local/cuda";
constexpr std::string_view prefix = "cuda-";
constexpr std::size_t toolkit_limit = 64;  // folders that are looked into
constexpr std::array<std::pair<std::string_view, CudaBuild>, 3> targets = {
    {{"aarch64-linux", CudaBuild::tegra}, {"sbsa-linux", CudaBuild::sbsa}, {"x86_64-linux", CudaBuild::desktop}}};

// The version of one component in a version.json: {"cuda_cudart": {"name": "CUDA Runtime (cudart)", "version": …}}.
std::optional<CudaVersion> version_of(const json& content, const char* component) {
    const auto entry = content.find(component);
    if (entry == content.end() || !entry->is_object()) return std::nullopt;
    const auto version = entry->find("version");
    if (version == entry->end() || !version->is_string()) return std::nullopt;
    return first_two(version->get_ref<const std::string&>());
}

std::optional<CudaVersion> read_version_file(std::string_view text) {
    try {
        const json content = parse_strictly(text);
        if (!content.is_object()) return std::nullopt;
        for (const char* component : {"cuda", "cuda_cudart", "cuda_nvcc"}) {
            if (std::optional<CudaVersion> version = version_of(content, component)) return version;
        }
    } catch (const JsonFlaw&) {
        // A damaged file leaves the folder's name, and its source then says which of them spoke.
    }
    return std::nullopt;
}

// "libcudart.so.12.6.68" in a folder of libraries; its links have fewer numbers.
std::string cudart_in(const SystemRoot& root, const std::string& folder) {
    constexpr std::string_view beginning = "libcudart.so.";
    const Fact<std::vector<std::string>> names = root.list(folder);
    if (!names) return {};
    for (const std::string& name : *names) {
        if (!starts_with(name, beginning)) continue;
        const std::string_view version = std::string_view(name).substr(beginning.size());
        if (std::count(version.begin(), version.end(), '.') == 2 && first_two(version)) return path_below(folder, name);
    }
    return {};
}

class Look {
public:
    Look(const SystemRoot& root, std::string directory) : root_(root) { toolkit_.directory = std::move(directory); }

    // Nothing: the folder is no toolkit.
    std::optional<Toolkit> take() {
        find_build();
        const std::string version_file = path_below(toolkit_.directory, "version.json");
        const Fact<std::string> version_text = root_.read(version_file, std::size_t{256} << 10);
        const bool has_version_file = !version_text.lacks(Lack::not_there);
        if (!has_version_file && cudart_.empty() && !root_.exists(path_below(toolkit_.directory, "bin/nvcc"))) {
            return std::nullopt;
        }
        if (version_text) take_version(read_version_file(*version_text), version_file);
        const std::string_view name = std::string_view(toolkit_.directory).substr(toolkit_.directory.rfind('/') + 1);
        if (starts_with(name, prefix)) take_version(parse_cuda_version(name.substr(prefix.size())), toolkit_.directory);
        const std::size_t number = cudart_.rfind(".so.");
        if (number != std::string::npos) take_version(first_two(std::string_view(cudart_).substr(number + 4)), cudart_);
        if (toolkit_.source.empty()) toolkit_.source = toolkit_.directory;
        return std::move(toolkit_);
    }

private:
    void take_version(std::optional<CudaVersion> version, const std::string& source) {
        if (!version || toolkit_.cuda) return;
        toolkit_.cuda = version;
        toolkit_.source = source;
    }

    // Where cudart lies decides, since a cross-compiler's files may stand beside it. Yocto has no such folders.
    void find_build() {
        for (const auto& [target, build] : targets) {
            std::string folder = path_below(toolkit_.directory, "targets");
            folder = path_below(folder, target);
            if (!root_.exists(folder)) continue;
            const std::string cudart = cudart_in(root_, path_below(folder, "lib"));
            if (toolkit_.build == CudaBuild::not_recorded || (cudart_.empty() && !cudart.empty())) {
                toolkit_.build = build;
            }
            if (cudart_.empty()) cudart_ = cudart;
        }
        for (const std::string_view folder : {"lib64", "lib"}) {
            if (cudart_.empty()) cudart_ = cudart_in(root_, path_below(toolkit_.directory, folder));
        }
    }

    const SystemRoot& root_;
    Toolkit toolkit_;
    std::string cudart_;
};

// "cuda-12.6" before "cuda-12" and "cuda", which lead to it.
int rank_of(const std::string& name) {
    if (!starts_with(name, prefix)) return 2;
    return parse_cuda_version(std::string_view(name).substr(prefix.size())) ? 0 : 1;
}

}  // namespace

Fact<std::vector<Toolkit>> find_toolkits(const SystemRoot& root) {
    const Fact<std::vector<std::string>> all = root.list(place);
    if (!all && !all.lacks(Lack::not_there)) return all.missing();
    std::vector<std::string> names;
    if (all) {
        std::copy_if(all->begin(), all->end(), std::back_inserter(names),
                     [](const std::string& name) { return name == "cuda" || starts_with(name, prefix); });
    }
    std::stable_sort(names.begin(), names.end(),
                     [](const std::string& left, const std::string& right) { return rank_of(left) < rank_of(right); });
    if (names.size() > toolkit_limit) names.resize(toolkit_limit);

    std::vector<Toolkit> toolkits;
    std::vector<std::string> seen;
    const Fact<ResolvedPath> chosen = root.resolve(default_link);
    for (const std::string& name : names) {
        std::string directory = path_below(place, name);
        const Fact<ResolvedPath> real = root.resolve(directory);
        if (!real || std::find(seen.begin(), seen.end(), real->inside) != seen.end()) continue;
        seen.push_back(real->inside);
        std::optional<Toolkit> toolkit = Look(root, std::move(directory)).take();
        if (!toolkit) continue;
        toolkit->is_default = chosen && chosen->inside == real->inside;
        toolkits.push_back(*std::move(toolkit));
    }
    const bool has_default = std::find(names.begin(), names.end(), "cuda") != names.end();
    if (has_default && chosen.lacks(Lack::not_there)) {
        Toolkit nowhere;
        nowhere.directory = default_link;
        nowhere.is_default = true;
        nowhere.there = false;
        nowhere.source = default_link;
        toolkits.push_back(std::move(nowhere));
    }
    std::sort(toolkits.begin(), toolkits.end(),
              [](const Toolkit& left, const Toolkit& right) { return left.directory < right.directory; });
    return {std::move(toolkits), std::string(place)};
}

}  // namespace jetcuda
