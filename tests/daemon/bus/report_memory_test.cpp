#include "daemon/bus/report_memory.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/report/json.hpp"

using namespace jetcuda;

namespace {

const std::string boot = "11111111-2222-3333-4444-555555555555";

class Folder {
public:
    Folder() {
        char name[] = "/tmp/jetcuda-memory-XXXXXX";
        path_ = mkdtemp(name);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string report() const {
        std::ifstream file(path_ + "/report.json");
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    std::string path_;
};

CheckResult passed(const Check& check) {
    CheckResult result;
    result.id = std::string(check.id);
    result.group = check.group;
    result.severity = check.severity;
    result.basis = check.basis;
    result.status = Status::pass;
    result.code = "ok";
    result.summary = "It holds.";
    return result;
}

// Of a healthy board, with every check of the build.
Report healthy(bool probed) {
    Report report;
    report.tool = std::string(tool_version());
    report.generated_at = "2026-01-01T00:00:00Z";
    report.boot_id = boot;
    report.probed = probed;
    if (probed) {
        report.driver_under_test = "/usr/lib/libcuda.so.1.1";
        report.stack.driver_cuda = "12.6";
    }
    report.stack.environment = "host";
    report.stack.distribution = "ubuntu";
    report.verdict = Verdict::healthy;
    for (const Check* check : all_checks()) {
        report.checks.push_back(passed(*check));
        if (check->basis == Basis::measured && !probed) {
            report.checks.back().status = Status::not_applicable;
            report.checks.back().code = "not-probed";
        }
    }
    return report;
}

CheckResult& of(Report& report, std::string_view id) {
    for (CheckResult& check : report.checks) {
        if (check.id == id) {
            return check;
        }
    }
    FAIL("no such check");
    return report.checks.front();
}

Report with_failed(Report report, std::string_view id) {
    of(report, id).status = Status::fail;
    of(report, id).code = "init-failed";
    report.verdict = Verdict::unhealthy;
    report.reason = std::string(id);
    return report;
}

const RunRequest everything{{}, true, {}};
const RunRequest passive{{}, false, {}};

}  // namespace

TEST_CASE("times are read to the second, and what is no time is 0") {
    CHECK(usec_of("1970-01-01T00:00:01Z") == 1'000'000);
    CHECK(usec_of("2026-01-01T00:00:00Z") == 1'767'225'600'000'000);
    CHECK(usec_of("") == 0);
    CHECK(usec_of("2026-01-01") == 0);
    CHECK(usec_of("2026-01-01T00:00:00Z and more") == 0);
    CHECK(usec_of(rfc3339_now()) > usec_of("2020-01-01T00:00:00Z"));
}

TEST_CASE("before the first run nothing is judged, and nothing is written") {
    const Folder folder;
    const ReportMemory memory(folder.path(), boot);
    CHECK_FALSE(memory.judged());
    CHECK(memory.newest().reason == "not-judged-yet");
    CHECK(memory.json_of(0) != nullptr);
    CHECK(memory.recent().empty());
    CHECK(folder.report().empty());
}

TEST_CASE("a report is kept, written and numbered; the first is no transition") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    CHECK(memory.take(to_json(healthy(true)), everything).empty());
    CHECK(memory.judged());
    CHECK(memory.newest().sequence == 1);
    CHECK(memory.newest().verdict == Verdict::healthy);
    CHECK(folder.report() == memory.newest_json());

    const auto transitions = memory.take(to_json(with_failed(healthy(true), "driver-initializes")), everything);
    REQUIRE(transitions.size() == 1);
    CHECK(transitions[0].id == "driver-initializes");
    CHECK(transitions[0].before == Status::pass);
    CHECK(transitions[0].after == Status::fail);
    CHECK(memory.newest().sequence == 2);
    REQUIRE(memory.json_of(1) != nullptr);
    CHECK(report_from_json(*memory.json_of(1)).verdict == Verdict::healthy);
    CHECK(memory.json_of(3) == nullptr);
}

TEST_CASE("the administrator's own checks come and go with the reports, and are held to their form") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    CheckResult own;
    own.id = "custom/disk";
    own.group = Group::custom;
    own.basis = Basis::program;
    own.status = Status::pass;
    own.code = "ok";
    own.summary = "The disk is ours";
    Report report = healthy(true);
    report.checks.push_back(own);
    memory.take(to_json(report), everything);
    CHECK(memory.last_changed_usec("custom/disk") != 0);

