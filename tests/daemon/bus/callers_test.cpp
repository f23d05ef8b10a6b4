#include "daemon/bus/callers.hpp"

#include <doctest/doctest.h>

using namespace jetcuda::bus;
using std::chrono::seconds;

namespace {

const StartLimit::Time start{};

int allowed(StartLimit& limit, uid_t user, StartLimit::Time now, int attempts) {
    int count = 0;
    for (int i = 0; i < attempts; ++i) {
        count += limit.allows(user, now) ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("a user may start a few runs in a row, then one now and then") {
    StartLimit limit;
    CHECK(allowed(limit, 1000, start, 100) == 8);
    CHECK(allowed(limit, 1000, start + seconds(4), 100) == 0);
    CHECK(allowed(limit, 1000, start + seconds(5), 100) == 1);
    CHECK(allowed(limit, 1000, start + seconds(16), 100) == 2);
    CHECK(allowed(limit, 1000, start + seconds(100'000), 100) == 8);
}

TEST_CASE("one user's runs take nothing from another's") {
    StartLimit limit;
    CHECK(allowed(limit, 1000, start, 100) == 8);
    CHECK(allowed(limit, 1001, start, 100) == 8);
}

TEST_CASE("many users do not fill the memory, and come back when others are rested") {
    StartLimit limit;
    int users = 0;
    for (uid_t user = 1; user <= 5000; ++user) {
        users += limit.allows(user, start) ? 1 : 0;
    }
    CHECK(users < 5000);
    CHECK(limit.allows(9999, start + seconds(1000)));
}
