// `.jetcuda-root.json`: what it adds to a folder, and how it is refused.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "probes/system/system_root.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

constexpr std::string_view notes_file = "/.jetcuda-root.json";

std::string refusal_of(std::string_view notes) {
    const TempRoot board;
    board.write(notes_file, notes);
    try {
        const SystemRoot root(board.directory());
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

std::string refusal_of_node(const std::string& node) { return refusal_of(R"({"nodes":[)" + node + "]}"); }

}  // namespace

TEST_CASE("nodes and folders that are noted are there, with the note as the source") {
    const TempRoot board;
    board.write("/dev/real", "");
    board.write(notes_file, R"({"nodes": [
        {"path": "/dev/nvmap", "type": "c", "major": 10, "minor": 120, "mode": "0660", "uid": 0, "gid": 44},
        {"path": "/dev/nvgpu/igpu0/ctrl", "type": "c", "major": 505, "minor": 2, "mode": "0666"},
        {"path": "/dev/disk", "type": "b", "major": 8, "minor": 1, "mode": "0640"},
        {"path": "/run/pipe", "type": "p", "mode": "0600"},
        {"path": "/run/socket", "type": "s", "mode": "0600"}],
        "dirs": ["/sys/module/nvgpu"]})");
    const SystemRoot root(board.directory());
    const Fact<FileStatus> nvmap = root.status("/dev/nvmap");
    REQUIRE(nvmap.known());
    CHECK(nvmap->kind == FileKind::character_device);
    CHECK(nvmap->device_major == 10);
    CHECK(nvmap->device_minor == 120);
    CHECK(nvmap->mode == 0660);
    CHECK(nvmap->gid == 44);
    CHECK(nvmap.source() == "/dev/nvmap in /.jetcuda-root.json");
    CHECK(root.status("/dev/disk")->kind == FileKind::block_device);
    CHECK(root.status("/run/pipe")->kind == FileKind::fifo);
    CHECK(root.status("/run/socket")->kind == FileKind::socket);
    CHECK(root.read("/dev/nvmap").lacks(Lack::not_understood));
    CHECK(root.read("/run/pipe").lacks(Lack::not_understood));

    CHECK(*root.list("/dev") == std::vector<std::string>{"disk", "nvgpu", "nvmap", "real"});
    CHECK(*root.list("/dev/nvgpu") == std::vector<std::string>{"igpu0"});
    CHECK(root.status("/dev/nvgpu/igpu0")->kind == FileKind::directory);
    CHECK(root.list("/sys/module/nvgpu")->empty());
    CHECK(*root.list("/") == std::vector<std::string>{"dev", "run", "sys"});
    CHECK_FALSE(root.exists("/dev/nvgpu/igpu1"));
    CHECK(root.read_counts().empty());
}

TEST_CASE("owner and mode of a file or folder that is there can be noted, and make no file") {
    const TempRoot board;
    board.write("/etc/shadowed", "12345");
    board.make_directory("/var/lib/x");
    board.write(notes_file, R"({"nodes": [
        {"path": "/etc/shadowed", "type": "f", "mode": "0600", "uid": 7, "gid": 8},
        {"path": "/etc/ghost", "type": "f", "mode": "0600"},
        {"path": "/var/lib/x", "type": "d", "mode": "01777", "uid": 9}]})");
    const SystemRoot root(board.directory());
    const Fact<FileStatus> file = root.status("/etc/shadowed");
    REQUIRE(file.known());
    CHECK(file->kind == FileKind::regular);
    CHECK(file->size == 5);
    CHECK(file->mode == 0600);
    CHECK(file->uid == 7);
    CHECK(*root.read("/etc/shadowed") == "12345");
    CHECK_FALSE(root.exists("/etc/ghost"));
    CHECK(*root.list("/etc") == std::vector<std::string>{"shadowed"});
    CHECK(root.status("/var/lib/x")->mode == 01777);
    CHECK(root.status("/var/lib/x")->uid == 9);
}

TEST_CASE("a noted node stands before a file that only keeps its place, and links lead to nodes") {
    const TempRoot board;
    board.write("/dev/nvidia0", "");
    board.link("/dev/alias", "nvidia0");
    board.write(notes_file, R"({"nodes":[{"path":"/dev/nvidia0","type":"c","major":195,"minor":0,"mode":"0666"}]})");
    const SystemRoot root(board.directory());
    CHECK(root.status("/dev/nvidia0")->kind == FileKind::character_device);
    CHECK(root.status("/dev/alias")->device_major == 195);
    CHECK(root.resolve("/dev/alias")->inside == "/dev/nvidia0");
}

TEST_CASE("a folder above a noted node stays what it really is") {
    const TempRoot board;
    board.make_directory("/dev");
    board.link("/lib", "usr/lib");
    board.write("/usr/lib/file", "");
    REQUIRE(::chmod(board.on_host("/dev").c_str(), 0711) == 0);
    board.write(notes_file, R"({"nodes":[{"path":"/dev/pipe","type":"p","mode":"0600"}],"dirs":["/lib/x"]})");
    const SystemRoot root(board.directory());
    CHECK(root.status("/dev")->mode == 0711);
    CHECK(root.status("/dev").source() == "/dev");
    CHECK(root.exists("/lib/file"));
}

