#include "probes/packages/nix_store.hpp"

#include <doctest/doctest.h>

#include "tests/harness/temp_root.hpp"
#include "tests/probes/packages/nix_database_writer.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

std::string in_store(char letter, const std::string& name) {
    return "/nix/store/" + std::string(32, letter) + "-" + name;
}

const std::string toplevel = in_store('s', "nixos-system-orin-26.05");
const std::string etc = in_store('e', "etc");
const std::string cudart = in_store('c', "cuda12.6-cuda_cudart-12.6.77-lib");
const std::string core = in_store('n', "nvidia-l4t-core-36.5.0-20260115194252");
const std::string profile = in_store('p', "system-path");

// A system whose links show cudart and L4T's core.
struct Board {
    TempRoot root;
    Board() {
        root.write(toplevel + "/system", "aarch64-linux");
        root.link("/run/current-system", toplevel);
        root.write(core + "/etc/nv_tegra_release", "# R36\n");
        root.link(etc + "/etc/nv_tegra_release", core + "/etc/nv_tegra_release");
        root.link(toplevel + "/etc", etc + "/etc");
        root.write(cudart + "/lib/libcudart.so.12", "");
        root.link(profile + "/lib/libcudart.so.12", cudart + "/lib/libcudart.so.12");
        root.link(toplevel + "/sw", profile);
        root.make_directory(in_store('k', "linux-5.15.185"));
        root.link(toplevel + "/kernel-modules", in_store('k', "linux-5.15.185"));
        root.link(toplevel + "/dangling", "/nowhere");
    }
    [[nodiscard]] Fact<std::vector<std::string>> names(const std::string& system = "/run/current-system") const {
        return read_nix_names(SystemRoot(root.directory()), system);
    }
};

}  // namespace

TEST_CASE("Nix's database has the whole answer") {
    const Board board;
    testing::write_nix_database(board.root.on_host("/nix/var/nix/db/db.sqlite"),
                                {{toplevel, {etc}}, {etc, {core}}, {in_store('o', "other-system"), {cudart}}});
    const auto names = board.names();
    REQUIRE(names.known());
    CHECK(names.source() == "/nix/var/nix/db/db.sqlite");
    CHECK(*names ==
          std::vector<std::string>{"etc", "nixos-system-orin-26.05", "nvidia-l4t-core-36.5.0-20260115194252"});
    CHECK(board.names(in_store('o', "other-system")).lacks(Lack::not_there));  // the store has no such folder
    CHECK(board.names(toplevel)->size() == 3);
}

TEST_CASE("without it, the links of the system's own folders are followed, and the source says why") {
    const Board board;
    const std::vector<std::string> expected = {
        "cuda12.6-cuda_cudart-12.6.77-lib",      "etc",        "linux-5.15.185", "nixos-system-orin-26.05",
        "nvidia-l4t-core-36.5.0-20260115194252", "system-path"};
    auto names = board.names();
    REQUIRE(names.known());
    CHECK(*names == expected);
    CHECK(names.source() == "links of /run/current-system; /nix/var/nix/db/db.sqlite does not exist");
    board.root.write("/nix/var/nix/db/db.sqlite", std::string(1000, 'x'));
    names = board.names();
    REQUIRE(names.known());
    CHECK(*names == expected);
    CHECK(names.source().find("file is not a database") != std::string::npos);
}

TEST_CASE("links in circles end") {
    const Board board;
    board.root.link(profile + "/again", profile);
    board.root.link(profile + "/self", "self");
    CHECK(board.names()->size() == 6);
}

TEST_CASE("what is no NixOS system is none") {
    const TempRoot root;
    CHECK(read_nix_names(SystemRoot(root.directory()), "/run/current-system").lacks(Lack::not_there));
    root.make_directory("/usr");
    root.link("/run/current-system", "/usr");
    CHECK(read_nix_names(SystemRoot(root.directory()), "/run/current-system").lacks(Lack::not_understood));
}

}  // namespace jetcuda
