#include "daemon/cli/files.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/system/descriptor.hpp"
#include "probes/system/write_all.hpp"

namespace jetcuda {
namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

// A temporary file that is gone unless it was kept.
class NewFile {
public:
    explicit NewFile(const std::filesystem::path& target) {
        path_ = target.parent_path() / ("." + target.filename().string() + ".XXXXXX");
        file_ = Descriptor{::mkostemp(path_.data(), O_CLOEXEC)};  // mode 0600
        if (!file_) fail(target, errno);
    }
    ~NewFile() {
        if (file_) ::unlink(path_.c_str());
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    void write(const std::filesystem::path& target, std::string_view content) const {
        if (const int error = write_all(file_.number(), content); error != 0) fail(target, error);
        if (::fsync(file_.number()) != 0) fail(target, errno);
    }

    void publish(const std::filesystem::path& target, bool replace) {
        // A link is made only where the name is free, in one step; some file systems have none.
        if (!replace) {
            if (::link(path_.c_str(), target.c_str()) == 0) return;
            if (errno == EEXIST) fail(target, EEXIST);
            if (::access(target.c_str(), F_OK) == 0) fail(target, EEXIST);
        }
        if (::rename(path_.c_str(), target.c_str()) != 0) fail(target, errno);
        file_.close();
    }

private:
    [[noreturn]] static void fail(const std::filesystem::path& target, int error) {
        throw FileError(fmt::format("{} could not be written: {}. {}", target.string(), reason_of(error),
                                    error == EEXIST ? "Name another file, or say --force to replace it."
                                                    : "Name a file in a folder that takes it."));
    }

    std::string path_;
    Descriptor file_;
};

}  // namespace

std::string read_file(const std::string& name, std::size_t limit) {
    const std::string shown = name == "-" ? "standard input" : name;
    const auto refuse = [&](const std::string& why) {
        throw FileError(fmt::format("{} could not be read: {}. Name a file that can be read.", shown, why));
    };
    Descriptor opened;
    int number = STDIN_FILENO;
    if (name != "-") {
        opened = Descriptor{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
        if (!opened) refuse(reason_of(errno));
        number = opened.number();
    }
    std::string content;
    for (;;) {
        char buffer[std::size_t{64} << 10];
        const ssize_t count = ::read(number, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) refuse(reason_of(errno));
        if (count == 0) return content;
        content.append(buffer, static_cast<std::size_t>(count));
        if (content.size() > limit) refuse(fmt::format("it is longer than {} bytes", limit));
    }
}

void write_private_file(const std::string& name, std::string_view content, bool replace) {
    const std::filesystem::path target{name};
    NewFile file{target};
    file.write(target, content);
    file.publish(target, replace);
}

}  // namespace jetcuda
