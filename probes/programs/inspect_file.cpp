#include "probes/programs/inspect_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/elf/file_source.hpp"

namespace jetcuda {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t first_bytes_size = 512;

std::string first_bytes_of(int descriptor) {
    std::string bytes(first_bytes_size, '\0');
    ssize_t count = 0;
    do {
        count = ::pread(descriptor, bytes.data(), bytes.size(), 0);
    } while (count < 0 && errno == EINTR);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

// By these bytes begin the forms in which device code comes; PTX is text, and begins with a comment or a directive.
bool may_hold_code(std::string_view bytes) {
    const auto begins = [&](std::string_view magic) { return bytes.substr(0, magic.size()) == magic; };
    if (begins("\x7F"
               "ELF"sv) ||
        begins("\x50\xED\x55\xBA"sv))
        return true;
    return bytes.find(".version") != std::string_view::npos;
}

ProgramKind kind_of(FileForm form) {
    switch (form) {
        case FileForm::elf: return ProgramKind::elf;
        case FileForm::fatbin: return ProgramKind::fatbin;
        case FileForm::cubin: return ProgramKind::cubin;
        case FileForm::ptx: return ProgramKind::ptx;
        case FileForm::other: break;
    }
    return ProgramKind::other;
}

bool is_wheel(std::string_view path) {
    constexpr std::string_view end = ".whl";
    return path.size() > end.size() && path.substr(path.size() - end.size()) == end;
}

// "name-1.0-cp311-cp311-manylinux_2_28_aarch64.whl": the last three parts of the name, each of which may be several
// joined by dots. (source: PyPA, Binary distribution format)
std::vector<std::string> tags_of_wheel(std::string_view path) {
    path.remove_prefix(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
    path.remove_suffix(4);
    std::size_t at = path.size();
    for (int parts = 0; parts < 3; ++parts) {
        if (at == 0) return {};
        at = path.rfind('-', at - 1);
        if (at == std::string_view::npos) return {};
    }
    return {std::string(path.substr(at + 1))};
}

class Looking {
public:
    Looking(Inspection& inspection, const ArchiveLimits& limits) : inspection_(inspection), limits_(limits) {}

    void look_at_file(Descriptor file, const std::string& name) {
        const std::string first = first_bytes_of(file.number());
        if (begins_archive(first, name)) {
            inspection_.kind = is_wheel(name) ? ProgramKind::wheel : ProgramKind::archive;
            if (is_wheel(name)) inspection_.python_tags = tags_of_wheel(name);
            ArchiveBudget budget(file.number(), limits_);
            return look_into_archive(file.number(), "", 1, budget);
        }
        InspectedPart part = look_at_part(std::move(file), "");
        inspection_.kind = kind_of(part.code.form);
        inspection_.parts.push_back(std::move(part));
    }

private:
    void look_into_archive(int descriptor, const std::string& inside, int depth, ArchiveBudget& budget) {
        const auto path_of = [&inside](const std::string& name) { return inside.empty() ? name : inside + '/' + name; };
        ArchiveVisitor visitor;
        visitor.wants = [&](std::string_view first, const std::string& name) {
            if (may_hold_code(first)) return true;
            if (!begins_archive(first, name)) return false;
            if (depth < deepest_archive) return true;
            complain(fmt::format("{} is an archive within {} others, and is not looked into", path_of(name), depth));
            return false;
        };
        visitor.take = [&](Descriptor content, const std::string& name) {
            if (begins_archive(first_bytes_of(content.number()), name)) {
                return look_into_archive(content.number(), path_of(name), depth + 1, budget);
            }
            add(look_at_part(std::move(content), path_of(name)));
        };
        visitor.complain = [&](const std::string& sentence) {
            complain(inside.empty() ? sentence : inside + ": " + sentence);
        };
        inspection_.members += visit_archive(descriptor, visitor, budget);
    }

    static InspectedPart look_at_part(Descriptor file, std::string member) {
        InspectedPart part;
        part.member = std::move(member);
        try {
            const FileSource source(file.release());
            part.code = find_device_code(source);
            if (part.code.form == FileForm::elf) {
                part.runtime = runtime_by_needed(part.code.needed);
                const bool may_have_own =
                    part.runtime.linkage == RuntimeLinkage::none && !part.code.object && part.code.bits == 64;
                if (may_have_own) part.runtime = runtime_linked_into(source);
            }
        } catch (const std::system_error& error) {
            part.code.problems.push_back(std::string("It cannot be read: ") + error.code().message());
        }
        return part;
    }

    // Of an archive only what there is something to say of.
    void add(InspectedPart part) {
        if (!uses_gpu(part) && part.code.problems.empty()) return;
        if (inspection_.parts.size() < Inspection::most_parts) {
            inspection_.parts.push_back(std::move(part));
        } else if (inspection_.parts.size() == Inspection::most_parts) {
            complain(
                fmt::format("There are more than {} programs in it: the rest is not told", Inspection::most_parts));
        }
    }

    void complain(std::string sentence) {
        if (inspection_.problems.size() < DeviceCode::most_problems)
            inspection_.problems.push_back(std::move(sentence));
    }

    Inspection& inspection_;
    const ArchiveLimits& limits_;
};

std::string_view words_for(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
    return "no file";
}

}  // namespace

Inspection inspect_descriptor(int descriptor, const std::string& name, const ArchiveLimits& limits) {
    Inspection inspection;
    inspection.path = name;
    Descriptor file{descriptor};
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) {
        inspection.problems.push_back("It cannot be read: " + std::generic_category().message(errno));
    } else if (!S_ISREG(status.st_mode)) {
        inspection.problems.push_back(fmt::format("It is {}: only regular files are read", words_for(status.st_mode)));
    } else {
        Looking(inspection, limits).look_at_file(std::move(file), name);
    }
    return inspection;
}

Inspection inspect_file(const std::string& path) {
    // Without waiting: opening a FIFO that nobody writes to would.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file >= 0) return inspect_descriptor(file, path);
    Inspection inspection;
    inspection.path = path;
    inspection.problems.push_back("It cannot be opened: " + std::generic_category().message(errno));
    return inspection;
}

}  // namespace jetcuda
