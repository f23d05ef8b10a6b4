#include "daemon/checks/custom_checks.hpp"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "daemon/checks/judge.hpp"

using namespace jetcuda;
using std::chrono::milliseconds;

namespace {

constexpr const char* file = "/etc/jetcuda-check/checks.d/disk";

CustomAnswer exited(int status, const std::string& summary) {
    CustomAnswer answer;
    answer.file = file;
    answer.end = CustomEnd::exited;
    answer.exit_status = status;
    answer.summary = summary;
    return answer;
}

CustomAnswer ended(CustomEnd end) {
    CustomAnswer answer = exited(0, "half a sentence");
    answer.end = end;
    return answer;
}

Facts with(Fact<CustomAnswer> answer) {
    Facts facts;
    facts.scope.probe_wanted = true;
    facts.custom["disk"] = std::move(answer);
    return facts;
}

CheckResult judged(const Facts& facts, const CustomSetup& setup = {"disk", file, Severity::wanted, ""}) {
    const CustomChecks checks({setup});
    return judge(facts, checks.all()).at(0);
}

CheckResult judged(CustomAnswer answer) { return judged(with({std::move(answer), file})); }

}  // namespace

TEST_CASE("exit status 0 passes, 1 fails, 2 is unknown, with the first line as the sentence") {
    CheckResult result = judged(exited(0, "The disk is ours"));
    CHECK(result.id == "custom/disk");
    CHECK(result.group == Group::custom);
    CHECK(result.severity == Severity::wanted);
    CHECK(result.basis == Basis::program);
    CHECK(result.status == Status::pass);
    CHECK(result.code == "ok");
    CHECK(result.summary == "The disk is ours");
    CHECK(result.remedy.empty());

    result = judged(exited(1, "The disk is another's"));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "failed");
    CHECK(result.summary == "The disk is another's");
    CHECK(result.remedy == std::string("Run it by hand, and see all that it says: sudo ") + file);

    result = judged(exited(2, "There is no disk"));
    CHECK(result.status == Status::unknown);
    CHECK(result.code == "not-decided");
    CHECK(result.summary == "There is no disk");
}

TEST_CASE("a program that says nothing has a sentence all the same") {
    CHECK(judged(exited(0, "")).summary == std::string(file) + " ended with exit status 0 and said nothing");
    CHECK(judged(exited(1, "")).summary == std::string(file) + " ended with exit status 1 and said nothing");
}

