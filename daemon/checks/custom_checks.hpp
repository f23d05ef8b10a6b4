// The administrator's own checks, one for each program in checks.d and each one that the settings name: custom/NAME.
// They come from this machine and not from the build, so they are no part of all_checks(); whoever judges or lists
// hands them over beside those. A record is what any check is, and its judge as pure as any.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/checks/check.hpp"

namespace jetcuda {

struct CustomSetup {
    std::string name;  // is_custom_name()
    std::string file;  // "/etc/jetcuda-check/checks.d/NAME"
    Severity severity = Severity::wanted;
    std::string remedy;  // of a failure, in the administrator's words; empty: the general one
};

class CustomChecks {
public:
    CustomChecks();
    explicit CustomChecks(const std::vector<CustomSetup>& setups);  // each name once
    CustomChecks(CustomChecks&& other) noexcept;
    CustomChecks& operator=(CustomChecks&& other) noexcept;
    ~CustomChecks();

    // In the order given. They live as long as this object, also where it is moved.
    [[nodiscard]] const std::vector<const Check*>& all() const { return checks_; }

private:
    struct Record;
    std::vector<std::unique_ptr<Record>> records_;
    std::vector<const Check*> checks_;
};

// Every way that such a check can go, with {file} and {name} not filled in; the same for all.
const std::vector<Code>& custom_codes();

}  // namespace jetcuda
