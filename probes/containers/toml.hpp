// The settings of containerd, CRI-O and podman are TOML, and asked for is one thing only: is NVIDIA's runtime among
// them? This reads what TOML that question can meet (tables, dotted and quoted keys, texts, words, lists, inline
// tables) into a flat list, and does not check what it has no use for, such as the forms of dates and numbers. A
// library would do that, but no distribution that this is built on has the same one: libtoml11 and tomlplusplus came
// into them at different times, and with different limits on nesting.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

struct TomlEntry {
    std::vector<std::string> path;    // {"plugins", "io.containerd.grpc.v1.cri", "enable_cdi"}
    std::vector<std::string> values;  // a text or word; of a list, those in it: {"true"}
    std::size_t line = 0;

    [[nodiscard]] const std::string& key() const { return path.back(); }
};

// Says what is wrong and where: "line 3: a text does not end".
struct TomlFlaw : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Throws TomlFlaw for what is no TOML as far as it looks, for more than 16 levels and more than 20,000 values.
std::vector<TomlEntry> parse_toml(std::string_view text);

}  // namespace jetcuda
