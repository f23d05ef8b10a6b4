#include "probes/elf/file_source.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jetcuda {

FileSource::FileSource(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a FIFO in place of a library must not wait for a writer.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), path.string());
    struct stat status {};
    const int failed = ::fstat(descriptor_, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
    if (failed != 0) {
        ::close(descriptor_);
        throw std::system_error(failed, std::generic_category(), path.string());
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
}

FileSource::~FileSource() { ::close(descriptor_); }

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
