#include "probes/system/system_root.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace jetcuda {
namespace fs = std::filesystem;

struct SystemRoot::Walked {
    std::string inside;
    fs::path on_host;
    FileStatus status;
    bool from_notes = false;  // the status, or part of it, comes from .jetcuda-root.json
};

namespace {

constexpr int link_limit = 40;  // as the kernel has it (path_resolution(7))
constexpr std::string_view notes_name = ".jetcuda-root.json";

std::string error_text(int error) { return std::generic_category().message(error); }

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

FileKind kind_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG: return FileKind::regular;
        case S_IFDIR: return FileKind::directory;
        case S_IFLNK: return FileKind::symlink;
        case S_IFCHR: return FileKind::character_device;
        case S_IFBLK: return FileKind::block_device;
        case S_IFIFO: return FileKind::fifo;
        case S_IFSOCK: return FileKind::socket;
        default: return FileKind::other;
    }
}

std::string_view noun_of(FileKind kind) {
    switch (kind) {
        case FileKind::regular: return "a file";
        case FileKind::directory: return "a folder";
        case FileKind::symlink: return "a symbolic link";
        case FileKind::character_device:
        case FileKind::block_device: return "a device node";
        case FileKind::fifo: return "a FIFO";
        case FileKind::socket: return "a socket";
        case FileKind::other: break;
    }
    return "no file of a known kind";
}

FileStatus status_of(const struct stat& found) {
    FileStatus status;
    status.kind = kind_of(found.st_mode);
    status.size = found.st_size > 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
    status.mode = found.st_mode & 07777U;
    status.uid = found.st_uid;
    status.gid = found.st_gid;
    if (status.kind == FileKind::character_device || status.kind == FileKind::block_device) {
        status.device_major = major(found.st_rdev);
        status.device_minor = minor(found.st_rdev);
    }
    return status;
}

// "/proc/x does not exist", or why it cannot be known whether it does.
Missing missing_for(int error, std::string_view path, std::string_view at) {
    std::string name(path);
    if (error == ENOENT || error == ENOTDIR) return {Lack::not_there, name + " does not exist", std::move(name)};
    std::string why = name + " cannot be read: " + error_text(error);
    if (at != path) why += " at " + std::string(at);
    return {Lack::not_readable, std::move(why), std::move(name)};
}

// The target of the link at `host`; empty with errno set on failure.
std::string read_link(const std::string& host) {
    std::string target(256, '\0');
    while (true) {
        const ssize_t length = ::readlink(host.c_str(), target.data(), target.size());
        if (length < 0) return {};
        if (static_cast<std::size_t>(length) < target.size()) {
            target.resize(static_cast<std::size_t>(length));
            return target;
        }
        target.resize(target.size() * 2);
    }
}

// Takes the first component off `rest`; empty components ("a//b") are skipped.
std::string take_component(std::string& rest) {
    const std::size_t begin = rest.find_first_not_of('/');
    if (begin == std::string::npos) {
        rest.clear();
        return {};
    }
    const std::size_t end = std::min(rest.find('/', begin), rest.size());
    std::string component = rest.substr(begin, end - begin);
    rest.erase(0, end);
    return component;
}

std::string source_name(std::string_view path, bool from_notes) {
    std::string name(path);
    if (from_notes) name.append(" in /").append(notes_name);
    return name;
}

}  // namespace

SystemRoot::SystemRoot(const fs::path& host_directory, const std::optional<std::string>& system) {
    std::error_code error;
    host_directory_ = fs::canonical(host_directory, error);
    if (error) {
        throw std::runtime_error("the root " + host_directory.string() + " cannot be used: " + error.message() +
                                 "; name a folder that holds the file system of a board");
    }
    if (!fs::is_directory(host_directory_, error)) {
        throw std::runtime_error("the root " + host_directory.string() +
                                 " is not a folder; name a folder that holds the file system of a board");
    }
    live_ = host_directory_ == "/";
    if (!live_) read_notes();
    if (system) enter_system(*system);
}

