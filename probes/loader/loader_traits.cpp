#include "probes/loader/loader_traits.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view loader_aarch64 = "/lib/ld-linux-aarch64.so.1";
constexpr std::string_view loader_x86_64 = "/lib64/ld-linux-x86-64.so.2";
constexpr std::size_t largest_loader = std::size_t{4} << 20;  // a real one has 200 KB

// Bits in the cache, of folders for better CPUs up to glibc 2.36 (sysdeps/x86/dl-hwcap.h; aarch64: AT_HWCAP).
constexpr std::uint64_t bit_x86_64 = 1U << 1U;
constexpr std::uint64_t bit_avx512_1 = 1U << 2U;
constexpr std::uint64_t bit_atomics = 1U << 8U;
constexpr unsigned place_haswell = 50;  // behind i586 and i686, which a 64-bit loader knows as well
constexpr unsigned place_xeon_phi = 51;

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// The table of folders in the loader's constants: texts one behind the other that begin and end with '/'.
std::vector<std::string> folders_in(std::string_view bytes) {
    using namespace std::string_view_literals;
    constexpr std::string_view beginning = "\0/"sv;
    for (std::size_t at = bytes.find(beginning); at != std::string_view::npos; at = bytes.find(beginning, at + 1)) {
        std::vector<std::string> folders;
        std::string_view rest = bytes.substr(at + 1);
        while (folders.size() < 8) {
            const std::size_t end = rest.find('\0');
            if (end == std::string_view::npos || end < 2 || end > 255) break;
            const std::string_view text = rest.substr(0, end);
            if (text.front() != '/' || text.back() != '/' || !printable(text)) break;
            if (text.find("lib") == std::string_view::npos) break;
            folders.emplace_back(text.substr(0, end - 1));
            rest.remove_prefix(end + 1);
        }
        if (!folders.empty()) return folders;
    }
    return {};
}

int minor_in(std::string_view text, std::string_view before) {
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) return 0;
    int minor = 0;
    for (const char c : text.substr(at + before.size(), 3)) {
        if (c < '0' || c > '9') break;
        minor = minor * 10 + (c - '0');
    }
    return minor;
}

std::vector<std::string> usual_folders(const SystemRoot& root, std::string_view triplet) {
    const std::string slash_lib = path_below("/lib", triplet);
    const std::string slash_usr = path_below("/usr/lib", triplet);
    if (root.exists(slash_lib) || root.exists(slash_usr)) return {slash_lib, slash_usr, "/lib", "/usr/lib"};
    return {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};
}

struct Cpu {
    std::set<std::string, std::less<>> flags;
    bool intel = false;
};

// The first CPU in /proc/cpuinfo below the root.
Cpu read_cpu(const SystemRoot& root) {
    Cpu cpu;
    const Fact<std::string> text = root.read("/proc/cpuinfo", std::size_t{16} << 20);
    if (!text) return cpu;
    std::string_view rest = *text;
    while (!rest.empty() && cpu.flags.empty()) {
        const std::string_view line = take_line(rest);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view value = line.substr(colon + 1);
        if (starts_with(line, "vendor_id")) cpu.intel = trimmed(value) == "GenuineIntel";
        if (!starts_with(line, "flags")) continue;
        for (const std::string_view flag : split(value, ' ')) cpu.flags.emplace(trimmed(flag));
    }
    return cpu;
}

// Every choice of these words as a path, more words first: what loaders up to glibc 2.36 try.
std::vector<std::string> choices_of(const std::vector<std::string>& words) {
    std::vector<std::string> result;
    for (std::size_t mask = (std::size_t{1} << words.size()) - 1; mask > 0; --mask) {
        std::string path;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if ((mask >> (words.size() - 1 - i) & 1U) == 0) continue;
            if (!path.empty()) path += '/';
            path += words[i];
        }
        result.push_back(std::move(path));
    }
    return result;
}

