#include "probes/custom/custom_programs.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/custom_name.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds ample{60'000};       // of what ends by itself, however slow the machine
constexpr milliseconds short_limit{2'000};  // of what never ends; enough to say its first line before

bool is_root() {
    if (::geteuid() == 0) return true;
    MESSAGE("SKIPPED LOUDLY: programs are run only where they are root's (run the tests with sudo)");
    return false;
}

// A folder of programs as root would keep it.
struct Programs : TempRoot {
    Programs() {
        make_directory("/checks.d");
        for (const char* folder : {"", "/checks.d"}) REQUIRE(::chmod(on_host(folder).c_str(), 0755) == 0);
    }
    void add(const std::string& name, const std::string& script, mode_t mode = 0755) const {
        write("/checks.d/" + name, script);
        REQUIRE(::chmod(on_host("/checks.d/" + name).c_str(), mode) == 0);
    }
    [[nodiscard]] std::string folder() const { return on_host("/checks.d").string(); }
    [[nodiscard]] Fact<CustomAnswer> ask(const std::string& name, milliseconds limit = ample) const {
        return ask_custom_programs({folder(), {{name, limit}}, ample, {}}).at(name);
    }
    // What one script answers.
    [[nodiscard]] CustomAnswer answer(const std::string& script, milliseconds limit = ample) const {
        add("asked", "#!/bin/sh\n" + script + "\n");
        const Fact<CustomAnswer> answer = ask("asked", limit);
        REQUIRE(answer.known());
        CHECK(answer.source() == folder() + "/asked");
        return *answer;
    }
};

bool lives(const std::string& pid) {
    std::ifstream status("/proc/" + pid + "/stat");
    std::string text((std::istreambuf_iterator<char>(status)), {});
    const std::size_t end = text.rfind(')');
    return end != std::string::npos && text.substr(end + 2, 1) != "Z";
}

bool dies(const std::string& pid) {
    for (int turn = 0; turn < 1000 && lives(pid); ++turn) ::usleep(10'000);
    return !lives(pid);
}

}  // namespace

TEST_CASE("names of checks are what no editor leaves behind") {
    for (const char* name : {"a", "disk-is-ours", "10-disk", "0", "a-"}) CHECK(is_custom_name(name));
    for (const char* name : {"", "-a", "A", "a.sh", "a~", "a_b", "a b", "a/b", "..", "\xC3\xA4", "a\n"}) {
        CAPTURE(name);
        CHECK_FALSE(is_custom_name(name));
    }
    CHECK(is_custom_name(std::string(custom_name_limit, 'a')));
    CHECK_FALSE(is_custom_name(std::string(custom_name_limit + 1, 'a')));
    CHECK(is_custom_id("custom/a"));
    CHECK_FALSE(is_custom_id("custom/"));
    CHECK_FALSE(is_custom_id("custom/a/b"));
    CHECK_FALSE(is_custom_id("other/a"));
}

TEST_CASE("the folder is listed: programs, what is switched off, and what is told and left alone") {
    const Programs programs;
    programs.add("second", "");
    programs.add("first", "", 0644);
    programs.add(".hidden", "");
    programs.add("first.dpkg-old", "");
    programs.add("bad\x1b[31m", "");
    programs.make_directory("/checks.d/folder");
    programs.link("/checks.d/off", "/dev/null");
    programs.link("/checks.d/gone", "nowhere");
    const CustomFolder found = list_custom_programs(programs.folder());
    CHECK(found.names == std::vector<std::string>{"first", "gone", "second"});
    CHECK(found.masked == std::vector<std::string>{"off"});
    REQUIRE(found.ignored.size() == 3);
    CHECK(found.ignored[0].find("/bad[31m is not run: ") != std::string::npos);
    CHECK(found.ignored[1].find("/first.dpkg-old is not run: ") != std::string::npos);
    CHECK(found.ignored[2].find("/folder is not run: it is no regular file") != std::string::npos);
}

TEST_CASE("no folder is no flaw, and one that cannot be listed is told") {
    CHECK(list_custom_programs("/nonexistent/checks.d").ignored.empty());
    const Programs programs;
    programs.add("file", "");
    const CustomFolder found = list_custom_programs(programs.folder() + "/file");
    CHECK(found.names.empty());
    REQUIRE(found.ignored.size() == 1);
    CHECK(found.ignored[0].find("cannot be listed") != std::string::npos);
}

TEST_CASE("the exit status and the words of a program") {
    if (!is_root()) return;
    const Programs programs;
    CustomAnswer answer = programs.answer("echo all is well; echo; echo ' more '; echo also >&2");
    CHECK(answer.end == CustomEnd::exited);
    CHECK(answer.exit_status == 0);
    CHECK(answer.summary == "all is well");
    CHECK(answer.more == std::vector<std::string>{"more"});
    CHECK(answer.errors == std::vector<std::string>{"also"});
    for (const int status : {1, 2, 7, 127, 255}) {
        answer = programs.answer("printf 'no newline'; exit " + std::to_string(status));
        CHECK(answer.end == CustomEnd::exited);
        CHECK(answer.exit_status == status);
        CHECK(answer.summary == "no newline");
    }
    CHECK(programs.answer("exit 1").summary.empty());
}

TEST_CASE("a program gets no input, no foreign environment, and starts at /") {
    if (!is_root()) return;
    const Programs programs;
    const CustomAnswer answer = programs.answer("env | sort | tr '\\n' ' '; pwd; cat; echo $0");
    CHECK(answer.summary.find("HOME=") == std::string::npos);  // as every caller has it
    CHECK(answer.summary.find("LC_ALL=C.UTF-8 ") == 0);
    CHECK(answer.summary.find("/usr/sbin:/usr/bin:") != std::string::npos);
    REQUIRE(answer.summary.size() > 2);
    CHECK(answer.summary.substr(answer.summary.size() - 2) == " /");
    CHECK(answer.more == std::vector<std::string>{programs.folder() + "/asked"});
}

TEST_CASE("words are cut, cleaned and counted") {
    if (!is_root()) return;
    const Programs programs;
    CustomAnswer answer = programs.answer(R"(printf 'a\tb \033[31mred\007 \303\050 \000end\nsecond\n')");
    CHECK(answer.summary == "a b [31mred \xEF\xBF\xBD( end");
    CHECK(answer.more == std::vector<std::string>{"second"});
    answer = programs.answer("head -c 100000 /dev/zero | tr '\\0' x; echo; seq 1000; seq 1000 >&2");
    CHECK(answer.end == CustomEnd::exited);
    CHECK(answer.summary.size() < 400);
    CHECK(answer.more.size() == 20);
    CHECK(answer.errors.size() == 20);
    answer = programs.answer("head -c 4000 /dev/urandom; head -c 4000 /dev/urandom >&2; exit 1");
    CHECK(answer.end == CustomEnd::exited);
    CHECK(answer.exit_status == 1);
    answer = programs.answer("yes");
    CHECK(answer.end == CustomEnd::printed_too_much);
    CHECK(answer.summary == "y");
    // Standard error without end is read and dropped, so that it holds up nobody.
    answer = programs.answer("yes >&2", short_limit);
    CHECK(answer.end == CustomEnd::timed_out);
    CHECK(answer.errors.size() == 20);
}

TEST_CASE("signals, hangs, and children that hold the pipe") {
    if (!is_root()) return;
    const Programs programs;
    CustomAnswer answer = programs.answer("kill -SEGV $$");
    CHECK(answer.end == CustomEnd::signalled);
    CHECK(answer.signal == SIGSEGV);

    answer = programs.answer("trap '' TERM; sleep 1000 & echo $!; sleep 1000", short_limit);
    CHECK(answer.end == CustomEnd::timed_out);
    CHECK(answer.limit == short_limit);
    CHECK(dies(answer.summary));

    // It ends at once, and its child would keep the pipe for ever.
    answer = programs.answer("sleep 1000 & echo $!");
    CHECK(answer.end == CustomEnd::exited);
    CHECK(dies(answer.summary));

    // A child in a session of its own is let live, and still holds up nobody.
    answer = programs.answer("setsid sleep 1000 & echo $!");
    CHECK(answer.end == CustomEnd::exited);
    ::kill(static_cast<pid_t>(std::stol(answer.summary)), SIGKILL);
}

TEST_CASE("what cannot be run says why") {
    if (!is_root()) return;
    const Programs programs;
    programs.add("no-bit", "#!/bin/sh\n", 0644);
    CHECK(programs.ask("no-bit")->end == CustomEnd::not_executable);
    programs.add("no-interpreter", "#!/nonexistent/interpreter\n");
    CHECK(programs.ask("no-interpreter")->end == CustomEnd::not_started);
    CHECK(programs.ask("no-interpreter")->why.find("No such file") != std::string::npos);
    programs.add("no-program", "only words\n");
    CHECK(programs.ask("no-program")->end == CustomEnd::not_started);
    CHECK(programs.ask("none").lacks(Lack::not_there));
    programs.link("/checks.d/dangling", "nowhere");
    CHECK(programs.ask("dangling").lacks(Lack::not_there));
    programs.make_directory("/checks.d/folder");
    CHECK(programs.ask("folder").lacks(Lack::not_understood));
}

TEST_CASE("what others could have written is not run") {
    const Programs programs;
    const std::string trace = programs.on_host("/trace").string();
    programs.add("asked", "#!/bin/sh\ntouch " + trace + "\n");
    if (::geteuid() == 0) {
        SUBCASE("the program") { programs.add("asked", "#!/bin/sh\ntouch " + trace + "\n", 0777); }
        SUBCASE("the folder") { REQUIRE(::chmod(programs.folder().c_str(), 01777) == 0); }
        SUBCASE("the folder above") { REQUIRE(::chmod(programs.directory().c_str(), 0777) == 0); }
    }
    const Fact<CustomAnswer> answer = programs.ask("asked");
    REQUIRE(answer.known());
    CHECK(answer->end == CustomEnd::not_trusted);
    CHECK(answer->why.find(programs.directory().string()) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(trace));
}

TEST_CASE("programs run one after the other, are told of, and share their time") {
    if (!is_root()) return;
    const Programs programs;
    programs.add("a", "#!/bin/sh\nsleep 1000\n");
    programs.add("b", "#!/bin/sh\necho b\n");
    std::vector<std::string> told;
    const auto tell = [&](std::string_view check) { told.emplace_back(check); };
    const auto answers = ask_custom_programs({programs.folder(), {{"a", ample}, {"b", ample}}, short_limit, tell});
    CHECK(told == std::vector<std::string>{"custom/a", "custom/b"});
    CHECK(answers.at("a")->end == CustomEnd::timed_out);
    CHECK(answers.at("a")->limit <= short_limit);
    CHECK(answers.at("b")->end == CustomEnd::no_time_left);
    CHECK(answers.at("b")->limit == short_limit);
    CHECK(ask_custom_programs({programs.folder(), {{"b", ample}}, ample, {}}).at("b")->summary == "b");
    CHECK(ask_custom_programs({}).empty());
}
