// The two questions that facts answer about themselves.

#include "probes/facts.hpp"

#include <doctest/doctest.h>

using namespace jetcuda;

TEST_CASE("distributions have the names of the report") {
    CHECK(name_of(Distribution::ubuntu) == "ubuntu");
    CHECK(name_of(Distribution::nixos) == "nixos");
    CHECK(name_of(Distribution::yocto) == "yocto");
    CHECK(name_of(Distribution::other) == "other");
}

TEST_CASE("a node is found by its whole path") {
    DeviceNodes nodes;
    nodes.nodes.push_back({"/dev/nvmap", {}, "video", {}});
    CHECK(nodes.at("/dev/nvmap") == nodes.nodes.data());
    CHECK(nodes.at("/dev/nvma") == nullptr);
    CHECK(DeviceNodes{}.at("/dev/nvmap") == nullptr);
}
