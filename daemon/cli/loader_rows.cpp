// Which libcuda programs get, as rows.

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {
namespace {

std::string gets(const LoaderAnswer& answer) {
    if (!answer.path.empty()) return answer.path;
    const bool broken = !answer.steps.empty() && answer.steps.back().outcome == LoaderStep::Outcome::no_library;
    return broken ? fmt::format("an error, at {}", answer.steps.back().path) : "none";
}

std::string kind_of(const LibcudaFile& file) {
    if (!file.elf) return file.flaw;
    return file.stub ? "the toolkit's stub" : file.tegra_place ? "in a place of L4T" : "in no place of L4T";
}

}  // namespace

void add_loader(Rows& rows, const Facts& facts) {
    if (!rows.begin("libcuda_search", facts.libcuda_search)) return;
    const LibcudaSearch& search = *facts.libcuda_search;
    rows.part("plain", gets(search.plain));
    if (search.after_ldconfig) rows.part("after_ldconfig", gets(*search.after_ldconfig));
    for (const LoaderAnswer& unit : search.units) {
        rows.put(fmt::format("libcuda_search.{}", unit.asker), gets(unit),
                 unit.steps.empty() ? facts.libcuda_search.source() : unit.steps.back().source);
    }
    for (std::size_t i = 0; i < search.all.size(); ++i) {
        const LibcudaSighting& seen = search.all[i];
        rows.put(fmt::format("libcuda_search.all.{}", i), fmt::format("{} ({})", seen.path, kind_of(seen.file)),
                 seen.named_by);
    }
}

}  // namespace jetcuda
