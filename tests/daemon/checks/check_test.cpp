#include "daemon/checks/check.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "daemon/checks/custom_checks.hpp"

using namespace jetcuda;

namespace {

const std::vector<Distribution> distributions = {Distribution::ubuntu, Distribution::nixos, Distribution::yocto,
                                                 Distribution::other};

std::set<std::string> codes_of_the_program() {
    std::set<std::string> lines;
    const auto add = [&](std::string_view id, const Code& code) {
        lines.insert(std::string(id) + ' ' + std::string(code.code) + ' ' + std::string(name_of(code.status)));
    };
    for (const Check* check : all_checks()) {
        for (const Code& code : check->codes) add(check->id, code);
    }
    for (const Code& code : common_codes()) add("*", code);
    for (const Code& code : custom_codes()) add("custom/*", code);
    return lines;
}

bool is_kebab_case(std::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

}  // namespace

TEST_CASE("names in braces are filled, and one without a value stays") {
    CHECK(fill("libcuda is of {a}, the module of {b}", {{"a", "36.4.4"}, {"b", "36.5.0"}}) ==
          "libcuda is of 36.4.4, the module of 36.5.0");
    CHECK(fill("{a}{a}", {{"a", "x"}}) == "xx");
    CHECK(fill("of {unknown}", {{"a", "x"}}) == "of {unknown}");
    CHECK(fill("no end {a", {{"a", "x"}}) == "no end {a");
    CHECK(fill("", {}).empty());
    // What a machine says of itself is not filled a second time.
    CHECK(fill("{a}", {{"a", "{b}"}, {"b", "x"}}) == "{b}");
}

TEST_CASE("a remedy is that of the distribution, else the one for others") {
    const Remedy remedy{.apt = "apt", .nix = "nix", .other = "other"};
    CHECK(remedy.for_distribution(Distribution::ubuntu) == "apt");
    CHECK(remedy.for_distribution(Distribution::nixos) == "nix");
    CHECK(remedy.for_distribution(Distribution::yocto) == "other");
    CHECK(remedy.for_distribution(Distribution::other) == "other");
}

TEST_CASE("a missing fact is told by its reason, with what was looked for as evidence") {
    const Finding finding = because_missing({Lack::not_readable, "/etc/group cannot be read", "/etc/group"});
    CHECK(finding.code == "not-readable");
    CHECK(finding.values.at("why") == "/etc/group cannot be read");
    REQUIRE(finding.evidence.size() == 1);
    CHECK(finding.evidence.front().source == "/etc/group");
    CHECK(because_missing({}).values.at("why") == "nothing is known about it");
}

TEST_CASE("checks stand by group, and each after what it needs of its own group") {
    std::vector<std::string_view> seen;
    Group last = Group::platform;
    for (const Check* check : all_checks()) {
        CAPTURE(check->id);
        CHECK(check->group >= last);
        last = check->group;
        for (const std::string_view need : check->needs) {
            CAPTURE(need);
            REQUIRE(find_check(need) != nullptr);
            if (find_check(need)->group == check->group) {
                CHECK(std::find(seen.begin(), seen.end(), need) != seen.end());
            }
        }
        seen.push_back(check->id);
    }
    CHECK(seen.size() >= 16);
    CHECK(std::set<std::string_view>(seen.begin(), seen.end()).size() == seen.size());
    CHECK(find_check("no-such-check") == nullptr);
}

TEST_CASE("every check says what it claims, why that matters and what it reads") {
    for (const Check* check : all_checks()) {
        CAPTURE(check->id);
        CHECK(is_kebab_case(check->id));
        REQUIRE_FALSE(check->claim.empty());
        CHECK(check->claim.back() != '.');
        REQUIRE_FALSE(check->why.empty());
        CHECK(check->why.back() == '.');
        CHECK(std::isupper(static_cast<unsigned char>(check->why.front())) != 0);
        CHECK_FALSE(check->reads.empty());
        CHECK((check->judge != nullptr));
        CHECK(std::any_of(check->codes.begin(), check->codes.end(),
                          [](const Code& code) { return code.code == "ok" && code.status == Status::pass; }));
        CHECK(std::any_of(check->codes.begin(), check->codes.end(),
                          [](const Code& code) { return code.status == Status::fail; }));
    }
}

TEST_CASE("every code has a sentence, and every failure a remedy on every distribution") {
    for (const Check* check : all_checks()) {
        std::set<std::string_view> words;
        for (const Code& code : check->codes) {
            CAPTURE(check->id);
            CAPTURE(code.code);
            CHECK(is_kebab_case(code.code));
            CHECK(words.insert(code.code).second);
            CHECK(check->find_code(code.code) == &code);
            REQUIRE(code.sentence.size() > 10);
            CHECK(code.sentence.back() != '.');
            for (const Distribution distribution : distributions) {
                const std::string_view remedy = code.remedy.for_distribution(distribution);
                if (code.status == Status::fail) CHECK(remedy.size() > 10);
                // A remedy ends with the command or line itself, after the colon that announces it.
                if (!remedy.empty()) {
                    CHECK(remedy.find(": ") != std::string_view::npos);
                    CHECK(remedy.back() != '.');
                }
            }
        }
        CHECK(check->find_code("not-probed") != nullptr);
        CHECK(check->find_code("never-declared") == nullptr);
    }
}

TEST_CASE("the codes are those of the baseline, which only grows") {
    const std::string path = JETCUDA_SOURCE_DIR "/tests/daemon/checks/codes.txt";
    std::ifstream file(path);
    REQUIRE(file);
    std::set<std::string> baseline;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line.front() != '#') baseline.insert(line);
    }
    const std::set<std::string> program = codes_of_the_program();
    for (const std::string& line : baseline) {
        CHECK_MESSAGE(program.count(line) == 1,
                      "the program no longer answers \""
                          << line
                          << "\". Fleets match on these words, so a code keeps its "
                             "name and status for ever: declare it again, and give a new meaning a new code");
    }
    for (const std::string& line : program) {
        CHECK_MESSAGE(baseline.count(line) == 1, "\"" << line << "\" is new: add this line to " << path
                                                      << " once its name is one to keep for ever");
    }
}