TEST_CASE("what is no answer is unknown, never a pass, and names the file and what happened") {
    struct Way {
        CustomAnswer answer;
        const char* code;
        const char* words;
    };
    CustomAnswer seven = exited(7, "half");
    CustomAnswer killed = ended(CustomEnd::signalled);
    killed.signal = 11;
    CustomAnswer slow = ended(CustomEnd::timed_out);
    slow.limit = milliseconds{10'000};
    CustomAnswer cut = slow;
    cut.limit = milliseconds{1'500};
    CustomAnswer stuck = ended(CustomEnd::stuck);
    stuck.pid = 1234;
    CustomAnswer foreign = ended(CustomEnd::not_trusted);
    foreign.why = "/etc/jetcuda-check can be written by others than root";
    CustomAnswer broken = ended(CustomEnd::not_started);
    broken.why = "Exec format error";
    CustomAnswer late = ended(CustomEnd::no_time_left);
    late.limit = milliseconds{60'000};
    const std::vector<Way> ways = {
        {seven, "unexpected-status", "exit status 7"},
        {killed, "ended-by-signal", "signal 11"},
        {slow, "timed-out", "within 10 s"},
        {cut, "timed-out", "within 1500 ms"},
        {ended(CustomEnd::printed_too_much), "printed-too-much", "more than a check may"},
        {stuck, "stuck", "process 1234"},
        {broken, "not-started", "Exec format error"},
        {ended(CustomEnd::not_executable), "not-executable", "executed by anybody"},
        {foreign, "not-trusted", "can be written by others"},
        {late, "no-time-left", "the 60 s that all"},
    };
    for (const Way& way : ways) {
        CAPTURE(way.code);
        const CheckResult result = judged(way.answer);
        CHECK(result.status == Status::unknown);
        CHECK(result.code == way.code);
        CHECK(result.summary.find(file) != std::string::npos);
        CHECK(result.summary.find(way.words) != std::string::npos);
        CHECK(result.remedy.find(": ") != std::string::npos);
        CHECK((result.summary + result.remedy).find('{') == std::string::npos);
    }
}

TEST_CASE("a program that is gone, or a folder that may not be read, is unknown") {
    CheckResult result = judged(with(Missing{Lack::not_there, std::string(file) + " does not exist", file}));
    CHECK(result.status == Status::unknown);
    CHECK(result.code == "not-there");
    result = judged(with(Missing{Lack::not_readable, std::string(file) + " cannot be opened", file}));
    CHECK(result.code == "not-readable");
}

TEST_CASE("where programs are not run, their checks do not apply") {
    Facts facts;
    facts.scope.probe_wanted = false;
    CHECK(judged(facts).code == "not-probed");
    CHECK(judged(facts).status == Status::not_applicable);

    facts.scope.live = false;
    CHECK(judged(facts).code == "not-this-system");
    CHECK(judged(facts).status == Status::not_applicable);
    facts.scope.live = true;
    facts.scope.system = "/nix/store/x-nixos-system-orin";
    CHECK(judged(facts).code == "not-this-system");

    Facts stuck;
    stuck.scope.probe_wanted = true;
    stuck.scope.probe_stuck = true;
    CHECK(judged(stuck).code == "probe-still-stuck");
    stuck.scope.probe_stuck = false;
    CHECK(judged(stuck).code == "not-asked");
}

TEST_CASE("they are judged on any machine that has them, a container and no Jetson too") {
    Facts facts = with({exited(0, "fine"), file});
    facts.board = {Board{}, "/proc/device-tree"};
    facts.scope.in_container = true;
    CHECK(judged(facts).status == Status::pass);
}

TEST_CASE("what a program says beside its summary is evidence, and none of it is in the digest") {
    CustomAnswer answer = exited(1, "bad");
    answer.more = {"first", "second"};
    answer.errors = {"complaint"};
    answer.duration = milliseconds{17};
    CheckResult result = judged(answer);
    CHECK(result.duration_ms == 17);
    REQUIRE(result.evidence.size() == 4);
    CHECK(result.evidence[0].value == "1");
    CHECK_FALSE(result.evidence[0].volatile_value);
    for (std::size_t i = 1; i < 4; ++i) CHECK(result.evidence[i].volatile_value);
    CHECK(result.evidence[3].value == "complaint");
    CHECK(result.evidence[3].source == std::string(file) + ", standard error");

    answer.exit_status = 0;
    CHECK(judged(answer).evidence.size() == 3);  // who passes may complain in peace
    // Where the first line is not the sentence, it is not lost.
    result = judged(ended(CustomEnd::timed_out));
    REQUIRE(result.evidence.size() == 1);
    CHECK(result.evidence[0].value == "half a sentence");
}

TEST_CASE("severity and remedy are the administrator's") {
    const CustomSetup setup{"disk", file, Severity::required,
                            "Mount our disk: sudo mount /data; see {file} and {print}"};
    const CheckResult result = judged(with({exited(1, "bad"), file}), setup);
    CHECK(result.severity == Severity::required);
    CHECK(result.remedy == std::string("Mount our disk: sudo mount /data; see ") + file + " and {print}");
    CHECK(judged(with({exited(2, "?"), file}), setup).remedy.find("Run it by hand") == 0);
}

TEST_CASE("records keep what they point to where they are moved") {
    CustomChecks moved;
    {
        CustomChecks checks({{"a", "/x/a", Severity::wanted, ""}, {"b", "/x/b", Severity::required, ""}});
        moved = std::move(checks);
    }
    REQUIRE(moved.all().size() == 2);
    CHECK(moved.all()[0]->id == "custom/a");
    CHECK(moved.all()[1]->claim == "the program /x/b finds nothing wrong");
    CHECK(moved.all()[1]->find_code("timed-out") != nullptr);
}

TEST_CASE("their codes are as whole as those of the build") {
    std::set<std::string_view> words;
    for (const Code& code : custom_codes()) {
        CAPTURE(code.code);
        CHECK(words.insert(code.code).second);
        CHECK(code.sentence.size() > 10);
        CHECK(code.sentence.back() != '.');
        const bool must_mend = code.status == Status::fail || code.status == Status::unknown;
        CHECK(must_mend == (code.remedy.other.find(": ") != std::string_view::npos));
        if (must_mend) CHECK(code.remedy.other.back() != '.');
    }
}
