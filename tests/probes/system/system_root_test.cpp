#include "probes/system/system_root.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

// The message of the error that using this root ends in; empty where it can be used.
std::string refusal_of(const std::filesystem::path& directory) {
    try {
        const SystemRoot root(directory);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

// While it lives, this process has no more rights than any user: root may read everything.
class OrdinaryUser {
public:
    OrdinaryUser() : was_root_(::geteuid() == 0) {
        if (was_root_) REQUIRE(::seteuid(65534) == 0);
    }
    ~OrdinaryUser() {
        if (was_root_) CHECK(::seteuid(0) == 0);
    }
    OrdinaryUser(const OrdinaryUser&) = delete;
    OrdinaryUser& operator=(const OrdinaryUser&) = delete;

private:
    bool was_root_;
};

}  // namespace

TEST_CASE("a file is read with its path as the source") {
    const TempRoot board;
    board.write("/etc/group", "root:x:0:\n");
    const SystemRoot root(board.directory());
    CHECK_FALSE(root.live());
    const Fact<std::string> text = root.read("/etc/group");
    REQUIRE(text.known());
    CHECK(*text == "root:x:0:\n");
    CHECK(text.source() == "/etc/group");
    CHECK(root.read("/etc//./group").known());
    CHECK(root.read("etc/group").known());
}

TEST_CASE("what is not there says so by name") {
    const TempRoot board;
    board.write("/etc/group", "");
    const SystemRoot root(board.directory());
    for (const char* path : {"/etc/passwd", "/nowhere/at/all", "/etc/group/below"}) {
        CAPTURE(path);
        const Fact<std::string> text = root.read(path);
        REQUIRE(text.lacks(Lack::not_there));
        CHECK(text.missing().why == std::string(path) + " does not exist");
        CHECK(text.missing().source == path);
        CHECK_FALSE(root.exists(path));
    }
    CHECK(root.read(std::string_view("/etc/gr\0up", 10)).lacks(Lack::not_there));
}

TEST_CASE("links are followed below the root, and none leads out of it") {
    const TempRoot board;
    board.write("/etc/hostname", "board");
    board.write("/usr/lib/libcuda.so.1.1", "elf");
    board.link("/usr/lib/libcuda.so.1", "libcuda.so.1.1");
    board.link("/lib", "usr/lib");
    board.link("/run/opengl-driver", "/nix/store/x-drivers");
    board.link("/nix/store/x-drivers/lib", "/usr/lib");
    board.link("/out", "../../../../../../../../etc/hostname");
    board.link("/out2", "/etc/../../../etc/hostname");
    board.link("/host", board.directory().string() + "/etc/hostname");
    const SystemRoot root(board.directory());

    const Fact<ResolvedPath> libcuda = root.resolve("/run/opengl-driver/lib/libcuda.so.1");
    REQUIRE(libcuda.known());
    CHECK(libcuda->inside == "/usr/lib/libcuda.so.1.1");
    CHECK(libcuda->on_host == root.host_directory() / "usr/lib/libcuda.so.1.1");
    CHECK(root.resolve("/lib/libcuda.so.1")->inside == "/usr/lib/libcuda.so.1.1");
    CHECK(root.resolve("/lib/../lib/./libcuda.so.1")->inside == "/usr/lib/libcuda.so.1.1");
    CHECK(*root.read("/out") == "board");
    CHECK(*root.read("/out2") == "board");
    CHECK(*root.read("/../../etc/hostname") == "board");
    CHECK(root.resolve("/..")->inside == "/");
    CHECK(root.read("/host").lacks(Lack::not_there));
}

TEST_CASE("a link to a folder outside shows nothing of the machine it runs on") {
    const TempRoot board;
    const TempRoot elsewhere;
    elsewhere.write("/secret", "secret");
    board.link("/a", elsewhere.directory().string());
    board.link("/b", "../" + elsewhere.directory().filename().string());
    const SystemRoot root(board.directory());
    CHECK(root.read("/a/secret").lacks(Lack::not_there));
    CHECK(root.read("/b/secret").lacks(Lack::not_there));
    CHECK(root.list("/a").lacks(Lack::not_there));
}

TEST_CASE("a loop of links is a clear finding") {
    const TempRoot board;
    board.link("/a", "b");
    board.link("/b", "/a");
    board.link("/self/self", "../self");
    board.link("/long0", "/");
    for (int i = 1; i <= 41; ++i) board.link("/long" + std::to_string(i), "long" + std::to_string(i - 1));
    const SystemRoot root(board.directory());
    const Fact<std::string> text = root.read("/a");
    REQUIRE(text.lacks(Lack::not_understood));
    CHECK(text.missing().why == "/a leads through more than 40 symbolic links: a symlink loop");
    CHECK(root.list("/a").lacks(Lack::not_understood));
    CHECK(root.exists("/self/self/self/self"));
    CHECK(root.exists("/long39"));
    CHECK_FALSE(root.exists("/long40"));
}

TEST_CASE("a longer file than allowed is not understood, and one of exactly that length is read") {
    const TempRoot board;
    board.write("/ten", "0123456789");
    const SystemRoot root(board.directory());
    CHECK(*root.read("/ten", 10) == "0123456789");
    CHECK(root.read("/ten", 9).lacks(Lack::not_understood));
    board.write("/empty", "");
    CHECK(root.read("/empty")->empty());
    CHECK(*root.read("/ten", 1000) == "0123456789");
}

TEST_CASE("files of the kernel, which report no size, are read whole") {
    const SystemRoot root("/");
    CHECK(root.live());
    const Fact<std::string> status = root.read("/proc/self/status");
    REQUIRE(status.known());
    CHECK(status->find("VmPeak") != std::string::npos);
    const Fact<std::string> release = root.read_value("/proc/sys/kernel/osrelease");
    REQUIRE(release.known());
    CHECK(release->find('\n') == std::string::npos);
    CHECK(root.resolve("/proc/self/fd/0/nothing").known() == false);
}

TEST_CASE("FIFOs, sockets, devices and folders are refused without being opened") {
    const TempRoot board;
    board.make_directory("/dev");
    REQUIRE(::mkfifo(board.on_host("/dev/fifo").c_str(), 0600) == 0);
    const SystemRoot root(board.directory());
    const Fact<std::string> fifo = root.read("/dev/fifo");  // would hang if it were opened as files are
    REQUIRE(fifo.lacks(Lack::not_understood));
    CHECK(fifo.missing().why == "/dev/fifo is a FIFO and not a file to read");
    CHECK(root.status("/dev/fifo")->kind == FileKind::fifo);
    CHECK(root.read("/dev").lacks(Lack::not_understood));
    CHECK(root.list("/dev/fifo").lacks(Lack::not_there));
    CHECK(SystemRoot("/").read("/dev/zero").lacks(Lack::not_understood));
}

TEST_CASE("a file that may not be read is told apart from one that is not there") {
    const TempRoot board;
    board.write("/closed/file", "x");
    board.write("/locked", "x");
    REQUIRE(::chmod(board.directory().c_str(), 0755) == 0);
    REQUIRE(::chmod(board.on_host("/closed").c_str(), 0) == 0);
    REQUIRE(::chmod(board.on_host("/locked").c_str(), 0) == 0);
    const SystemRoot root(board.directory());
    {
        const OrdinaryUser user;
        CHECK(root.read("/closed/file").lacks(Lack::not_readable));
        CHECK(root.list("/closed").lacks(Lack::not_readable));
        const Fact<std::string> locked = root.read("/locked");
        REQUIRE(locked.lacks(Lack::not_readable));
        CHECK(locked.missing().why == "/locked cannot be read: Permission denied");
        CHECK(root.read("/neither").lacks(Lack::not_there));
    }
    REQUIRE(::chmod(board.on_host("/closed").c_str(), 0700) == 0);
}

TEST_CASE("one-value files lose what stands after the value") {
    const TempRoot board;
    board.write("/sys/a", "value \n");
    board.write("/proc/b", std::string("model\0\0", 7));
    board.write("/sys/blank", " \n");
    const SystemRoot root(board.directory());
    CHECK(*root.read_value("/sys/a") == "value");
    CHECK(*root.read_value("/proc/b") == "model");
    CHECK(root.read_value("/sys/blank")->empty());
}

TEST_CASE("a folder is listed in order, and the status of a file has its numbers") {
    const TempRoot board;
    board.write("/d/b", "12345");
    board.write("/d/a", "");
    board.make_directory("/d/c");
    REQUIRE(::chmod(board.on_host("/d/b").c_str(), 0640) == 0);
    const SystemRoot root(board.directory());
    CHECK(*root.list("/d") == std::vector<std::string>{"a", "b", "c"});
    CHECK(root.list("/e").lacks(Lack::not_there));
    const Fact<FileStatus> status = root.status("/d/b");
    REQUIRE(status.known());
    CHECK(status->kind == FileKind::regular);
    CHECK(status->size == 5);
    CHECK(status->mode == 0640);
    CHECK(status->uid == ::geteuid());
    CHECK(root.status("/d")->kind == FileKind::directory);
}

TEST_CASE("who may open a node is asked of the running system only") {
    const TempRoot board;
    board.write("/dev/nvmap", "");
    CHECK(SystemRoot(board.directory()).can_open("/dev/nvmap").lacks(Lack::not_asked));
    const Fact<bool> null = SystemRoot("/").can_open("/dev/null");
    REQUIRE(null.known());
    CHECK(*null);
    CHECK(SystemRoot("/").can_open("/dev/no-such-node").lacks(Lack::not_there));
}

TEST_CASE("it is counted how often a file is read, under its real name") {
    const TempRoot board;
    board.write("/usr/lib/os-release", "ID=x\n");
    board.link("/etc/os-release", "../usr/lib/os-release");
    const SystemRoot root(board.directory());
    CHECK(root.read("/etc/os-release").known());
    CHECK(root.read("/usr/lib/os-release").known());
    CHECK(root.exists("/etc/os-release"));
    CHECK(root.read_counts().at("/usr/lib/os-release") == 2);
    CHECK(root.read_counts().size() == 1);
}

TEST_CASE("a root that cannot be used is refused with the way out") {
    const TempRoot board;
    board.write("/file", "");
    CHECK(refusal_of(board.on_host("/nothing")).find("name a folder that holds the file system of a board") !=
          std::string::npos);
    CHECK(refusal_of(board.on_host("/file")).find("is not a folder") != std::string::npos);
}

TEST_CASE("no path makes the walk misbehave or leave the root") {
    const TempRoot board;
    board.write("/a/b/c", "inside");
    board.link("/a/up", "..");
    board.link("/a/root", "/");
    board.link("/a/b/loop", "loop");
    const SystemRoot root(board.directory());
    for (unsigned seed = 0; seed < 3000; ++seed) {
        for (const std::string& path :
             {testing::random_bytes(seed, 40), testing::mutated("/a/up/a/root/a/b/../b/./loop/c", seed)}) {
            const Fact<ResolvedPath> resolved = root.resolve(path);
            if (!resolved) continue;
            const std::string on_host = resolved->on_host.string();
            CHECK(on_host.rfind(root.host_directory().string(), 0) == 0);
            CHECK(resolved->inside.find("..") == std::string::npos);
        }
    }
}

}  // namespace jetcuda
