// Users and groups as the judged system names them: from its own etc/passwd and etc/group, since the names of this
// machine mean nothing below another root. They decide who may open the GPU's device nodes.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct Group {
    std::string name;
    std::uint32_t number = 0;
    std::vector<std::string> members;
};

// Lines of etc/group that can be understood; others are passed over, as the C library does.
std::vector<Group> parse_groups(std::string_view text);

// Asked once, and handed to all who need names for numbers.
Fact<std::vector<Group>> read_groups(const SystemRoot& root);

// For each of `names`, in their order: whether there is such a user, and its groups. Missing where etc/passwd or
// etc/group is (a minimal container), unless nobody is asked about.
Fact<std::vector<ServiceUser>> read_service_users(const SystemRoot& root, const Fact<std::vector<Group>>& groups,
                                                  const std::vector<std::string>& names);

}  // namespace jetcuda
