// A stretch of fat binaries: the first byte says whether other data may lie between them.

#include "probes/elf/cubin.hpp"
#include "probes/elf/fatbin_search.hpp"
#include "tests/fuzz/hostile.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

class Watching final : public FatbinVisitor {
public:
    explicit Watching(std::size_t size) : size_(size) {}

    void container(FileOffset at, std::uint64_t) override {
        promise(at.value >= last_, "containers come in the order of the file");
        last_ = at.value;
    }
    void entry(const FatbinEntry& entry, Window& window) override {
        promise(entry.at.value > last_, "entries come in the order of the file, behind their container");
        promise(entry.end().value <= size_, "no image leaves the file");
        promise(entry.end().value > entry.at.value, "there is an end to a container's entries");
        last_ = entry.at.value;
        if (entry.stored_size == 0) return;
        const ByteView payload = window.view(entry.payload(), entry.stored_size, 4096, "a payload");
        (void)read_cubin_header(payload);
        (void)cubin_suffix_of_note(MemorySource(payload.all()));
        (void)cubin_has_code(MemorySource(payload.all()));
    }
    void problem(std::string text) override { promise(!text.empty(), "a problem is a sentence"); }

private:
    std::size_t size_;
    std::uint64_t last_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes = text_of(data + 1, size - 1);
    const MemorySource source(bytes);
    Window window(source);
    Watching watching(bytes.size());
    search_fatbins(window, {{0}, {bytes.size()}, data[0] % 2 == 1, "the range"}, watching);
    return 0;
}
