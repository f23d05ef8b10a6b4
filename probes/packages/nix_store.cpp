#include "probes/packages/nix_store.hpp"

#include <algorithm>
#include <utility>

#include "probes/packages/nix_database.hpp"
#include "probes/packages/nix_names.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

// What the links below some folders of a system lead to. A system's `sw` is a forest of links into the store.
class Links {
public:
    explicit Links(const SystemRoot& root) : root_(root) {}

    void follow(const std::string& folder, int depth) {
        const Fact<std::vector<std::string>> names = root_.list(folder);
        if (!names) return;
        for (const std::string& name : *names) {
            if (++looked_at_ > limit) return;
            note(path_below(folder, name), depth);
        }
    }

    void note(const std::string& path, int depth) {
        const Fact<ResolvedPath> real = root_.resolve(path);
        if (!real) return;
        const std::string_view name = name_of_store_path(real->inside);
        if (!name.empty()) names_.emplace_back(name);
        if (depth <= 0) return;
        const Fact<FileStatus> status = root_.status(path);
        if (status && status->kind == FileKind::directory) follow(path, depth - 1);
    }

    std::vector<std::string> take() { return std::move(names_); }

private:
    static constexpr int limit = 20'000;
    const SystemRoot& root_;
    int looked_at_ = 0;
    std::vector<std::string> names_;
};

std::vector<std::string> names_by_links(const SystemRoot& root, const std::string& system) {
    Links links(root);
    links.note(system, 0);
    const Fact<std::vector<std::string>> parts = root.list(system);
    if (!parts) return links.take();
    for (const std::string& part : *parts) {
        const bool is_deep = part == "sw" || part == "etc";
        const bool is_flat = part == "systemd" || starts_with(part, "kernel") || part == "firmware";
        if (is_deep || is_flat) links.note(path_below(system, part), is_deep ? 2 : 0);
    }
    return links.take();
}

void sort_uniquely(std::vector<std::string>& names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace

Fact<std::vector<std::string>> read_nix_names(const SystemRoot& root, std::string_view system) {
    const Fact<ResolvedPath> real = root.resolve(system);
    if (!real) return real.missing();
    const std::string path(store_path_of(real->inside));
    if (path.empty()) {
        std::string why(system);
        return Missing{Lack::not_understood,
                       why.append(" leads to ").append(shown(real->inside)).append(", which is no store path"),
                       std::string(system)};
    }
    std::vector<std::string> names;
    const Fact<std::vector<std::string>> closure = read_nix_closure(root, path);
    if (!closure) {
        names = names_by_links(root, path);
        sort_uniquely(names);
        std::string source = "links of ";
        return {std::move(names), source.append(system).append("; ").append(closure.missing().why)};
    }
    names.reserve(closure->size());
    for (const std::string& one : *closure) {
        const std::string_view name = name_of_store_path(one);
        if (!name.empty()) names.emplace_back(name);
    }
    sort_uniquely(names);
    return {std::move(names), closure.source()};
}

}  // namespace jetcuda
