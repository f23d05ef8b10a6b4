// Every question that the ELF reader answers, asked of any bytes: an answer or Malformed, nothing else.

#include "probes/elf/elf_file.hpp"
#include "tests/fuzz/hostile.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

template <typename Question>
void ask(Question question) {
    try {
        question();
    } catch (const Malformed&) {
        return;  // the answer that the header promises
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const MemorySource source(text_of(data, size));
    ask([&] {
        const ElfFile file(source);
        ask([&] { (void)file.loaded_end(); });
        ask([&] { (void)file.interpreter(); });
        ask([&] { (void)file.dynamic(); });
        ask([&] { (void)file.build_id(); });
        ask([&] { (void)file.data_sections(); });
        ask([&] { (void)file.has_machine_code(); });
        ask([&] { (void)file.exports("cuInit"); });
        ask([&] {
            std::size_t looked = 0;
            for (const ElfSection& section : file.sections()) {
                if (++looked > 64) break;  // all of a thousand overlapping sections show nothing new
                ask([&] { promise(file.content(section).size() <= size, "no section is larger than its file"); });
            }
        });
    });
    return 0;
}
