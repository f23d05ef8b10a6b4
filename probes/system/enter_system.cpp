// Sees a root as it will be once a NixOS system in it is switched to: which links lead elsewhere then. The rules are
// in system_root.hpp.

#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "probes/system/system_root.hpp"
#include "probes/system/tmpfiles.hpp"

namespace jetcuda {

void SystemRoot::enter_system(const std::string& path) {
    const auto refuse = [&](const std::string& why) {
        throw std::runtime_error("the system " + path + " cannot be used: " + why +
                                 "; name a NixOS system inside the root, such as the one that \"nixos-rebuild build\" "
                                 "leaves: readlink -f result");
    };
    if (path.empty() || path.front() != '/') refuse("it is no absolute path");
    const Fact<ResolvedPath> system = resolve(path);
    if (!system) refuse(system.missing().why);
    const std::string& folder = system->inside;
    if (!exists(folder + "/nixos-version")) refuse("it is no NixOS system, for it holds no file nixos-version");
    const Fact<ResolvedPath> etc = resolve(folder + "/etc");
    if (!etc) refuse("it is no NixOS system, for it holds no folder etc");

    std::string driver;
    if (const Fact<std::string> rules = read(folder + std::string(driver_link_rules))) {
        driver = link_target_in_rules(*rules, driver_link);
    }
    incoming_system_ = folder;
    incoming_etc_ = etc->inside;
    incoming_driver_ = driver;

    // The links stand also in an image, whose /run is empty or missing.
    FileStatus above;
    above.kind = FileKind::directory;
    above.mode = 0755;
    for (const char* place : {"/run", "/etc"}) noted_.emplace(place, Noted{above, true});
}

std::optional<std::string> SystemRoot::incoming_target(const std::string& inside) const {
    constexpr std::string_view etc = "/etc/";
    if (incoming_system_.empty()) return std::nullopt;
    if (inside == "/run/current-system") return incoming_system_;
    if (inside == driver_link) return incoming_driver_;
    if (inside == "/etc/static") return incoming_etc_;
    const bool entry_of_etc = inside.rfind(etc, 0) == 0 && inside.find('/', etc.size()) == std::string::npos;
    if (!entry_of_etc) return std::nullopt;
    const std::string entry = incoming_etc_ + inside.substr(etc.size() - 1);
    struct stat found {};
    const std::string host = live_ ? entry : host_directory_.string() + entry;
    if (::lstat(host.c_str(), &found) != 0) return std::nullopt;
    return entry;
}

}  // namespace jetcuda