    // A run of one other check keeps it, a whole run without it does not.
    Report part = healthy(false);
    part.checks = {of(part, "libcuda-is-found")};
    memory.take(to_json(part), {{"libcuda-is-found"}, false, {}});
    CHECK(of(report, "custom/disk").code == "ok");
    CHECK(memory.newest().checks.back().id == "custom/disk");
    memory.take(to_json(healthy(true)), everything);
    CHECK(memory.newest().checks.size() == all_checks().size());
    CHECK(memory.last_changed_usec("custom/disk") == 0);

    const auto refused = [&](const CheckResult& wrong) {
        Report bad = healthy(true);
        bad.checks.push_back(wrong);
        return !contradiction_in(bad, everything, boot).empty();
    };
    CHECK_FALSE(refused(own));
    CheckResult wrong = own;
    wrong.group = Group::driver;
    CHECK(refused(wrong));
    wrong = own;
    wrong.id = "custom/Disk.sh";
    CHECK(refused(wrong));
    Report many = healthy(true);
    for (std::size_t i = 0; i < 101; ++i) {
        many.checks.push_back(own);
        many.checks.back().id += std::to_string(i);
    }
    CHECK(contradiction_in(many, everything, boot).find("100 are the most") != std::string::npos);
}

TEST_CASE("what was measured stays through passive runs") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    memory.take(to_json(with_failed(healthy(true), "driver-initializes")), everything);
    CHECK(memory.take(to_json(healthy(false)), passive).empty());
    CHECK(memory.newest().verdict == Verdict::unhealthy);
    CHECK(memory.newest().probed);
    CHECK(memory.newest().sequence == 2);
}

TEST_CASE("a run of one check leaves the others as they were") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    memory.take(to_json(with_failed(healthy(true), "driver-initializes")), everything);

    Report part = healthy(false);
    part.checks = {of(part, "libcuda-is-found")};
    const RunRequest request{{"libcuda-is-found"}, false, {}};
    CHECK(memory.take(to_json(part), request).empty());
    CHECK(memory.newest().checks.size() == all_checks().size());
    CHECK(memory.newest().verdict == Verdict::unhealthy);
    CHECK(memory.newest().reason == "driver-initializes");
    CHECK(memory.newest().probed);
    CHECK(memory.newest().stack.driver_cuda == "12.6");

    Report mended = healthy(true);
    mended.checks = {of(mended, "driver-initializes")};
    const auto transitions = memory.take(to_json(mended), RunRequest{{"driver-initializes"}, true, {}});
    REQUIRE(transitions.size() == 1);
    CHECK(transitions[0].after == Status::pass);
    CHECK(memory.newest().verdict == Verdict::healthy);
}

TEST_CASE("a report that cannot be true changes nothing") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    memory.take(to_json(healthy(true)), everything);
    const std::string before = memory.newest_json();

    Report lie = healthy(true);
    SUBCASE("no JSON") { CHECK_THROWS(memory.take("{", everything)); }
    SUBCASE("another boot") {
        lie.boot_id = "99999999-2222-3333-4444-555555555555";
        CHECK_THROWS(memory.take(to_json(lie), everything));
    }
    SUBCASE("no boot") {
        lie.boot_id.clear();
        CHECK_THROWS(memory.take(to_json(lie), everything));
    }
    SUBCASE("a verdict better than its checks") {
        of(lie, "libcuda-is-found").status = Status::unknown;
        CHECK_THROWS(memory.take(to_json(lie), everything));
    }
    SUBCASE("a verdict worse than its checks") {
        lie.verdict = Verdict::unhealthy;
        lie.reason = "libcuda-is-found";
        CHECK_THROWS(memory.take(to_json(lie), everything));
    }
    SUBCASE("a check left out") {
        lie.checks.pop_back();
        CHECK_THROWS(memory.take(to_json(lie), everything));
    }
    SUBCASE("another check than was asked for") {
        lie.checks = {of(lie, "libcuda-is-found")};
        CHECK_THROWS(memory.take(to_json(lie), RunRequest{{"driver-initializes"}, true, {}}));
    }
    SUBCASE("a measurement that was not wanted") { CHECK_THROWS(memory.take(to_json(lie), passive)); }
    CHECK(memory.newest_json() == before);
    CHECK(folder.report() == before);
}

