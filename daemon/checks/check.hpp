// A check is one claim about a healthy board, with everything that belongs to it in one record: why it matters,
// what it reads, every way it can go, and for each way the sentence and the remedy. Its judge is a pure function
// of Facts: it opens no file, logs nothing, throws nothing and asks no clock.

#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"

namespace jetcuda {

// In the order people read them; `custom` are the administrator's own.
enum class Group { platform, kernel, devices, driver, packages, compat, containers, custom };
std::string_view name_of(Group group);

enum class Severity { required, wanted };  // required gates a boot; wanted is told
std::string_view name_of(Severity severity);

enum class Status { pass, fail, unknown, not_applicable };
std::string_view name_of(Status status);  // "pass", "fail", "unknown", "not-applicable"

// What a check rests on. It decides, for all checks alike, where it does not apply (contract, section 2).
enum class Basis {
    files,     // files of the root file system: judged live and at rest
    host,      // files of the host's side: firmware, modules on disk; not-applicable in a container, `in-container`
    running,   // the state of a running kernel: not-applicable at rest, `not-running`
    measured,  // what jetcuda-probe measured: not-applicable when nothing was probed, `not-probed`
    program,   // what a program of the administrator's own answered: the same, and on the running system only
};

// What mends it, ending with the exact command, per distribution. `other` serves where one is empty.
// May name values of the finding: "sudo apt-get install --reinstall {package}".
struct Remedy {
    std::string_view apt = {};
    std::string_view nix = {};
    std::string_view yocto = {};
    std::string_view other = {};
    [[nodiscard]] std::string_view for_distribution(Distribution distribution) const;
};

// One way a check can go. `sentence` is complete and names the thing and its value, as "{name}" from Finding::values.
struct Code {
    std::string_view code;  // kebab-case, stable for ever
    Status status;
    std::string_view sentence;
    Remedy remedy = {};  // all empty for a pass, or where there is nothing to mend
};

// `volatile_value` keeps a value out of the digest: it may differ between two runs on an unchanged machine.
struct Evidence {
    std::string what;
    std::string value;
    std::string source;
    bool volatile_value = false;
};

// What a judge says about this machine. `code` is one of the check's own codes or of common_codes(); status,
// sentence and remedy follow from it.
struct Finding {
    std::string_view code = {};
    std::map<std::string, std::string> values = {};  // fills the {names} of sentence and remedy
    std::vector<Evidence> evidence = {};
    long duration_ms = 0;  // of a program that was run for this check alone
};

struct Check {
    std::string_view id;  // the state we want, in kebab-case; the file's name with '-' for '_'
    Group group;
    Severity severity;
    Basis basis;
    std::string_view claim;  // without full stop
    std::string_view why;    // what goes wrong for a user where the claim does not hold; complete sentences
    std::vector<std::string_view> reads;
    std::vector<std::string_view> needs;  // ids; where one of these fails, this check is `unknown`, blocked by it
    std::vector<Code> codes;
    std::function<Finding(const Facts& facts)> judge;

    [[nodiscard]] const Code* find_code(std::string_view code) const;  // own, then common; null: neither
};

// Codes that every check may answer: "not-readable", "not-understood", "not-there", "not-asked" (unknown, from a
// Missing), "blocked", "no-permission" and "probe-still-stuck" (unknown), and the not-applicable ones "not-a-jetson",
// "in-container", "not-running", "not-probed".
const std::vector<Code>& common_codes();

// The finding for a fact that is missing: the common code of its reason, with {why} and the source as evidence.
Finding because_missing(const Missing& missing);

// Every "{name}" of `text` replaced from `values`. A name without a value stays as it is (a test finds those).
std::string fill(std::string_view text, const std::map<std::string, std::string>& values);

// All checks of the build (not the administrator's own, see custom_checks.hpp), in the order people read them: by
// group, then by name of their need. daemon/checks/CMakeLists.txt writes the list from the names of the files.
const std::vector<const Check*>& all_checks();
const Check* find_check(std::string_view id);  // null: no such check

}  // namespace jetcuda
