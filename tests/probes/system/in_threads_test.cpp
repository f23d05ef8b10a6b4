#include "probes/system/in_threads.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace jetcuda;

namespace {

constexpr int pieces = 1000;

// How many pieces were done, each by whoever came first.
int done_by(std::size_t threads) {
    std::atomic<int> next{0};
    std::atomic<int> done{0};
    in_threads(threads, [&] {
        while (next++ < pieces) ++done;
    });
    return done;
}

}  // namespace

TEST_CASE("any number of threads does all of the work") {
    for (const std::size_t threads : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
        CAPTURE(threads);
        CHECK(done_by(threads) == pieces);
    }
}

TEST_CASE("one thread is the caller's, and more are others") {
    const auto who = [](std::size_t threads) {
        std::mutex lock;
        std::multiset<std::thread::id> ids;
        in_threads(threads, [&] {
            const std::lock_guard<std::mutex> locked(lock);
            ids.insert(std::this_thread::get_id());
        });
        return ids;
    };
    CHECK(who(1) == std::multiset<std::thread::id>{std::this_thread::get_id()});
    CHECK(who(3).size() == 3);
    CHECK(who(3).count(std::this_thread::get_id()) == 0);
}

TEST_CASE("where no thread is to be had the caller does all of it") {
    const pid_t child = ::fork();
    if (child == 0) {
        // The limit does not hold for root.
        constexpr uid_t nobody = 65534;
        if (::geteuid() == 0 && ::setuid(nobody) != 0) ::_exit(2);
        const rlimit none{0, 0};
        if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(3);
        ::_exit(done_by(4) == pieces ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
