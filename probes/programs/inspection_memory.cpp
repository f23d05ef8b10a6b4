#include "probes/programs/inspection_memory.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "probes/system/descriptor.hpp"
#include "probes/system/write_all.hpp"

namespace jetcuda {
namespace {

constexpr const char* file_name = "inspections.json";
constexpr const char* new_name = "inspections.json.new";

// This user's own, and nobody else may write it.
bool is_ours(const struct stat& status) { return status.st_uid == ::geteuid() && (status.st_mode & 022U) == 0; }

// The folder itself, no link to one: what is in it could be exchanged otherwise.
Descriptor open_folder(const std::string& path) {
    Descriptor folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    struct stat status {};
    if (!folder || ::fstat(folder.number(), &status) != 0 || !is_ours(status)) return {};
    return folder;
}

std::string read_whole(int folder, std::size_t limit) {
    const Descriptor file{::openat(folder, file_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    struct stat status {};
    if (!file || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode) || !is_ours(status)) return {};
    if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > limit) return {};
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = ::read(file.number(), text.data() + done, text.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return {};
        done += static_cast<std::size_t>(count);
    }
    return text;
}

long long nanoseconds_of(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

InspectionMemory::InspectionMemory(std::string folder, std::string tool)
    : folder_(std::move(folder)), tool_(std::move(tool)) {
    if (!folder_.empty() && folder_.front() != '/') folder_.clear();
    if (folder_.empty()) return;
    if (const Descriptor opened = open_folder(folder_)) {
        known_ = from_text(read_whole(opened.number(), largest_file), tool_);
    }
}

std::string InspectionMemory::key_of(const struct stat& status) {
    return fmt::format("{:x}:{}:{}:{}:{}", status.st_dev, status.st_ino, status.st_size, nanoseconds_of(status.st_mtim),
                       nanoseconds_of(status.st_ctim));
}

const Inspection* InspectionMemory::find(const std::string& key) {
    asked_.insert(key);
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
}

void InspectionMemory::put(const std::string& key, const Inspection& inspection) {
    if (is_damaged(inspection)) return;
    asked_.insert(key);
    known_[key] = inspection;
    changed_ = true;
}

void InspectionMemory::save() {
    if (folder_.empty() || !changed_) return;
    // Files that nobody asked for this time were replaced, most of them.
    for (auto entry = known_.begin(); entry != known_.end() && known_.size() > most_files;) {
        entry = asked_.count(entry->first) == 0 ? known_.erase(entry) : std::next(entry);
    }
    const std::string text = to_text(known_, tool_);
    ::mkdir(folder_.c_str(), 0700);  // it mostly exists
    const Descriptor folder = open_folder(folder_);
    if (!folder || text.size() > largest_file) return;
    ::unlinkat(folder.number(), new_name, 0);  // of a run that was ended
    const Descriptor file{
        ::openat(folder.number(), new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file) return;
    const bool written = write_all(file.number(), text) == 0;
    if (!written || ::renameat(folder.number(), new_name, folder.number(), file_name) != 0) {
        ::unlinkat(folder.number(), new_name, 0);
        return;
    }
    changed_ = false;
}

}  // namespace jetcuda