const SystemRoot::Noted* SystemRoot::noted(std::string_view inside) const {
    const auto found = noted_.find(inside);
    return found == noted_.end() ? nullptr : &found->second;
}

// Follows `path` component by component below the root, as a process would that was chrooted there. The result
// has no link in it, so that nothing opened by it leads out of the root.
Fact<SystemRoot::Walked> SystemRoot::walk(std::string_view path) const {
    if (path.find('\0') != std::string_view::npos) {
        return Missing{Lack::not_there, "a path with a NUL byte does not exist", std::string(path)};
    }
    const std::string prefix = live_ ? std::string() : host_directory_.string();
    std::string inside;      // without a slash at its end; empty is the root itself
    std::string rest(path);  // what is still to be walked
    FileStatus status;
    status.kind = FileKind::directory;
    bool from_notes = false;
    int links = 0;

    const auto too_many_links = [&]() -> Missing {
        return {Lack::not_understood, std::string(path) + " leads through more than 40 symbolic links: a symlink loop",
                std::string(path)};
    };
    const auto look = [&]() -> int {
        struct stat found {};
        const std::string host = prefix + (inside.empty() ? "/" : inside);
        const int error = ::lstat(host.c_str(), &found) == 0 ? 0 : errno;
        const Noted* note = noted_.empty() ? nullptr : noted(inside);
        from_notes = false;
        if (error == 0) status = status_of(found);
        if (note == nullptr || note->implied) {
            if (error != ENOENT || note == nullptr) return error;
        } else if (note->status.kind == FileKind::regular) {
            if (error != 0 || status.kind != FileKind::regular) return error;
            const std::uint64_t size = status.size;
            status = note->status;
            status.size = size;
            from_notes = true;
            return 0;
        }
        status = note->status;
        from_notes = true;
        return 0;
    };

    if (const int error = look(); error != 0) return missing_for(error, path, "/");
    while (true) {
        const std::string component = take_component(rest);
        if (component.empty()) break;
        if (status.kind != FileKind::directory) return missing_for(ENOTDIR, path, inside);
        if (component == ".") continue;
        if (component == "..") {
            inside.erase(inside.empty() ? 0 : inside.rfind('/'));
            if (const int error = look(); error != 0) return missing_for(error, path, inside);
            continue;
        }
        const std::size_t parent_length = inside.size();
        inside.append("/").append(component);
        if (const std::optional<std::string> target = incoming_target(inside)) {
            if (target->empty()) return missing_for(ENOENT, path, inside);
            if (++links > link_limit) return too_many_links();
            rest.insert(0, *target);
            inside.clear();
            status.kind = FileKind::directory;
            continue;
        }
        if (const int error = look(); error != 0) return missing_for(error, path, inside);
        if (status.kind != FileKind::symlink) continue;
        if (++links > link_limit) return too_many_links();
        const std::string target = read_link(prefix + inside);
        if (target.empty()) return missing_for(errno, path, inside);
        rest.insert(0, target + (rest.empty() ? "" : "/"));
        inside.erase(target.front() == '/' ? 0 : parent_length);
        status.kind = FileKind::directory;  // that which the link stands in, or the root
    }
    Walked walked;
    walked.on_host = prefix + (inside.empty() ? "/" : inside);
    walked.inside = inside.empty() ? "/" : std::move(inside);
    walked.status = status;
    walked.from_notes = from_notes;
    return {std::move(walked), source_name(path, from_notes)};
}

