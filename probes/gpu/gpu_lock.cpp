// Taking the lock, and telling from its record who has it.

#include "probes/gpu/gpu_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jetcuda {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds asking_interval{20};
constexpr milliseconds gone_for_good{1'000};  // a killed run's probe is gone well before

std::string read_start(int file, std::size_t limit) {
    std::string text(limit, '\0');
    const ssize_t size = pread(file, text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find_first_of(" \n"));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (!word.empty()) words.push_back(word);
    }
    return words;
}

std::uint64_t number_of(std::string_view word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc{} && end == word.data() + word.size() ? number : 0;
}

// Field 22 of /proc/PID/stat (proc(5)), 0 when there is no such process, or only what is left of it: a zombie holds
// no lock. The second field is the program's name in parentheses and may itself hold anything.
std::uint64_t start_time_of(int pid) {
    const Descriptor file(open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return 0;
    const std::string text = read_start(file.number(), 1024);
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string::npos) return 0;
    const std::vector<std::string_view> fields = words_of(std::string_view(text).substr(name_end + 2));
    if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return 0;
    return number_of(fields[19]);
}

std::uint64_t own_pid_namespace() {
    struct stat status {};
    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

struct Holder {
    enum class Kind { running, gone, stuck } kind = Kind::gone;
    int pid = 0;
};

Holder holder_of(int file) {
    const std::optional<GpuLockRecord> record = parse_lock_record(read_start(file, 128));
    if (!record) return {};
    Holder holder{Holder::Kind::gone, record->pid};
    if (record->stuck) {
        holder.kind = Holder::Kind::stuck;
    } else if (record->pid_namespace != own_pid_namespace() || (record->pid != getpid() && record->start_time != 0 &&
                                                                start_time_of(record->pid) == record->start_time)) {
        // A record with our own number is of a run of ours that is over: the child that we had to let go has the lock.
        holder.kind = Holder::Kind::running;
    }
    return holder;
}

}  // namespace

std::optional<GpuLockRecord> parse_lock_record(std::string_view text) {
    const std::vector<std::string_view> words = words_of(text);
    if (words.size() < 2) return std::nullopt;
    const std::uint64_t pid = number_of(words[1]);
    if (pid == 0 || pid > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) return std::nullopt;
    GpuLockRecord record;
    record.pid = static_cast<int>(pid);
    record.stuck = words[0] == "stuck";
    if (record.stuck) return words.size() == 2 ? std::optional(record) : std::nullopt;
    if (words[0] != "run" || words.size() != 4) return std::nullopt;
    record.start_time = number_of(words[2]);
    record.pid_namespace = number_of(words[3]);
    return record;
}

GpuLock::GpuLock(const std::string& path, milliseconds wait) {
    file_ = Descriptor(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file_ || fstat(file_.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
        why_ = path + (file_ ? " is no regular file" : " cannot be opened: " + std::generic_category().message(errno));
        file_.close();
        return;
    }
    const Clock::time_point started = Clock::now();
    Clock::time_point seen_running = started;
    int stuck_seen = 0;  // twice in a row: once, it may be an old record and a run that has only just got the lock
    while (flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            why_ = path + " cannot be locked: " + std::generic_category().message(errno);
            file_.close();
            return;
        }
        const Holder holder = holder_of(file_.number());
        const Clock::time_point now = Clock::now();
        if (holder.kind == Holder::Kind::running) seen_running = now;
        stuck_seen = holder.kind == Holder::Kind::stuck ? stuck_seen + 1 : 0;
        holder_ = holder.pid;
        if (stuck_seen >= 2) {
            state_ = GpuLockState::still_stuck;
            why_ =
                "process " + std::to_string(holder.pid) + ", a probe of an earlier run, is still stuck in the kernel";
        } else if (now - seen_running >= gone_for_good) {
            state_ = GpuLockState::still_stuck;
            why_ = "the probe of an earlier run is still stuck in the kernel and holds " + path;
            holder_ = 0;
        } else if (holder.kind == Holder::Kind::running && now - started >= wait) {
            state_ = GpuLockState::busy;
            why_ = "process " + std::to_string(holder.pid) + " is asking the GPU and holds " + path;
        } else {
            std::this_thread::sleep_for(asking_interval);
            continue;
        }
        file_.close();
        return;
    }
    state_ = GpuLockState::acquired;
    holder_ = 0;
    const int pid = getpid();
    write_record("run " + std::to_string(pid) + ' ' + std::to_string(start_time_of(pid)) + ' ' +
                 std::to_string(own_pid_namespace()) + '\n');
}

void GpuLock::leave_to_stuck_child(int pid) {
    if (state_ == GpuLockState::acquired) write_record("stuck " + std::to_string(pid) + '\n');
}

// One write of one short line: a reader without the lock sees the old record, or the new one, or an empty file for
// an instant, which counts as neither.
void GpuLock::write_record(const std::string& record) {
    if (ftruncate(file_.number(), 0) != 0) return;
    [[maybe_unused]] const ssize_t written = pwrite(file_.number(), record.data(), record.size(), 0);
}

}  // namespace jetcuda
