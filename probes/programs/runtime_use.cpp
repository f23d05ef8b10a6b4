#include "probes/programs/runtime_use.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>

#include "probes/elf/elf_file.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view shared_prefix = "libcudart.so.";
// Of the text of cudaErrorInsufficientDriver, which every runtime since CUDA 3 holds.
constexpr std::string_view sentence = "CUDA driver version is insufficient for CUDA runtime version";
constexpr std::uint64_t piece = std::uint64_t{1} << 20;
constexpr std::uint64_t last_part = 8 * piece;
constexpr std::uint32_t oldest = 7000, newest = 29'990;  // versions that can be meant, as the API encodes them

// Gives the part of a section from `at` to `end` to `take` in pieces, until it answers true. Each piece brings along
// `overlap` bytes of what follows, up to the end of the section.
bool search(const ByteSource& source, std::uint64_t at, std::uint64_t end, std::uint64_t section_end,
            std::size_t overlap, const std::function<bool(std::string_view)>& take) {
    std::string bytes;
    for (; at < end; at += piece) {
        // What was never written holds no text and no code.
        const std::uint64_t written = source.data_from(FileOffset{at}).value;
        if (written >= end) return false;
        if (written > at) at += (written - at) / piece * piece;  // in whole pieces: code is read by its alignment
        source.read_over(bytes, FileOffset{at}, std::min(piece + overlap, section_end - at), "a section");
        if (take(bytes)) return true;
    }
    return false;
}

// The end first: a linker puts libraries behind what asks for them, and the runtime is the last part of a library of
// half a GB.
bool search(const ByteSource& source, const ElfSection& section, std::size_t overlap,
            const std::function<bool(std::string_view)>& take) {
    const std::uint64_t begin = section.offset.value;
    const std::uint64_t end = std::min(begin + section.size, source.size());
    if (begin >= end) return false;
    const std::uint64_t size = end - begin;
    const std::uint64_t tail = size > last_part ? begin + (size - last_part) / piece * piece : begin;
    return search(source, tail, end, end, overlap, take) || search(source, begin, tail, end, overlap, take);
}

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
}

bool is_version(std::uint32_t number) {
    return number >= oldest && number <= newest && number % 10 == 0 && number % 1000 <= 90;
}

// cudaRuntimeGetVersion on x86-64: the version is stored through its argument, `mov dword ptr [rdi], N`, and the answer
// is 0
// (`xor eax, eax`), one close to the other. (seen: CUDA 11.8 and 13.0)
std::optional<std::uint32_t> version_in_x86_64(std::string_view code) {
    constexpr std::string_view store = "\xC7\x07";
    constexpr std::string_view zero = "\x31\xC0";
    for (std::size_t at = code.find(store); at != std::string_view::npos && at + 6 <= code.size();
         at = code.find(store, at + 1)) {
        const std::uint32_t number = word_at(code, at + 2);
        const std::size_t from = at < 8 ? 0 : at - 8;
        if (is_version(number) && code.substr(from, 22).find(zero) != std::string_view::npos) return number;
    }
    return std::nullopt;
}

// The same on aarch64: `mov wN, #version`, `mov w0, #0`, `str wN, [xM]`, the first two in either order.
std::optional<std::uint32_t> version_in_aarch64(std::string_view code) {
    constexpr std::uint32_t mov_w0_0 = 0x52800000;
    for (std::size_t at = 0; at + 12 <= code.size(); at += 4) {
        const std::uint32_t first = word_at(code, at);
        if ((first & 0xFFE00000U) != mov_w0_0) continue;  // movz wN, #imm16
        const std::uint32_t number = first >> 5U & 0xFFFFU;
        const std::uint32_t target = first & 31U;
        if (!is_version(number)) continue;
        bool zero = at >= 4 && word_at(code, at - 4) == mov_w0_0;
        for (std::size_t next = at + 4; next <= at + 12 && next + 4 <= code.size(); next += 4) {
            const std::uint32_t word = word_at(code, next);
            zero = zero || word == mov_w0_0;
            const bool stores = (word & 0xFFFFFC00U) == 0xB9000000U && (word & 31U) == target;  // str wN, [xM]
            if (stores && zero) return number;
        }
    }
    return std::nullopt;
}

RuntimeUse search_file(const ByteSource& source) {
    const ElfFile file(source);
    const std::vector<ElfSection> sections = file.sections();
    const bool there = std::any_of(sections.begin(), sections.end(), [&](const ElfSection& section) {
        const bool constants = section.loaded && !section.executable && section.name.rfind(".rodata", 0) == 0;
        return constants && search(source, section, sentence.size(), [](std::string_view bytes) {
                   return bytes.find(sentence) != std::string_view::npos;
               });
    });
    RuntimeUse use;
    if (!there) return use;
    use.linkage = RuntimeLinkage::linked_in;
    std::optional<std::uint32_t> version;
    for (const ElfSection& section : sections) {
        if (!section.executable || version) continue;
        search(source, section, 32, [&](std::string_view bytes) {
            version = file.machine() == ElfFile::machine_aarch64 ? version_in_aarch64(bytes) : version_in_x86_64(bytes);
            return version.has_value();
        });
    }
    if (version) use.cuda = CudaVersion::from_api(static_cast<int>(*version));
    return use;
}

}  // namespace

RuntimeUse runtime_by_needed(const std::vector<std::string>& needed) {
    RuntimeUse use;
    for (const std::string& name : needed) {
        if (name.rfind(shared_prefix, 0) != 0) continue;
        use.linkage = RuntimeLinkage::shared;
        use.soname = name;
        const std::string number =
            name.substr(shared_prefix.size(), name.find('.', shared_prefix.size()) - shared_prefix.size());
        const bool digits = !number.empty() && number.size() < 4 &&
                            std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (digits) use.cuda = CudaVersion{std::stoi(number), -1};
        break;
    }
    return use;
}

RuntimeUse runtime_linked_into(const ByteSource& source) {
    try {
        return search_file(source);
    } catch (const Malformed&) {
        return {};  // what is damaged is told by the search for device code, which reads the same places
    }
}

}  // namespace jetcuda