Fact<std::string> SystemRoot::read(std::string_view path, std::size_t limit) const {
    const Fact<Walked> walked = walk(path);
    if (!walked) return walked.missing();
    const std::string name(path);
    if (walked->status.kind != FileKind::regular) {
        return Missing{Lack::not_understood,
                       name + " is " + std::string(noun_of(walked->status.kind)) + " and not a file to read", name};
    }
    // Between the walk and this, the file may have been exchanged: a FIFO must not hold us, nor a link lead us away.
    const Descriptor file(::open(walked->on_host.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
    if (file.number() < 0) return missing_for(errno, path, path);
    struct stat opened {};
    if (::fstat(file.number(), &opened) != 0) return missing_for(errno, path, path);
    if (kind_of(opened.st_mode) != FileKind::regular) {
        return Missing{Lack::not_understood, name + " is no file to read", name};
    }
    ++read_counts_[walked->inside];

    // One byte more than promised tells a whole file from a longer one.
    const std::size_t expected = opened.st_size > 0 ? static_cast<std::size_t>(opened.st_size) : 4095;
    std::string content(std::min(expected, limit) + 1, '\0');
    std::size_t filled = 0;
    while (true) {
        const ssize_t count = ::read(file.number(), content.data() + filled, content.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return missing_for(errno, path, path);
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
        if (filled > limit) {
            return Missing{Lack::not_understood,
                           name + " is longer than the " + std::to_string(limit) + " bytes that such a file may have",
                           name};
        }
        if (filled == content.size()) content.resize(std::min(content.size() * 2, limit + 1));
    }
    content.resize(filled);
    return {std::move(content), name};
}

Fact<std::string> SystemRoot::read_value(std::string_view path) const {
    Fact<std::string> content = read(path, 4096);
    if (!content) return content;
    std::string& text = content.value();
    using namespace std::string_view_literals;
    const std::size_t last = text.find_last_not_of(" \t\r\n\v\f\0"sv);
    text.erase(last == std::string::npos ? 0 : last + 1);
    return content;
}

Fact<std::vector<std::string>> SystemRoot::list(std::string_view path) const {
    const Fact<Walked> walked = walk(path);
    if (!walked) return walked.missing();
    if (walked->status.kind != FileKind::directory) {
        return Missing{Lack::not_there, std::string(path) + " is not a folder", std::string(path)};
    }
    std::set<std::string, std::less<>> names;
    std::error_code error;
    fs::directory_iterator entry(walked->on_host, error);
    if (error && !(walked->from_notes && error == std::errc::no_such_file_or_directory)) {
        return missing_for(error.value(), path, path);
    }
    while (!error && entry != fs::directory_iterator()) {
        names.insert(entry->path().filename().string());
        entry.increment(error);
        if (error) return missing_for(error.value(), path, path);
    }
    const std::string below = walked->inside == "/" ? walked->inside : walked->inside + '/';
    if (!live_ && below == "/") names.erase(std::string(notes_name));  // ours, not the system's
    for (auto note = noted_.lower_bound(below); note != noted_.end() && note->first.rfind(below, 0) == 0; ++note) {
        const std::string name = note->first.substr(below.size(), note->first.find('/', below.size()) - below.size());
        // The note of a file's owner makes no file.
        if (note->second.status.kind != FileKind::regular && !name.empty()) names.insert(name);
    }
    return {std::vector<std::string>(names.begin(), names.end()), walked.source()};
}

Fact<ResolvedPath> SystemRoot::resolve(std::string_view path) const {
    const Fact<Walked> walked = walk(path);
    if (!walked) return walked.missing();
    return {ResolvedPath{walked->inside, walked->on_host}, walked.source()};
}

Fact<FileStatus> SystemRoot::status(std::string_view path) const {
    const Fact<Walked> walked = walk(path);
    if (!walked) return walked.missing();
    return {walked->status, walked.source()};
}

bool SystemRoot::exists(std::string_view path) const { return walk(path).known(); }

// Asks the permissions and does not open: opening a GPU's node may wake the GPU.
Fact<bool> SystemRoot::can_open(std::string_view path) const {
    if (!live_) {
        return Missing{Lack::not_asked, "who may open " + std::string(path) + " is asked of the running system only",
                       std::string(path)};
    }
    const Fact<Walked> walked = walk(path);
    if (!walked) return walked.missing();
    if (::faccessat(AT_FDCWD, walked->on_host.c_str(), R_OK | W_OK, AT_EACCESS) == 0) return {true, std::string(path)};
    if (errno == EACCES || errno == EPERM || errno == EROFS) return {false, std::string(path)};
    return missing_for(errno, path, path);
}

}  // namespace jetcuda
