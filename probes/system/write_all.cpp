#include "probes/system/write_all.hpp"

#include <cerrno>
#include <cstddef>

#include <unistd.h>

namespace jetcuda {

int write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        if (written == 0) return EIO;  // nothing that is written to here answers so; it must not go on for ever
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

}  // namespace jetcuda
