#include "daemon/cli/options.hpp"

#include <initializer_list>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/cli/vocabulary.hpp"
#include "tests/harness/random_bytes.hpp"

using namespace jetcuda;

namespace {

Options parse(std::initializer_list<const char*> words) {
    std::vector<const char*> argv = {"jetcuda-check"};
    argv.insert(argv.end(), words);
    return parse_options(static_cast<int>(argv.size()), argv.data());
}

std::string error_of(std::initializer_list<const char*> words) {
    try {
        parse(words);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("without a verb it is the status") {
    CHECK(parse({}).verb == "status");
    CHECK_FALSE(parse({}).verb_given);
    CHECK(parse({"--json"}).verb == "status");
    CHECK(parse({"--json"}).json);
}

TEST_CASE("global options stand before and after the verb") {
    for (const Options& options : {parse({"--root", "/mnt", "--json", "run", "soc-is-supported"}),
                                   parse({"run", "--root=/mnt", "soc-is-supported", "--json"}),
                                   parse({"--json", "run", "soc-is-supported", "--root", "/mnt"})}) {
        CHECK(options.verb == "run");
        CHECK(options.root == "/mnt");
        CHECK(options.json);
        CHECK(options.arguments == std::vector<std::string>{"soc-is-supported"});
        CHECK(options.names_another_machine());
    }
}

TEST_CASE("the last of an option given twice wins") {
    CHECK(parse({"--root", "/a", "run", "--root", "/b"}).root == "/b");
    CHECK(parse({"--json", "run", "--json"}).json);
}

TEST_CASE("arguments that look like verbs are arguments of the verb before them") {
    const Options options = parse({"run", "status", "gate"});
    CHECK(options.verb == "run");
    CHECK(options.arguments == std::vector<std::string>{"status", "gate"});
}

TEST_CASE("the daemon's way of asking is understood") {
    const Options options = parse({"run", "--json", "--request=-"});
    CHECK(options.request == "-");
    CHECK(options.json);
}

TEST_CASE("\"--\" ends the options and is no argument") {
    CHECK(parse({"explain", "--", "soc-is-supported"}).arguments == std::vector<std::string>{"soc-is-supported"});
    CHECK(parse({"facts", "--"}).verb == "facts");
}

TEST_CASE("what is not understood is named, with the way out") {
    CHECK(error_of({"staus"}).find("There is no verb staus. Did you mean status? The verbs are status, run, ") == 0);
    CHECK(error_of({"run", "--jsn"}) ==
          "There is no option --jsn. Did you mean --json? \"jetcuda-check run --help\" lists them.");
    CHECK(error_of({"run", "--root"}) == "--root needs a value: --root DIR.");
    CHECK(error_of({"run", "--no-probe=1"}) == "--no-probe takes no value: write it as --no-probe.");
    CHECK(error_of({"explain", "--all"}).find("--all is an option of \"status\"") == 0);
    CHECK(error_of({"list", "soc-is-supported"}).find("\"list\" takes no argument, and was given soc-is-supported") ==
          0);
    CHECK(error_of({"soc-is-supported", "run"}) ==
          "soc-is-supported stands before the verb: write \"jetcuda-check run soc-is-supported\".");
    CHECK(error_of({"run", "-x"}).find("There is no option -x.") == 0);
}

TEST_CASE("help is shown whatever else is there") {
    CHECK(parse({"--help"}).help);
    CHECK(parse({"-h"}).help);
    CHECK(parse({"explain", "--help"}).help);
    CHECK(parse({"run", "--help", "--unknown"}).help);
}

TEST_CASE("hidden options are understood and not shown") {
    CHECK(parse({"gate", "--state-dir", "/x", "--deny-file", "/y"}).deny_file == "/y");
    CHECK(help_text().find("--state-dir") == std::string::npos);
    CHECK(help_text(*find_verb("run")).find("--request") == std::string::npos);
}

TEST_CASE("no command line does more than be refused") {
    const std::vector<std::string> words = {"run",        "--root", "=", "--", "-",  "--json", "--soc=", "explain",
                                            "--no-probe", "--all",  "",  "\n", "-h", "@x",     "status", "--driver"};
    for (unsigned seed = 0; seed < 3000; ++seed) {
        std::mt19937 random(seed);
        std::vector<std::string> line = {"jetcuda-check"};
        for (std::size_t i = random() % 6; i > 0; --i) {
            const std::string& word = words[random() % words.size()];
            line.push_back(random() % 3 == 0 ? testing::mutated(word, seed) : word);
        }
        std::vector<const char*> argv;
        for (const std::string& word : line) argv.push_back(word.c_str());
        try {
            const Options options = parse_options(static_cast<int>(argv.size()), argv.data());
            CHECK(find_verb(options.verb) != nullptr);
        } catch (const UsageError& error) {
            CHECK(std::string_view{error.what()}.size() > 0);
        }
    }
}
