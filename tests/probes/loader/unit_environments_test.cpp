// LD_LIBRARY_PATH and LD_PRELOAD as systemd's files give them to services.

#include "probes/loader/unit_environments.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

std::vector<UnitEnvironment> read(const TempRoot& board) {
    return read_unit_environments(SystemRoot(board.directory()));
}

std::string path_of(const TempRoot& board, const std::string& unit) {
    for (const UnitEnvironment& environment : read(board)) {
        if (environment.unit == unit) return environment.library_path;
    }
    return "not set";
}

const std::string etc = "/etc/systemd/system/";
const std::string usr = "/usr/lib/systemd/system/";

}  // namespace

TEST_CASE("only units that set one of the two are told, with the line that does") {
    const TempRoot board;
    board.write(usr + "ssh.service", "[Service]\nExecStart=/bin/sshd\nEnvironment=LANG=C\n");
    board.write(usr + "ollama.service",
                "[Unit]\nDescription=x\n[Service]\nEnvironment=\"PATH=/bin\" LD_LIBRARY_PATH=/opt/a:/opt/b\n");
    board.write(usr + "trace.service", "[Service]\nEnvironment='LD_PRELOAD=/opt/t.so /opt/u.so'\n");
    const std::vector<UnitEnvironment> units = read(board);
    REQUIRE(units.size() == 2);
    CHECK(units[0].unit == "ollama.service");
    CHECK(units[0].library_path == "/opt/a:/opt/b");
    CHECK(units[0].library_path_source == usr + "ollama.service, line 4");
    CHECK(units[0].preload.empty());
    CHECK(units[1].preload == "/opt/t.so /opt/u.so");
}

TEST_CASE("what stands in /etc hides what stands in /usr, and drop-ins come on top, by name") {
    const TempRoot board;
    board.write(usr + "a.service", "[Service]\nEnvironment=LD_LIBRARY_PATH=/usr\n");
    CHECK(path_of(board, "a.service") == "/usr");
    board.write(etc + "a.service", "[Service]\nEnvironment=LD_LIBRARY_PATH=/etc\n");
    CHECK(path_of(board, "a.service") == "/etc");
    board.write(usr + "a.service.d/20.conf", "[Service]\nEnvironment=LD_LIBRARY_PATH=/twenty\n");
    board.write(etc + "a.service.d/10.conf", "[Service]\nEnvironment=LD_LIBRARY_PATH=/ten\n");
    CHECK(path_of(board, "a.service") == "/twenty");
    board.write(etc + "a.service.d/20.conf", "");  // hides the one of the same name
    CHECK(path_of(board, "a.service") == "/ten");
    board.write(etc + "a.service.d/30.conf", "[Service]\nEnvironment=\n");
    CHECK(path_of(board, "a.service") == "not set");
}

TEST_CASE("drop-ins for a kind, a prefix and a template count for their units") {
    const TempRoot board;
    board.write(usr + "app-x@1.service", "[Service]\nExecStart=/bin/x\n");
    board.write(etc + "service.d/a.conf", "[Service]\nEnvironment=LD_LIBRARY_PATH=/kind\n");
    CHECK(path_of(board, "app-x@1.service") == "/kind");
    board.write(etc + "app-.service.d/b.conf", "[Service]\nEnvironment=LD_LIBRARY_PATH=/prefix\n");
    CHECK(path_of(board, "app-x@1.service") == "/prefix");
    board.write(etc + "app-x@.service.d/c.conf", "[Service]\nEnvironment=LD_LIBRARY_PATH=/template\n");
    CHECK(path_of(board, "app-x@1.service") == "/template");
    board.write(etc + "app-x@1.service.d/d.conf", "[Service]\nEnvironment=LD_LIBRARY_PATH=/own\n");
    CHECK(path_of(board, "app-x@1.service") == "/own");
}

TEST_CASE("a masked unit cannot be started") {
    const TempRoot board;
    board.write(usr + "a.service", "[Service]\nEnvironment=LD_LIBRARY_PATH=/usr\n");
    board.write("/dev/null", "");
    board.link(etc + "a.service", "/dev/null");
    CHECK(read(board).empty());
}

TEST_CASE("files of environments win over the lines, and what is unset is gone") {
    const TempRoot board;
    board.write(usr + "a.service",
                "[Service]\nEnvironmentFile=-/etc/default/a\nEnvironment=LD_LIBRARY_PATH=/line\n"
                "UnsetEnvironment=LD_PRELOAD\nEnvironment=LD_PRELOAD=x.so\n");
    CHECK(path_of(board, "a.service") == "/line");
    board.write("/etc/default/a", "# comment\nLD_LIBRARY_PATH=\"/from/a file\"\nPATH=/bin\n");
    CHECK(path_of(board, "a.service") == "/from/a file");
    CHECK(read(board)[0].library_path_source == "/etc/default/a, line 2");
    CHECK(read(board)[0].preload.empty());
    board.write(etc + "a.service.d/x.conf", "[Service]\nUnsetEnvironment=LD_LIBRARY_PATH\n");
    CHECK(read(board).empty());
}

TEST_CASE("the manager's own environment is that of every unit, and /etc/environment that of sessions") {
    const TempRoot board;
    board.write("/etc/systemd/system.conf", "[Manager]\nDefaultEnvironment=LD_LIBRARY_PATH=/all\n");
    board.write("/etc/environment", "PATH=/bin\nLD_LIBRARY_PATH=\"/session\"\n");
    board.write(usr + "a.service", "[Service]\nEnvironment=LD_LIBRARY_PATH=/own\n");
    board.write(usr + "b.service", "[Service]\nEnvironment=LD_PRELOAD=/b.so\n");
    const std::vector<UnitEnvironment> units = read(board);
    REQUIRE(units.size() == 4);
    CHECK(units[0].unit == "every systemd unit");
    CHECK(units[0].library_path == "/all");
    CHECK(units[1].unit == "every login session");
    CHECK(units[1].library_path == "/session");
    CHECK(units[2].library_path == "/own");
    CHECK(units[3].library_path == "/all");
    board.write("/etc/systemd/system.conf.d/x.conf", "[Manager]\nDefaultEnvironment=\n");
    CHECK(path_of(board, "every systemd unit") == "not set");
}

TEST_CASE("damaged units and folders in place of files are read in bounded time") {
    const std::string good =
        "[Service]\nEnvironment=\"LD_LIBRARY_PATH=/a:/b\" 'X=y z'\nEnvironmentFile=-/etc/default/a\n\\\nEnvironment=\n";
    const TempRoot board;
    board.make_directory(usr + "folder.service");
    board.link(usr + "loop.service", "loop.service");
    board.write(usr + ".service", good);
    for (unsigned seed = 0; seed < 300; ++seed) {
        board.write(usr + "a.service", seed % 2 == 0 ? mutated(good, seed) : random_bytes(seed, 600));
        board.write("/etc/default/a", random_bytes(seed + 7, 300));
        board.write("/etc/environment", mutated(good, seed + 9));
        CHECK(read(board).size() < 10);
    }
}
