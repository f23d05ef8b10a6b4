// Any file that begins like an archive, as the inspector reads it: the first byte picks its name, which decides what a
// compressed file is. Limits are those of the product, made small, so that what goes beyond them takes no time.

#include <array>

#include <sys/mman.h>
#include <unistd.h>

#include "probes/programs/archive.hpp"
#include "probes/programs/inspect_file.hpp"
#include "tests/fuzz/hostile.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::array<const char*, 4> names{"a/torch-2.5.0-cp311-cp311-linux_aarch64.whl", "x.tar.gz", "libx.a",
                                           "-.whl"};
constexpr ArchiveLimits limits{64, std::uint64_t{1} << 20U, 20};
constexpr std::size_t longest_sentence = 16384;

int file_of(std::string_view bytes) {
    const int file = ::memfd_create("archive", MFD_CLOEXEC);
    promise(file >= 0, "there is a file to put the bytes in");
    promise(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "the bytes are in it");
    return file;
}

bool is_sentence(const std::string& text) {
    return !text.empty() && text.size() <= longest_sentence && text.find('\0') == std::string::npos;
}

void check(const InspectedPart& part) {
    promise(!part.member.empty(), "a member has a name");
    promise(part.member.size() <= longest_sentence / 2, "the name of a member is no longer than a path");
    promise(part.member.find('\0') == std::string::npos, "a name is a text");
    promise(part.code.rows.size() <= DeviceCode::most_rows, "rows are limited");
    promise(part.code.problems.size() <= DeviceCode::most_problems, "problems of a member are limited");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string name = names.at(data[0] % names.size());
    const std::string_view bytes = text_of(data + 1, size - 1);
    if (!begins_archive(bytes, name)) return 0;  // device_code_target.cpp reads these
    const int file = file_of(bytes);
    const Inspection inspection = inspect_descriptor(file, name, limits);
    const int again = file_of({});
    promise(again == file, "no descriptor stays open");
    ::close(again);
    promise(inspection.path == name, "it is called what it was called");
    promise(inspection.kind == ProgramKind::archive || inspection.kind == ProgramKind::wheel, "an archive is known");
    promise(inspection.members <= limits.most_members, "members are limited, those of archives within it included");
    promise(inspection.parts.size() <= inspection.members, "every part is a member");
    promise(inspection.problems.size() <= DeviceCode::most_problems, "problems are limited");
    for (const std::string& problem : inspection.problems) promise(is_sentence(problem), "a problem is a sentence");
    for (const InspectedPart& part : inspection.parts) check(part);
    return 0;
}
