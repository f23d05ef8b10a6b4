#include "probes/elf/file_source.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jetcuda {

namespace {

// The size of a regular file; closes it and throws where it is none.
std::uint64_t size_of(int descriptor, const std::string& name) {
    struct stat status {};
    const int failed = ::fstat(descriptor, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
    if (failed != 0) {
        ::close(descriptor);
        throw std::system_error(failed, std::generic_category(), name);
    }
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

FileSource::FileSource(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a FIFO in place of a library must not wait for a writer.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), path.string());
    size_ = size_of(descriptor_, path.string());
}

FileSource::FileSource(int descriptor) : descriptor_(descriptor), size_(size_of(descriptor, "the descriptor")) {}

FileSource::~FileSource() { ::close(descriptor_); }

FileOffset FileSource::data_from(FileOffset at) const {
    if (at.value >= size_) return {size_};
    const off_t found = ::lseek(descriptor_, static_cast<off_t>(at.value), SEEK_DATA);
    // ENXIO: nothing but a hole up to the end. Any other failure (a file system without holes) is no reason to skip.
    if (found < 0) return errno == ENXIO ? FileOffset{size_} : at;
    return {std::min(static_cast<std::uint64_t>(found), size_)};
}

void FileSource::will_need(FileOffset at, std::uint64_t length) const {
    (void)::posix_fadvise(descriptor_, static_cast<off_t>(at.value), static_cast<off_t>(length), POSIX_FADV_WILLNEED);
}

void FileSource::fill(FileOffset at, std::string& bytes, std::string_view what) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto place = static_cast<off_t>(at.plus(done).value);
        const ssize_t got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done, place);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw std::system_error(errno, std::generic_category(), std::string(what));
        if (got == 0) throw Malformed(std::string(what) + " is cut off: the file became shorter while it was read");
        done += static_cast<std::size_t>(got);
    }
}

}  // namespace jetcuda
