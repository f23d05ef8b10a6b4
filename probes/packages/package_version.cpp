#include "probes/packages/package_version.hpp"

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

// "-r0" or "-r0.3" at the end, of BitBake.
void drop_recipe_revision(std::string_view& version) {
    const std::size_t dash = version.rfind("-r");
    if (dash == std::string_view::npos || dash + 2 >= version.size()) return;
    if (version.find_first_not_of("0123456789.", dash + 2) == std::string_view::npos) version = version.substr(0, dash);
}

}  // namespace

PackageVersion parse_package_version(std::string_view version) {
    constexpr std::string_view suffix = "+cuda";
    PackageVersion parsed;
    const std::size_t colon = version.find(':');
    if (colon != std::string_view::npos && is_digits(version.substr(0, colon))) version.remove_prefix(colon + 1);
    drop_recipe_revision(version);
    const std::size_t plus = version.rfind(suffix);
    if (plus != std::string_view::npos) {
        parsed.cuda = parse_cuda_version(version.substr(plus + suffix.size()));
        if (parsed.cuda) version = version.substr(0, plus);
    }
    const std::size_t dash = version.rfind('-');
    parsed.upstream = dash == std::string_view::npos || dash == 0 ? version : version.substr(0, dash);
    return parsed;
}

std::optional<CudaVersion> first_two(std::string_view version) {
    const std::size_t first = version.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    return parse_cuda_version(version.substr(0, version.find('.', first + 1)));
}

}  // namespace jetcuda