TEST_CASE("a report of another root is this boot's") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    Report report = healthy(true);
    report.root = "/srv/board";
    report.boot_id = "";
    memory.take(to_json(report), everything);
    CHECK(memory.newest().boot_id == boot);
}

TEST_CASE("a first run that failed is told, and is no judgement") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    memory.take_failure("the runner was ended by signal 9", {"2026-01-01T00:00:00Z", 0});
    CHECK_FALSE(memory.judged());
    CHECK(memory.newest().sequence == 1);
    CHECK(memory.newest().reason == "run-did-not-finish");
    CHECK(memory.take(to_json(healthy(true)), everything).empty());
    CHECK(memory.newest().sequence == 2);
}

TEST_CASE("this boot's report is taken up again, another's is not") {
    const Folder folder;
    std::string json;
    {
        ReportMemory memory(folder.path(), boot);
        memory.take(to_json(healthy(true)), everything);
        json = memory.newest_json();
    }
    ReportMemory again(folder.path(), boot);
    CHECK(again.judged());
    CHECK(again.newest_json() == json);
    CHECK(again.recent().size() == 1);
    CHECK(again.last_changed_usec("libcuda-is-found") == usec_of("2026-01-01T00:00:00Z"));
    again.take(to_json(healthy(false)), passive);
    CHECK(again.newest().sequence == 2);

    const ReportMemory other(folder.path(), "99999999-2222-3333-4444-555555555555");
    CHECK_FALSE(other.judged());
    CHECK(other.newest().sequence == 0);
    CHECK_FALSE(ReportMemory(folder.path(), "").judged());
}

TEST_CASE("a report file that is none, or a link, or a fifo, does not matter") {
    const Folder folder;
    const std::string path = folder.path() + "/report.json";
    SUBCASE("a word") { std::ofstream(path) << "hello"; }
    SUBCASE("empty") { std::ofstream{path}; }
    SUBCASE("a link") { std::filesystem::create_symlink("/etc/passwd", path); }
    SUBCASE("a fifo") { CHECK(mkfifo(path.c_str(), 0600) == 0); }
    SUBCASE("a folder") { std::filesystem::create_directory(path); }
    ReportMemory memory(folder.path(), boot);
    CHECK_FALSE(memory.judged());
    memory.take(to_json(healthy(true)), everything);
    CHECK(memory.judged());
}

TEST_CASE("the memory of the past is bounded in number and in bytes") {
    const Folder folder;
    ReportMemory memory(folder.path(), boot);
    Report large = healthy(true);
    SUBCASE("number") {}
    SUBCASE("bytes") { large.checks[0].summary = std::string(100'000, 'x') + "."; }
    for (int i = 0; i < 30; ++i) {
        memory.take(to_json(large), everything);
    }
    CHECK(memory.newest().sequence == 30);
    CHECK(memory.recent().size() <= 8);
    std::size_t bytes = 0;
    for (const ReportLine& line : memory.recent()) {
        bytes += line.json.size();
        REQUIRE(memory.json_of(line.sequence) != nullptr);
        CHECK(report_from_json(*memory.json_of(line.sequence)).sequence == line.sequence);
    }
    CHECK(bytes <= 256U << 10U);
}
