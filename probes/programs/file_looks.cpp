#include "probes/programs/file_looks.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/programs/inspect_file.hpp"
#include "probes/system/descriptor.hpp"

namespace jetcuda {
namespace {

Missing cannot_open(const std::string& path, int error) {
    const bool gone = error == ENOENT || error == ENOTDIR;
    return {gone ? Lack::not_there : Lack::not_readable,
            fmt::format("{} cannot be opened: {}", path, std::generic_category().message(error)), path};
}

}  // namespace

FileLooks::FileLooks(const SystemRoot& root, InspectionMemory& memory, const LookLimits& limits)
    : root_(root), memory_(memory), limits_(limits), end_(std::chrono::steady_clock::now() + limits.time) {}

bool FileLooks::time_is_up() const { return std::chrono::steady_clock::now() >= end_; }

const Fact<Inspection>& FileLooks::look_at(const std::string& path) {
    const Fact<ResolvedPath> place = root_.resolve(path);
    const std::string& key = place ? place->inside : path;
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    return known_.emplace(key, place ? look(path, *place) : Fact<Inspection>(place.missing())).first->second;
}

Fact<Inspection> FileLooks::look(const std::string& path, const ResolvedPath& place) {
    // What stands at its end may be a device node that another root only notes: the root knows what it is.
    const Fact<FileStatus> kind = root_.status(path);
    if (!kind) return kind.missing();
    if (kind->kind != FileKind::regular) {
        return Missing{Lack::not_understood, path + " is no regular file", path};
    }
    Descriptor file{::open(place.on_host.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat status {};
    if (!file || ::fstat(file.number(), &status) != 0) return cannot_open(path, errno);
    if (!S_ISREG(status.st_mode)) return Missing{Lack::not_understood, path + " is no regular file", path};
    const std::string key = InspectionMemory::key_of(status);
    if (const Inspection* remembered = memory_.find(key)) {
        Inspection inspection = *remembered;
        inspection.path = path;
        return {std::move(inspection), path};
    }
    const auto not_asked = [&path](const std::string& why) { return Missing{Lack::not_asked, path + why, path}; };
    if (time_is_up()) {
        return not_asked(fmt::format(
            " was not looked into: other files took all the {} s that there are; the next run comes further",
            limits_.time.count() / 1000));
    }
    read_ += static_cast<std::uint64_t>(status.st_size);
    if (read_ > limits_.bytes) return not_asked(" was not looked into: there are more bytes than are read in one run");
    Inspection inspection = inspect_descriptor(::fcntl(file.number(), F_DUPFD_CLOEXEC, 0), path);
    // One that was written meanwhile is told as it was found, and read again the next time.
    struct stat after {};
    const bool unchanged = ::fstat(file.number(), &after) == 0 && InspectionMemory::key_of(after) == key;
    if (unchanged) memory_.put(key, inspection);
    return {std::move(inspection), path};
}

}  // namespace jetcuda
