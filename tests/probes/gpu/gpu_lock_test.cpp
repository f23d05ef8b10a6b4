// Who has the lock, and how a later run learns it.

#include "probes/gpu/gpu_lock.hpp"

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace std::chrono_literals;

namespace {

struct LockFile : testing::TempRoot {
    LockFile() { write("gpu.lock", ""); }
    [[nodiscard]] std::string path() const { return on_host("gpu.lock").string(); }
    [[nodiscard]] std::string record() const {
        std::ifstream stream(path());
        std::string line;
        std::getline(stream, line);
        return line;
    }
};

// Another run: takes the lock in a process of its own, and keeps it until told to end.
class OtherRun {
public:
    // With `leaves_child`, it ends at once and a child of it stays, as one does that is stuck.
    OtherRun(const std::string& path, bool leaves_child, bool says_so) {
        int ready[2];
        REQUIRE(pipe(ready) == 0);
        pid_ = fork();
        if (pid_ == 0) {
            GpuLock lock(path, 5s);
            pid_t holder = getpid();
            if (leaves_child) {
                holder = fork();
                if (holder == 0) {
                    std::this_thread::sleep_for(60s);
                    _exit(0);
                }
                if (says_so) lock.leave_to_stuck_child(holder);
            }
            if (write(ready[1], &holder, sizeof holder) < 0) _exit(1);
            if (!leaves_child) std::this_thread::sleep_for(60s);
            _exit(0);
        }
        REQUIRE(read(ready[0], &holder_, sizeof holder_) == sizeof holder_);
        close(ready[0]);
        close(ready[1]);
        if (leaves_child) waitpid(pid_, nullptr, 0);
    }
    OtherRun(const OtherRun&) = delete;
    OtherRun& operator=(const OtherRun&) = delete;
    ~OtherRun() {
        kill(holder_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] int holder() const { return holder_; }

private:
    pid_t pid_ = -1;
    pid_t holder_ = -1;
};

}  // namespace

TEST_CASE("a free lock is acquired, and free again afterwards") {
    const LockFile file;
    for (int turn = 0; turn < 2; ++turn) {
        const GpuLock lock(file.path(), 0ms);
        CHECK(lock.state() == GpuLockState::acquired);
        CHECK(lock.descriptor() >= 0);
        CHECK(lock.why().empty());
        CHECK(file.record().rfind("run " + std::to_string(getpid()) + ' ', 0) == 0);
    }
}

TEST_CASE("where there is no lock file, a run is told so and goes on") {
    const LockFile file;
    SUBCASE("missing") {
        const GpuLock lock(file.path() + ".not", 1s);
        CHECK(lock.state() == GpuLockState::not_available);
        CHECK(lock.descriptor() == -1);
        CHECK(lock.why() == file.path() + ".not cannot be opened: No such file or directory");
        CHECK_FALSE(std::ifstream(file.path() + ".not").good());  // and none was made
    }
    SUBCASE("a link, which may lead anywhere") {
        file.link("link", "gpu.lock");
        CHECK(GpuLock(file.on_host("link").string(), 0ms).state() == GpuLockState::not_available);
    }
    SUBCASE("no file") {
        REQUIRE(mkfifo(file.on_host("fifo").c_str(), 0600) == 0);
        CHECK(GpuLock(file.on_host("fifo").string(), 0ms).state() == GpuLockState::not_available);
        CHECK(GpuLock(file.directory().string(), 0ms).state() == GpuLockState::not_available);
    }
}

TEST_CASE("while another run has it, the lock is busy and the other is named") {
    const LockFile file;
    const OtherRun other(file.path(), false, false);
    const GpuLock lock(file.path(), 100ms);
    CHECK(lock.state() == GpuLockState::busy);
    CHECK(lock.holder() == other.holder());
    CHECK(lock.descriptor() == -1);
    CHECK_FALSE(lock.why().empty());
}

TEST_CASE("a run that ends in the time given hands the lock over") {
    const LockFile file;
    auto other = std::make_unique<OtherRun>(file.path(), false, false);
    const int holder = other->holder();
    if (fork() == 0) {
        usleep(200'000);
        kill(holder, SIGKILL);
        _exit(0);
    }
    CHECK(GpuLock(file.path(), 30s).state() == GpuLockState::acquired);
    other.reset();
    wait(nullptr);
}

TEST_CASE("a child that was let go keeps the lock, and is named, for as long as it is there") {
    const LockFile file;
    {
        const OtherRun other(file.path(), true, true);
        const GpuLock lock(file.path(), 30s);
        CHECK(lock.state() == GpuLockState::still_stuck);
        CHECK(lock.holder() == other.holder());
    }
    CHECK(GpuLock(file.path(), 30s).state() == GpuLockState::acquired);
}

TEST_CASE("a child that outlives its run without a word is stuck, too") {
    const LockFile file;
    const OtherRun other(file.path(), true, false);
    const GpuLock lock(file.path(), 0ms);
    CHECK(lock.state() == GpuLockState::still_stuck);
    CHECK(lock.holder() == 0);  // nobody told its number
}

TEST_CASE("a child that this very process let go is no other run to wait for") {
    const LockFile file;
    pid_t child = -1;
    {
        const GpuLock first(file.path(), 0ms);
        REQUIRE(first.state() == GpuLockState::acquired);
        child = fork();
        if (child == 0) {
            std::this_thread::sleep_for(60s);
            _exit(0);
        }
    }
    CHECK(GpuLock(file.path(), 30s).state() == GpuLockState::still_stuck);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    CHECK(GpuLock(file.path(), 30s).state() == GpuLockState::acquired);
}

TEST_CASE("a process of another time or another pid namespace is not taken for the holder") {
    const LockFile file;
    const OtherRun other(file.path(), false, false);
    const std::string pid = std::to_string(getppid());
    SUBCASE("a number of somebody else, started at another time: the holder is gone") {
        std::string name_space = file.record();
        name_space = name_space.substr(name_space.rfind(' '));
        file.write("gpu.lock", "run " + pid + " 1" + name_space + '\n');
        CHECK(GpuLock(file.path(), 0ms).state() == GpuLockState::still_stuck);
    }
    SUBCASE("another namespace: it cannot be looked at, and counts as running") {
        file.write("gpu.lock", "run 4000000 77 1\n");
        CHECK(GpuLock(file.path(), 0ms).state() == GpuLockState::busy);
    }
}

TEST_CASE("a record that says nothing, while somebody has the lock, is a child left behind") {
    const LockFile file;
    const OtherRun other(file.path(), false, false);
    file.write("gpu.lock", "nonsense\n");
    CHECK(GpuLock(file.path(), 0ms).state() == GpuLockState::still_stuck);
}

TEST_CASE("records are read strictly") {
    const auto run = parse_lock_record("run 12 34 56\n");
    REQUIRE(run);
    CHECK_FALSE(run->stuck);
    CHECK(run->pid == 12);
    CHECK(run->start_time == 34);
    CHECK(run->pid_namespace == 56);
    CHECK(parse_lock_record("stuck 99\n")->stuck);
    for (const char* text :
         {"", "\n", "run", "run 12", "run 12 34", "run 0 1 2", "run -1 1 2", "stuck", "stuck x", "stuck 1 2",
          "stuck 99999999999", "stuck 99999999999999999999999", "walk 12 34 56", "run 1 2 3 4"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_lock_record(text));
    }
    for (unsigned seed = 0; seed < 4000; ++seed) {
        for (const std::string& text : {testing::random_bytes(seed, 100), testing::mutated("run 12 34 56\n", seed),
                                        testing::mutated("stuck 12\n", seed)}) {
            if (const auto record = parse_lock_record(text)) REQUIRE(record->pid > 0);
        }
    }
}