void add_x86_64(const SystemRoot& root, LoaderTraits& traits, std::vector<std::string>& legacy) {
    const Cpu cpu = read_cpu(root);
    const auto has = [&](std::initializer_list<std::string_view> names) {
        return std::all_of(names.begin(), names.end(),
                           [&](std::string_view name) { return cpu.flags.find(name) != cpu.flags.end(); });
    };
    // (source: the x86-64 psABI's levels, in the kernel's spelling)
    const bool v2 = has({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"});
    const bool v3 = v2 && has({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"});
    const bool v4 = v3 && has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
    for (const auto& [holds, name] : {std::pair{v4, "x86-64-v4"}, {v3, "x86-64-v3"}, {v2, "x86-64-v2"}}) {
        if (holds) traits.named_hwcaps.emplace_back(name);
    }
    traits.hwcap_bits = bit_x86_64;
    // The kernel's word for the machine, unless glibc knows a better one; it does for Intel's CPUs only
    // (sysdeps/x86/cpu-features.c, glibc 2.31 to 2.36).
    traits.platform = "x86_64";
    if (cpu.intel && has({"avx512cd", "avx512er", "avx512pf"})) {
        traits.platform = "xeon_phi";
        traits.platform_bit = std::uint64_t{1} << place_xeon_phi;
    } else if (cpu.intel && has({"avx2", "bmi1", "bmi2", "abm", "movbe", "popcnt", "fma"})) {
        traits.platform = "haswell";
        traits.platform_bit = std::uint64_t{1} << place_haswell;
    }
    legacy.push_back(traits.platform);
    if (cpu.intel && has({"avx512cd", "avx512bw", "avx512dq", "avx512vl"}) && !has({"avx512er"})) {
        traits.hwcap_bits |= bit_avx512_1;
        legacy.emplace_back("avx512_1");
    }
    legacy.emplace_back("x86_64");
}

}  // namespace

ElfMachine machine_of_loader(const SystemRoot& root) {
    if (root.exists(loader_aarch64)) return ElfMachine::aarch64;
    return root.exists(loader_x86_64) ? ElfMachine::x86_64 : ElfMachine::aarch64;
}

LoaderTraits read_loader_traits(const SystemRoot& root, ElfMachine machine, std::string_view loader_path) {
    const bool arm = machine != ElfMachine::x86_64;
    LoaderTraits traits;
    traits.machine = arm ? ElfMachine::aarch64 : ElfMachine::x86_64;
    traits.path = !loader_path.empty() ? std::string(loader_path) : std::string(arm ? loader_aarch64 : loader_x86_64);
    const std::string_view triplet = arm ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
    if (const Fact<std::string> bytes = root.read(traits.path, largest_loader)) {
        traits.default_folders = folders_in(*bytes);
        traits.glibc_minor = minor_in(*bytes, "release version 2.");
        const Fact<ResolvedPath> real = root.resolve(traits.path);
        if (traits.glibc_minor == 0 && real) traits.glibc_minor = minor_in(real->inside, "/ld-2.");
    }
    if (traits.default_folders.empty()) traits.default_folders = usual_folders(root, triplet);
    const std::string& first = traits.default_folders.front();
    traits.lib = starts_with(first, "/nix/") ? "lib" : first.substr(1);
    traits.platform = "aarch64";

    std::vector<std::string> legacy{"tls"};
    if (arm) {
        traits.hwcap_bits = bit_atomics;  // every Tegra that we judge has them (ARMv8.1 and later)
        legacy.insert(legacy.end(), {"aarch64", "atomics"});
    } else {
        add_x86_64(root, traits, legacy);
    }
    // glibc-hwcaps came with 2.33, and 2.37 left the older folders.
    if (traits.glibc_minor != 0 && traits.glibc_minor < 33) traits.named_hwcaps.clear();
    for (const std::string& name : traits.named_hwcaps) traits.subfolders.push_back(path_below("glibc-hwcaps", name));
    if (traits.glibc_minor != 0 && traits.glibc_minor < 37) {
        for (std::string& choice : choices_of(legacy)) traits.subfolders.push_back(std::move(choice));
    }
    return traits;
}

}  // namespace jetcuda
