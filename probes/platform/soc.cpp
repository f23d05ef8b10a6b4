#include "probes/platform/soc.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view compatible_file = "/proc/device-tree/compatible";

// NVIDIA's part numbers, as "p3701-0000" in "nvidia,p3737-0000+p3701-0000" or in the name of a device tree's source.
std::vector<std::string_view> part_numbers(std::string_view text) {
    constexpr std::string_view form = "p0000-0000";
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at + form.size() <= text.size(); ++at) {
        if (at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0) continue;
        bool fits = true;
        for (std::size_t i = 0; i < form.size() && fits; ++i) {
            fits = form[i] == '0' ? text[at + i] >= '0' && text[at + i] <= '9' : text[at + i] == form[i];
        }
        if (fits) parts.push_back(text.substr(at, form.size()));
    }
    return parts;
}

// Of all part numbers the module's: the list also names the carrier board. One that is not in the data is known by
// its first half, since new memory sizes of a module differ in the second only.
std::string module_among(const std::vector<std::string_view>& parts, const SocRecord& soc) {
    for (const std::string_view part : parts) {
        if (soc.modules.count(std::string(part)) != 0) return std::string(part);
    }
    for (const std::string_view part : parts) {
        const auto alike = soc.modules.lower_bound(std::string(part.substr(0, 6)));
        if (alike != soc.modules.end() && starts_with(alike->first, part.substr(0, 6))) return std::string(part);
    }
    return {};
}

const SocRecord* soc_with_word(const Catalog& catalog, std::string_view word) {
    for (const SocRecord& soc : catalog.socs) {
        if (std::find(soc.compatible.begin(), soc.compatible.end(), word) != soc.compatible.end()) return &soc;
    }
    return nullptr;
}

std::string read_model(const SystemRoot& root) {
    const Fact<std::string> model = root.read_value("/proc/device-tree/model");
    return model ? shown(*model) : std::string();
}

// The board as the device tree names it; no tegra where it is of another maker.
Board board_of_device_tree(const SystemRoot& root, const Catalog& catalog, std::string_view compatible) {
    Board board;
    std::vector<std::string_view> parts;
    // The list goes from the board to the chip; a word of the data anywhere in it decides.
    for (const std::string_view word : split(compatible, '\0')) {
        if (word.empty()) continue;
        const std::vector<std::string_view> more = part_numbers(word);
        parts.insert(parts.end(), more.begin(), more.end());
        const SocRecord* soc = soc_with_word(catalog, word);
        if (soc != nullptr && !board.soc) board.soc = *soc;
        const bool names_a_tegra = soc != nullptr || starts_with(word, "nvidia,tegra");
        if (names_a_tegra || !board.tegra) board.chip = shown(word);
        board.tegra = board.tegra || names_a_tegra;
    }
    if (!board.tegra) return board;
    board.model = read_model(root);
    if (!board.soc) return board;
    board.module = module_among(parts, *board.soc);
    if (board.module.empty()) {
        // JetPack 5 kernels tell the name of the source that the tree was made of.
        const Fact<std::string> source = root.read_value("/proc/device-tree/nvidia,dtsfilename");
        if (source) board.module = module_among(part_numbers(*source), *board.soc);
    }
    return board;
}

// /sys/devices/soc0; another driver may have taken that number, so the family decides which one is ours.
Fact<Board> read_soc_device(const SystemRoot& root, const Catalog& catalog) {
    for (const std::string_view folder : {"/sys/devices/soc0", "/sys/devices/soc1", "/sys/devices/soc2"}) {
        const Fact<std::string> family = root.read_value(std::string(folder) + "/family");
        if (!family) {
            if (family.lacks(Lack::not_there)) continue;
            return family.missing();
        }
        std::string name = *family;
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (!starts_with(name, "tegra")) continue;
        const Fact<std::string> id = root.read_value(std::string(folder) + "/soc_id");
        if (!id) return id.missing();
        Board board;
        board.tegra = true;
        board.chip = "soc_id " + shown(*id);
        board.model = read_model(root);
        for (const SocRecord& soc : catalog.socs) {
            if (soc.soc0_id == *id) board.soc = soc;
        }
        return {std::move(board), id.source()};
    }
    return Missing{Lack::not_there, "/sys/devices/soc0 names no Tegra chip", "/sys/devices/soc0/family"};
}

Fact<Board> board_by_option(const Catalog& catalog, const std::string& id) {
    if (const SocRecord* soc = catalog.soc(id)) {
        Board board;
        board.tegra = true;
        board.chip = id;
        board.soc = *soc;
        return {std::move(board), "--soc"};
    }
    std::string known;
    for (const SocRecord& soc : catalog.socs) known.append(known.empty() ? "" : ", ").append(soc.id);
    return Missing{Lack::not_understood, "--soc names " + shown(id) + ", and the data know " + known, "--soc"};
}

}  // namespace

Fact<Board> read_board(const SystemRoot& root, const Catalog& catalog, const std::optional<std::string>& soc,
                       const Fact<Release>& release) {
    if (soc) return board_by_option(catalog, *soc);

    const Fact<std::string> compatible = root.read(compatible_file, std::size_t{16} << 10);
    Board board;
    if (compatible) board = board_of_device_tree(root, catalog, *compatible);
    if (board.tegra) return {std::move(board), compatible.source()};

    Fact<Board> by_device = read_soc_device(root, catalog);
    if (by_device) return by_device;
    if (!compatible && !compatible.lacks(Lack::not_there)) return compatible.missing();
    if (!by_device.lacks(Lack::not_there)) return by_device;
    const std::string looked = std::string(compatible_file) + " and /sys/devices/soc0/family";
    if (release || !release.lacks(Lack::not_there)) {
        return Missing{Lack::not_there,
                       "neither " + std::string(compatible_file) +
                           " nor /sys/devices/soc0 names a Tegra chip, though " + release.source() +
                           " is a Jetson's; for an image at rest, name it with --soc",
                       looked};
    }
    return {std::move(board), looked};
}

}  // namespace jetcuda
