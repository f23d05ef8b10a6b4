// Note sections: the first byte picks the alignment, the rest is the section.

#include "probes/elf/elf_file.hpp"
#include "tests/fuzz/hostile.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<ElfNote> notes = read_notes(ByteView{text_of(data + 1, size - 1)}, data[0] % 16U);
    std::size_t held = 0;
    for (const ElfNote& note : notes) held += note.owner.size() + note.payload.size();
    promise(held <= size, "notes hold no more than their section");
    promise(build_id_of(notes).size() <= 128, "a build id is short");
    return 0;
}