TEST_CASE("an entry that breaks the form is refused with its place") {
    const std::string good = R"("path":"/dev/a","type":"c","major":1,"minor":2,"mode":"0660")";
    CHECK(refusal_of_node("{" + good + "}").empty());
    struct Case {
        std::string node, complaint;
    };
    for (const auto& [node, complaint] : {
             Case{R"({"path":"/a","type":"x","mode":"0600"})", "nodes[0]: \"type\" must be one of"},
             Case{R"({"path":"/a","mode":"0600"})", "\"type\" must be one of"},
             Case{R"({"path":"/a","type":"c","minor":2,"mode":"0660"})", "\"major\" must be a whole number"},
             Case{R"({"path":"/a","type":"c","major":-1,"minor":2,"mode":"0660"})", "\"major\" must be a whole number"},
             Case{R"({"path":"/a","type":"c","major":1.5,"minor":2,"mode":"0660"})",
                  "\"major\" must be a whole number"},
             Case{R"({"path":"/a","type":"c","major":4294967296,"minor":2,"mode":"0"})", "\"major\" must be"},
             Case{R"({"path":"/a","type":"p","major":1,"mode":"0660"})", "belong to the types c and b only"},
             Case{R"({"path":"/a","type":"p","mode":432})", "\"mode\" must be octal text"},
             Case{R"({"path":"/a","type":"p","mode":"0888"})", "\"mode\" must be octal text"},
             Case{R"({"path":"/a","type":"p","mode":"017777"})", "\"mode\" must be octal text"},
             Case{R"({"path":"/a","type":"p"})", "\"mode\" must be octal text"},
             Case{R"({"type":"p","mode":"0600"})", "\"path\" is missing"},
             Case{R"({"path":"dev/a","type":"p","mode":"0600"})", "must be an absolute path"},
             Case{R"({"path":"/a/../b","type":"p","mode":"0600"})", "must be an absolute path"},
             Case{R"({"path":"/a/","type":"p","mode":"0600"})", "must be an absolute path"},
             Case{R"({"path":"/","type":"d","mode":"0600"})", "must be an absolute path"},
             Case{R"({"path":7,"type":"p","mode":"0600"})", "a path must be text"},
             Case{R"({"path":"/a","type":"p","mode":"0600","user":0})", "unknown key \"user\""},
             Case{R"(["/a"])", "nodes[0]: must be an object"},
             Case{"{" + good + "},{" + good + "}", "nodes[1]: \"/dev/a\" is named twice"},
         }) {
        CAPTURE(node);
        const std::string refusal = refusal_of_node(node);
        CHECK(refusal.find(complaint) != std::string::npos);
        CHECK(refusal.find("/.jetcuda-root.json: ") != std::string::npos);
        CHECK(refusal.find("; correct the file") != std::string::npos);
    }
    CHECK(refusal_of("[]").find("must be an object") != std::string::npos);
    CHECK(refusal_of(R"({"node":[]})").find("unknown key \"node\"") != std::string::npos);
    CHECK(refusal_of(R"({"nodes":{}})").find("nodes: must be a list") != std::string::npos);
    CHECK(refusal_of(R"({"dirs":[3]})").find("dirs[0]: a path must be text") != std::string::npos);
    CHECK(refusal_of(R"({"kernel_log":"x"})").find("kernel_log: must be a list") != std::string::npos);
    CHECK(refusal_of(R"({"kernel_log":["x",{}]})").find("kernel_log[1]: a line must be text") != std::string::npos);
    CHECK(refusal_of("{\n\"nodes\": [,]}").find("line 2") != std::string::npos);
    CHECK(refusal_of(R"({"nodes":[{"path":"/a","type":"p","mode":"0"}],"dirs":["/a/b"]})").find("is not a folder") !=
          std::string::npos);
}

TEST_CASE("no text in the file makes reading it misbehave") {
    const std::string good =
        R"({"nodes":[{"path":"/dev/a","type":"c","major":1,"minor":2,"mode":"0660","uid":0,"gid":44}],"dirs":["/b/c"]})";
    const TempRoot board;
    for (unsigned seed = 0; seed < 120; ++seed) {
        board.write(notes_file, seed % 3 == 0 ? testing::random_bytes(seed, 80) : testing::mutated(good, seed));
        try {
            const SystemRoot root(board.directory());
            const Fact<FileStatus> node = root.status("/dev/a");
            if (node) CHECK(node->mode <= 07777);
        } catch (const std::runtime_error& error) {
            CHECK(std::string(error.what()).find("/.jetcuda-root.json: ") != std::string::npos);
        }
    }
}

}  // namespace jetcuda
