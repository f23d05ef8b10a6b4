// Users and groups of the judged system, from its own files.

#include "probes/driver/accounts.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

TEST_CASE("groups are read as the C library reads them, and odd lines are passed over") {
    const std::vector<Group> groups = parse_groups(
        "root:x:0:\nvideo:x:44:alice, bob,\n# a comment\nbroken\n:x:5:\nnegative:x:-1:\nlarge:x:99999999999:\n"
        "short:x:7\nlast:x:109:carol");
    REQUIRE(groups.size() == 4);
    CHECK(groups[1].name == "video");
    CHECK(groups[1].number == 44);
    CHECK(groups[1].members == std::vector<std::string>{"alice", "bob"});
    CHECK(groups[2].name == "short");
    CHECK(groups[3].members == std::vector<std::string>{"carol"});
}

TEST_CASE("a service user has its primary group and those that list it") {
    const TempRoot board;
    board.write("/etc/group", "camera:x:900:\nvideo:x:44:inference\nrender:x:104:other\n");
    board.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\ninference:x:900:900::/:/usr/sbin/nologin\n");
    const SystemRoot root(board.directory());
    const auto users = read_service_users(root, read_groups(root), {"inference", "nobody-of-that-name"});
    REQUIRE(users.known());
    REQUIRE(users->size() == 2);
    CHECK((*users)[0].exists);
    CHECK((*users)[0].groups == std::vector<std::string>{"camera", "video"});
    CHECK_FALSE((*users)[1].exists);
    CHECK((*users)[1].groups.empty());
}

TEST_CASE("without files nobody is known, but nobody to ask about is no fault") {
    const TempRoot board;
    const SystemRoot root(board.directory());
    CHECK(read_groups(root).lacks(Lack::not_there));
    CHECK(read_service_users(root, read_groups(root), {}).known());
    CHECK(read_service_users(root, read_groups(root), {"inference"}).lacks(Lack::not_there));
    board.write("/etc/group", "video:x:44:\n");
    CHECK(read_service_users(root, read_groups(root), {"inference"}).missing().source == "/etc/passwd");
}

TEST_CASE("random groups and users do no harm") {
    const TempRoot board;
    const SystemRoot root(board.directory());
    for (unsigned seed = 0; seed < 2000; ++seed) {
        (void)parse_groups(mutated("root:x:0:\nvideo:x:44:alice,bob\n", seed));
        (void)parse_groups(random_bytes(seed, 200));
    }
    for (unsigned seed = 0; seed < 60; ++seed) {
        board.write("/etc/passwd", mutated("inference:x:900:900::/:/bin/sh\n", seed));
        const Fact<std::vector<Group>> groups{{{"video", 900, {}}}, "/etc/group"};
        CHECK(read_service_users(root, groups, {"inference"}).known());
    }
}
