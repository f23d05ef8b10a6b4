// Makes rows of what a search for device code meets, and knows which rows lie together in one container. The parts of a
// large file are searched each by itself; what they gathered is put together in the order of the file.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "probes/elf/fatbin_search.hpp"
#include "probes/elf/window.hpp"
#include "probes/programs/device_code.hpp"

namespace jetcuda {

class CodeGathering final : public FatbinVisitor {
public:
    // Damage everywhere is no damage: it is a file made to keep its reader busy. Thrown by problem(); finish() tells
    // it.
    struct GaveUp {};

    explicit CodeGathering(DeviceCode& code) : code_(code) {}

    // In which part of the file the search is now.
    void enter(bool relocatable_part) { relocatable_part_ = relocatable_part; }

    void container(FileOffset at, std::uint64_t size) override;
    void entry(const FatbinEntry& entry, Window& window) override;
    void problem(std::string text) override;  // tell(), until there is more than is worth reading

    void tell(std::string text);
    void remark(std::string text) { code_.remarks.push_back(std::move(text)); }
    void add(const CodeRow& row);

    // What another one has met, in a later part of the same file. It is of no use afterwards.
    void take(CodeGathering& other);

    // Once everything was met: rows, mixes and the last words of problems go into the DeviceCode.
    void finish();

private:
    using Key = std::tuple<CodeKind, std::uint32_t, std::uint32_t, char, std::uint32_t, std::uint32_t, std::uint32_t,
                           CodeCompression>;
    using Places = std::vector<std::uint16_t>;
    struct Gathered {
        CodeRow row;
        std::uint16_t place = 0;  // in the order in which they were met
    };

    const Gathered* add_to_row(const Key& key, const CodeRow& row);
    void end_container();
    void count_mix(const Places& places, std::uint64_t containers);
    void tell_mixes();
    static void check_payload(const FatbinEntry& entry, Window& window, CodeRow& row);
    void remark_on_kind(std::uint16_t kind);

    DeviceCode& code_;
    bool relocatable_part_ = false;
    bool code_to_run_ = false, code_to_link_ = false, empty_to_run_ = false;
    std::map<Key, Gathered> rows_;
    Places in_container_;  // the rows of the container that is being stepped through
    std::map<Places, std::uint64_t> mixes_;
    std::map<Places, std::uint64_t>::iterator last_mix_ = mixes_.end();
    bool mixes_known_ = true;
    std::set<std::uint16_t> kinds_;
    std::uint64_t untold_ = 0;
    std::uint64_t rowless_ = 0;
};

}  // namespace jetcuda
