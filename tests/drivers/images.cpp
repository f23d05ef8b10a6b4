// A cubin is an ELF file of machine 190. Its header says for which architecture it was assembled, in one of two
// layouts: up to CUDA 12 (ABI 7) in the lowest byte of e_flags, from CUDA 13 on (ABI 8) in the second byte. A Jetson
// runs a cubin of its own architecture alone, and a driver before CUDA 13 cannot read ABI 8.
//
// PTX is text. It says which version of the language it is written in, of which each driver knows those up to its own,
// and the oldest GPU that it is for.

#include "tests/drivers/images.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string_view>

#include "tests/drivers/calls.hpp"

namespace simulated {
namespace {

int own_architecture() { return settings().major * 10 + settings().minor; }

template <typename Number>
Number number_at(const unsigned char* bytes, std::uint64_t offset) {
    Number number = 0;
    std::memcpy(&number, bytes + offset, sizeof number);
    return number;
}

// The size of an image is not told, so what its header says is believed, as a driver believes it.
std::vector<std::string> entries_of_cubin(const unsigned char* bytes) {
    constexpr std::uint32_t symbol_table = 2;  // SHT_SYMTAB
    constexpr std::uint64_t symbol_size = 24;
    constexpr unsigned global_function = 0x12;  // STB_GLOBAL, STT_FUNC
    constexpr unsigned kernel_entry = 0x10;     // STO_CUDA_ENTRY in st_other
    std::vector<std::string> entries;
    const auto sections = number_at<std::uint64_t>(bytes, 40);
    const auto section_size = number_at<std::uint16_t>(bytes, 58);
    const auto section_count = number_at<std::uint16_t>(bytes, 60);
    for (unsigned number = 0; number < section_count; ++number) {
        const std::uint64_t section = sections + std::uint64_t{number} * section_size;
        if (number_at<std::uint32_t>(bytes, section + 4) != symbol_table) continue;
        const auto strings_section =
            sections + std::uint64_t{number_at<std::uint32_t>(bytes, section + 40)} * section_size;
        const auto strings = number_at<std::uint64_t>(bytes, strings_section + 24);
        const auto begin = number_at<std::uint64_t>(bytes, section + 24);
        const auto end = begin + number_at<std::uint64_t>(bytes, section + 32);
        for (std::uint64_t symbol = begin; symbol + symbol_size <= end; symbol += symbol_size) {
            if (bytes[symbol + 4] != global_function || (bytes[symbol + 5] & kernel_entry) == 0) continue;
            entries.emplace_back(
                reinterpret_cast<const char*>(bytes + strings + number_at<std::uint32_t>(bytes, symbol)));
        }
    }
    return entries;
}

int read_cubin(const unsigned char* bytes, Image& image) {
    constexpr unsigned char elf64 = 2;
    constexpr unsigned cuda_machine = 190;  // EM_CUDA
    constexpr unsigned finished = 2;        // ET_EXEC; a relocatable one is input of a linker
    constexpr unsigned char old_abi = 0x33;
    constexpr unsigned char new_abi = 0x41;
    constexpr int first_driver_of_new_abi = 13000;
    if (bytes[4] != elf64 || number_at<std::uint16_t>(bytes, 16) != finished ||
        number_at<std::uint16_t>(bytes, 18) != cuda_machine) {
        return invalid_image;
    }
    const unsigned char abi = bytes[7];
    if (abi != old_abi && abi != new_abi) return invalid_image;
    if (abi == new_abi && settings().driver_version < first_driver_of_new_abi) return invalid_image;
    const auto flags = number_at<std::uint32_t>(bytes, 48);
    const int architecture = static_cast<int>(abi == new_abi ? flags >> 8U & 0xFFU : flags & 0xFFU);
    if (architecture != own_architecture() && settings().whole("takes-any-image") == nullptr) return no_binary_for_gpu;
    image.entries = entries_of_cubin(bytes);
    return success;
}

// The highest PTX version that a driver of each CUDA version compiles (PTX ISA, "Release Notes"), the newest first.
// From CUDA 13.0 on the minor versions of both go in step.
struct Promise {
    int driver_version;
    int ptx;
};
constexpr std::array<Promise, 22> promises{
    {{12090, 88}, {12080, 87}, {12070, 86}, {12050, 85}, {12040, 84}, {12030, 83}, {12020, 82}, {12010, 81},
     {12000, 80}, {11080, 78}, {11070, 77}, {11060, 76}, {11050, 75}, {11040, 74}, {11030, 73}, {11020, 72},
     {11010, 71}, {11000, 70}, {10020, 65}, {10010, 64}, {10000, 63}, {9010, 61}}};

int highest_ptx() {
    if (const Fault* fault = settings().whole("jit-below-promise")) return fault->ptx;
    const int version = settings().driver_version;
    if (version >= 13000) return 90 + version % 1000 / 10;
    const auto* const found = std::find_if(promises.begin(), promises.end(),
                                           [=](const Promise& one) { return version >= one.driver_version; });
    return found != promises.end() ? found->ptx : 60;
}

std::string without_comments(std::string_view text) {
    std::string kept;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 2) == "//") {
            i = std::min(text.find('\n', i), text.size());
        } else if (text.substr(i, 2) == "/*") {
            i = std::min(text.find("*/", i + 2), text.size() - 2) + 1;
            kept += ' ';
            continue;
        }
        if (i < text.size()) kept += text[i];
    }
    return kept;
}

