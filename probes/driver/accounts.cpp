#include "probes/driver/accounts.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <system_error>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

std::optional<std::uint32_t> number_in(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// Primary groups by user name. (passwd(5): name, password, uid, gid, …)
std::map<std::string, std::uint32_t, std::less<>> parse_users(std::string_view text) {
    std::map<std::string, std::uint32_t, std::less<>> users;
    while (!text.empty()) {
        const std::vector<std::string_view> fields = split(take_line(text), ':');
        if (fields.size() < 4 || fields[0].empty()) continue;
        if (const auto group = number_in(fields[3])) users.emplace(fields[0], *group);
    }
    return users;
}

}  // namespace

// group(5): name, password, gid, members with commas between them.
std::vector<Group> parse_groups(std::string_view text) {
    std::vector<Group> groups;
    while (!text.empty()) {
        const std::vector<std::string_view> fields = split(take_line(text), ':');
        if (fields.size() < 3 || fields[0].empty()) continue;
        const auto number = number_in(fields[2]);
        if (!number) continue;
        Group group{std::string(fields[0]), *number, {}};
        if (fields.size() > 3) {
            for (const std::string_view member : split(fields[3], ',')) {
                if (!trimmed(member).empty()) group.members.emplace_back(trimmed(member));
            }
        }
        groups.push_back(std::move(group));
    }
    return groups;
}

Fact<std::vector<Group>> read_groups(const SystemRoot& root) {
    const Fact<std::string> text = root.read("/etc/group");
    if (!text) return text.missing();
    return {parse_groups(*text), "/etc/group"};
}

Fact<std::vector<ServiceUser>> read_service_users(const SystemRoot& root, const Fact<std::vector<Group>>& groups,
                                                  const std::vector<std::string>& names) {
    std::vector<ServiceUser> users;
    if (names.empty()) return {std::move(users), "no service users are configured"};
    if (!groups) return groups.missing();
    const Fact<std::string> text = root.read("/etc/passwd");
    if (!text) return text.missing();
    const auto primary = parse_users(*text);
    for (const std::string& name : names) {
        ServiceUser user;
        user.name = name;
        const auto found = primary.find(name);
        user.exists = found != primary.end();
        for (const Group& group : *groups) {
            const bool listed = std::find(group.members.begin(), group.members.end(), name) != group.members.end();
            if (user.exists && (group.number == found->second || listed)) user.groups.push_back(group.name);
        }
        users.push_back(std::move(user));
    }
    return {std::move(users), "/etc/passwd, /etc/group"};
}

}  // namespace jetcuda
