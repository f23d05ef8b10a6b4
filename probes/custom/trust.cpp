#include "probes/custom/trust.hpp"

#include <array>
#include <cerrno>
#include <deque>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/system/descriptor.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr int link_limit = 40;  // as the kernel has it
constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

std::string reason_of(int error_number) { return std::generic_category().message(error_number); }

// Why somebody but root could change this, or empty.
std::string flaw_of(const std::string& path, const struct stat& status, bool sticky_counts) {
    if (status.st_uid != 0) return path + " belongs to user " + std::to_string(status.st_uid) + ", not to root";
    const bool kept = sticky_counts && S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    if ((status.st_mode & writable_by_others) == 0 || kept) return {};
    return path + " can be written by others than root";
}

class Walk {
public:
    explicit Walk(const std::string& path) { put_before(path); }

    Trust run() {
        start_at_top();
        while (open_ && !names_.empty() && answer_.why.empty()) step();
        if (!answer_.why.empty()) return std::move(answer_);
        if (!open_) return refused(TrustState::closed, "/ cannot be opened: " + reason_of(errno));
        if (std::string flaw = flaw_of(where_, status_, false); !flaw.empty()) {
            return refused(TrustState::untrusted, std::move(flaw));
        }
        return {TrustState::sound, "", status_.st_mode};
    }

private:
    Trust refused(TrustState state, std::string why) {
        answer_ = {state, std::move(why), 0};
        return answer_;
    }

    void put_before(std::string_view path) {
        const std::vector<std::string_view> names = split(path, '/');
        for (auto name = names.rbegin(); name != names.rend(); ++name) {
            if (!name->empty() && *name != ".") names_.emplace_front(*name);
        }
    }

    void start_at_top() {
        open_ = Descriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        where_ = "/";
        if (open_ && ::fstat(open_.number(), &status_) != 0) open_.close();
    }

    void step() {
        if (std::string flaw = flaw_of(where_, status_, true); !flaw.empty()) {
            refused(TrustState::untrusted, std::move(flaw));
            return;
        }
        const std::string name = std::move(names_.front());
        names_.pop_front();
        const std::string path = where_ == "/" ? "/" + name : where_ + "/" + name;
        Descriptor next(::openat(open_.number(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat status {};
        if (!next || ::fstat(next.number(), &status) != 0) {
            const bool gone = errno == ENOENT || errno == ENOTDIR;
            refused(gone ? TrustState::missing : TrustState::closed,
                    gone ? path + " does not exist" : path + " cannot be opened: " + reason_of(errno));
        } else if (S_ISLNK(status.st_mode) && status.st_uid != 0) {
            // In a sticky folder anybody may set a link of his own.
            refused(TrustState::untrusted,
                    path + " is a link of user " + std::to_string(status.st_uid) + ", not root's");
        } else if (S_ISLNK(status.st_mode)) {
            follow(next, path);
        } else {
            open_ = std::move(next);
            status_ = status;
            where_ = path;
        }
    }

    void follow(const Descriptor& link, const std::string& path) {
        std::array<char, 4096> target{};
        const ssize_t size = ::readlinkat(link.number(), "", target.data(), target.size());
        if (size <= 0 || ++links_ > link_limit) {
            refused(TrustState::missing, path + " leads nowhere");
            return;
        }
        const std::string_view text(target.data(), static_cast<std::size_t>(size));
        put_before(text);
        if (text.front() == '/') start_at_top();
    }

    std::deque<std::string> names_;  // still to come
    Descriptor open_;                // what was reached
    struct stat status_ {};          // of it
    std::string where_;
    int links_ = 0;
    Trust answer_;
};

}  // namespace

Trust examine_trust(const std::string& path) { return Walk(path).run(); }

}  // namespace jetcuda
