#include "probes/packages/opkg.hpp"

#include <optional>
#include <string>

namespace jetcuda {

Fact<DpkgPackages> read_opkg(const SystemRoot& root) {
    constexpr std::size_t limit = std::size_t{64} << 20;
    Missing missing{Lack::not_there, "neither /var/lib/opkg/status nor /usr/lib/opkg/status exists",
                    "/var/lib/opkg/status"};
    for (const char* file : {"/var/lib/opkg/status", "/usr/lib/opkg/status"}) {
        const Fact<std::string> text = root.read(file, limit);
        if (!text) {
            if (text.lacks(Lack::not_there)) continue;
            return text.missing();
        }
        if (std::optional<DpkgPackages> packages = parse_status_file(*text, {""})) return {*std::move(packages), file};
        return Missing{Lack::not_understood, std::string(file) + " names no package", file};
    }
    return missing;
}

}  // namespace jetcuda
