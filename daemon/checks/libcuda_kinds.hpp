// What a libcuda that a search meets is, beside the release's own: the question of two checks. One asks what every
// program gets, the other what some programs get, or may get later.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "daemon/checks/check.hpp"
#include "daemon/checks/discrete_gpu.hpp"

namespace jetcuda {

inline bool is_same_libcuda(const LibcudaFile& left, const LibcudaFile& right) {
    if (left.real_path == right.real_path) return true;
    return !left.build_id.empty() && left.build_id == right.build_id && left.size == right.size;
}

// Two searches that lead to one file, by whatever paths, or both to none.
inline bool is_same_answer(const LibcudaRequest& left, const LibcudaRequest& right) {
    if (left.path == right.path) return true;
    return left.file && right.file && is_same_libcuda(*left.file, *right.file);
}

inline bool has_folder(std::string_view path, std::string_view name) {
    const std::size_t end = path.rfind('/');
    if (end == std::string_view::npos) return false;
    const std::string_view folder = path.substr(0, end);
    return folder.substr(folder.rfind('/') + 1) == name;
}

// other_gpu: of this release, for the other kind of GPU (R39 installs both); discrete: the desktop's or a server's.
enum class LibcudaKind { own, compat, other_compat, stub, broken, other_machine, other_gpu, discrete, other_driver };

// The driver of R39 for the kind of GPU that this SoC does not have: "nvgpu", "openrm", or empty.
inline std::string_view other_gpu_variant(const Facts& facts, std::string_view real_path) {
    constexpr std::string_view place = "/opt/nvidia/l4t-gpu-libs/";
    if (real_path.substr(0, place.size()) != place || !facts.board.known() || !facts.board->soc) return {};
    std::string_view variant = real_path.substr(place.size());
    variant = variant.substr(0, variant.find('/'));
    const bool known = variant == "nvgpu" || variant == "openrm";
    return known && variant != facts.board->soc->gpu_variant ? variant : std::string_view();
}

// Of what lies there, whatever it is, the checks of compat speak.
inline bool lies_in_compat_folder(const LibcudaFile& file) {
    for (const std::string_view name : {"compat", "compat_orin"}) {
        if (has_folder(file.path, name) || has_folder(file.real_path, name)) return true;
    }
    return false;
}

class LibcudaSorting {
public:
    explicit LibcudaSorting(const Facts& facts) : facts_(facts) {}

    [[nodiscard]] LibcudaKind kind_of(const LibcudaFile& file) const {
        if (is_same_libcuda(file, *facts_.libcuda)) return LibcudaKind::own;
        if (!file.elf) return LibcudaKind::broken;
        if (file.machine != ElfMachine::aarch64) return LibcudaKind::other_machine;
        if (file.stub) return LibcudaKind::stub;
        if (const CompatFolder* folder = compat_folder(file)) {
            return fits_board(folder->product) ? LibcudaKind::compat : LibcudaKind::other_compat;
        }
        if (lies_in_compat_folder(file)) return LibcudaKind::compat;
        if (!other_gpu_variant(facts_, file.real_path).empty()) return LibcudaKind::other_gpu;
        return discrete_driver_version(file.real_path).empty() ? LibcudaKind::other_driver : LibcudaKind::discrete;
    }

    [[nodiscard]] const LibcudaSighting* sighting_of(std::string_view real_path) const {
        const auto& all = facts_.libcuda_search->all;
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const LibcudaSighting& s) { return s.real_path == real_path; });
        return found == all.end() ? nullptr : &*found;
    }

private:
    [[nodiscard]] const CompatFolder* compat_folder(const LibcudaFile& file) const {
        if (!facts_.compat) return nullptr;
        for (const CompatFolder& folder : facts_.compat->folders) {
            if (is_same_libcuda(folder.library, file)) return &folder;
        }
        return nullptr;
    }

    // Whether it fits in every other way, the checks of compat say.
    [[nodiscard]] bool fits_board(CompatProduct product) const {
        if (!facts_.board || !facts_.board->soc || product == CompatProduct::not_recorded) return true;
        const bool server_build = product == CompatProduct::sbsa;
        return server_build == (facts_.board->soc->gpu_variant == "openrm");
    }

    const Facts& facts_;
};

// The file at which this search ended: taken, or none that the loader could load. Null: it met none.
inline const LoaderStep* end_of(const LoaderAnswer& answer) {
    if (answer.steps.empty()) return nullptr;
    const LoaderStep& last = answer.steps.back();
    const bool ended = last.outcome == LoaderStep::Outcome::taken || last.outcome == LoaderStep::Outcome::no_library;
    return ended ? &last : nullptr;
}

// What this search led to; null: nothing, or nothing that was looked at.
inline const LibcudaSighting* sighting_at_end(const LibcudaSearch& search, const LoaderAnswer& answer) {
    const LoaderStep* end = end_of(answer);
    if (end == nullptr) return nullptr;
    const auto found = std::find_if(search.all.begin(), search.all.end(), [&](const LibcudaSighting& sighting) {
        return sighting.path == end->path || (!answer.real_path.empty() && sighting.real_path == answer.real_path);
    });
    return found == search.all.end() ? nullptr : &*found;
}

}  // namespace jetcuda