bool is_balanced(std::string_view text) {
    std::string open;
    for (const char character : text) {
        if (character == '{' || character == '(' || character == '[') open += character;
        if (character != '}' && character != ')' && character != ']') continue;
        const char opening = character == '}' ? '{' : character == ')' ? '(' : '[';
        if (open.empty() || open.back() != opening) return false;
        open.pop_back();
    }
    return open.empty();
}

struct Target {
    int architecture = 0;
    char suffix = '\0';  // 'a': of this architecture alone; 'f': of its family
};

bool read_target(const std::string& word, Target& target) {
    if (word.rfind("sm_", 0) != 0) return false;
    std::size_t at = 3;
    while (at < word.size() && std::isdigit(static_cast<unsigned char>(word[at])) != 0) {
        target.architecture = target.architecture * 10 + (word[at++] - '0');
    }
    if (at < word.size() && (word[at] == 'a' || word[at] == 'f')) target.suffix = word[at++];
    return target.architecture > 0 && (at == word.size() || word[at] == ',');
}

bool runs_here(const Target& target) {
    if (settings().whole("takes-any-image") != nullptr) return true;
    if (target.suffix == 'a') return target.architecture == own_architecture();
    if (target.suffix == 'f' && target.architecture / 10 != settings().major) return false;
    return target.architecture <= own_architecture();
}

std::vector<std::string> entries_of_ptx(const std::string& text) {
    std::vector<std::string> entries;
    constexpr std::string_view directive = ".entry";
    for (auto at = text.find(directive); at != std::string::npos; at = text.find(directive, at + 1)) {
        std::istringstream rest(text.substr(at + directive.size()));
        std::string name;
        rest >> name;
        entries.push_back(name.substr(0, name.find_first_of("({")));
    }
    return entries;
}

int read_ptx(const char* begin, Image& image, std::string& log) {
    const std::string text = without_comments(begin);
    std::istringstream words(text);
    std::string directive;
    int major = 0;
    int minor = 0;
    char dot = '\0';
    if (!(words >> directive) || directive != ".version") return invalid_image;
    if (const Answer answer = begin_step(Step::jit); !answer.go_on) return answer.result;
    if (settings().whole("no-jit") != nullptr) return jit_compiler_not_found;
    const auto refuse = [&](const std::string& reason, int result) {
        log = "ptxas application ptx input, line 1; fatal   : " + reason;
        return result;
    };
    if (!(words >> major >> dot >> minor) || dot != '.') return refuse("Parsing error near '.version'", invalid_ptx);
    if (const int highest = highest_ptx(); major * 10 + minor > highest) {
        return refuse("Unsupported .version " + std::to_string(major) + '.' + std::to_string(minor) +
                          "; current version is '" + std::to_string(highest / 10) + '.' + std::to_string(highest % 10) +
                          '\'',
                      unsupported_ptx_version);
    }
    Target target;
    std::string name;
    if (!(words >> directive >> name) || directive != ".target" || !read_target(name, target)) {
        return refuse("Missing .target directive", invalid_ptx);
    }
    if (!runs_here(target)) return no_binary_for_gpu;
    if (!is_balanced(text)) return refuse("Parsing error near the end of the input", invalid_ptx);
    image.ptx = true;
    image.entries = entries_of_ptx(text);
    return success;
}

// Compared byte by byte: a text may be shorter than a magic number.
bool begins_with(const unsigned char* bytes, std::initializer_list<unsigned char> magic) {
    return std::all_of(magic.begin(), magic.end(), [&bytes](unsigned char wanted) { return *bytes++ == wanted; });
}

}  // namespace

int read_image(const void* bytes, Image& image, std::string& log) {
    const auto* const begin = static_cast<const unsigned char*>(bytes);
    if (begins_with(begin, {0x7F, 'E', 'L', 'F'})) return read_cubin(begin, image);
    if (begins_with(begin, {0x50, 0xED, 0x55, 0xBA})) {
        complain("fat binaries are not read here; hand over the image itself");
        return invalid_image;
    }
    return read_ptx(static_cast<const char*>(bytes), image, log);
}

}  // namespace simulated
