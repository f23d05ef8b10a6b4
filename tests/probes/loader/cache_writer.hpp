// Writes the loader's cache for tests, in the order given: a test that wants a damaged order gets it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jetcuda::testing {

struct CacheLine {
    std::string name;
    std::string path;
    std::uint32_t flags = 0xa03;
    std::uint64_t hwcaps = 0;
    std::string subfolder = {};  // of glibc-hwcaps
};

namespace cache_detail {

inline void put(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out += i < sizeof value ? static_cast<char>(value >> (8 * i)) : '\0';
}

}  // namespace cache_detail

inline std::string write_cache(const std::vector<CacheLine>& lines) {
    using cache_detail::put;
    const std::size_t texts_at = 48 + 24 * lines.size();
    std::string texts;
    std::string entries;
    std::string names;
    const auto text = [&](std::string_view words) {
        const std::size_t at = texts_at + texts.size();
        texts += words;
        texts += '\0';
        return at;
    };
    for (const CacheLine& line : lines) {
        std::uint64_t hwcaps = line.hwcaps;
        if (!line.subfolder.empty()) {
            hwcaps = std::uint64_t{1} << 62 | names.size() / 4;
            put(names, text(line.subfolder), 4);
        }
        put(entries, line.flags, 4);
        put(entries, text(line.name), 4);
        put(entries, text(line.path), 4);
        put(entries, 0, 4);
        put(entries, hwcaps, 8);
    }
    const std::size_t length = texts.size();
    while ((texts_at + texts.size()) % 4 != 0) texts += '\0';
    const std::size_t extension = names.empty() ? 0 : texts_at + texts.size();
    std::string out = "glibc-ld.so.cache1.1";
    put(out, lines.size(), 4);
    put(out, length, 4);
    put(out, 2, 4);
    put(out, extension, 4);
    put(out, 0, 12);
    out += entries + texts;
    if (extension != 0) {
        put(out, 0xeaa42174, 4);
        put(out, 1, 4);
        put(out, 1, 4);
        put(out, 0, 4);
        put(out, extension + 24, 4);
        put(out, names.size(), 4);
        out += names;
    }
    return out;
}

// The form of before; `behind` is a cache of the new form that follows it.
inline std::string write_old_cache(const std::vector<CacheLine>& lines, std::string_view behind = {}) {
    using cache_detail::put;
    std::string texts;
    std::string out = "ld.so-1.7.0";
    out += '\0';
    put(out, lines.size(), 4);
    for (const CacheLine& line : lines) {
        put(out, line.flags, 4);
        put(out, texts.size(), 4);
        texts += line.name + '\0';
        put(out, texts.size(), 4);
        texts += line.path + '\0';
    }
    if (behind.empty()) return out + texts;
    while (out.size() % 8 != 0) out += '\0';
    out += behind;
    return out;
}

}  // namespace jetcuda::testing
