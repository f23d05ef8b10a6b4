// The loader's search, step by step. That the real loader does the same is shown by tests/loader, on random systems;
// here each rule stands by itself.

#include "probes/loader/search.hpp"

#include <doctest/doctest.h>

#include "tests/harness/elf_writer.hpp"
#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

using Outcome = LoaderStep::Outcome;

struct Words {
    std::string soname = {};
    std::vector<std::string> needed = {};
    std::string rpath = {};
    std::string runpath = {};
    std::uint16_t machine = 183;
};

std::string elf(const Words& words) {
    ElfRecipe recipe;
    recipe.machine = words.machine;
    recipe.soname = words.soname;
    recipe.needed = words.needed;
    recipe.rpath = words.rpath;
    recipe.runpath = words.runpath;
    return write_shared_object(recipe).bytes;
}

const std::string cuda = "libcuda.so.1";

struct System {
    TempRoot board;
    std::map<std::string, std::string, std::less<>> cache;
    std::vector<std::string> subfolders;

    void put(const std::string& folder, const Words& words = {cuda}) const {
        board.write(folder + '/' + words.soname, elf(words));
    }

    // What `program` gets for libcuda.so.1, started with this LD_LIBRARY_PATH; the libraries it needs are loaded.
    LoaderProcess::Found ask(const std::string& program, const std::string& library_path = {},
                             const std::string& asker = {}) {
        root.emplace(board.directory());
        LoaderTraits traits;
        traits.path = "/lib/ld-linux-aarch64.so.1";
        traits.default_folders = {"/lib/aarch64-linux-gnu", "/usr/lib"};
        traits.lib = "lib/aarch64-linux-gnu";
        traits.platform = "aarch64";
        traits.subfolders = subfolders;
        loader.emplace(*root, traits, [this](std::string_view name) {
            const auto found = cache.find(name);
            return found == cache.end() ? std::string() : found->second;
        });
        LoaderEnvironment environment;
        environment.library_path = library_path;
        process.emplace(*loader, environment);
        REQUIRE(process->start(program));
        problems = process->load_needed();
        const std::optional<std::size_t> object = asker.empty() ? 0 : process->loaded(asker);
        REQUIRE(object);
        return process->find(cuda, *object);
    }

    std::string path(const std::string& program, const std::string& library_path = {}, const std::string& asker = {}) {
        const LoaderProcess::Found found = ask(program, library_path, asker);
        return found.object ? process->objects()[*found.object].path : std::string();
    }

    std::optional<SystemRoot> root;
    std::optional<Loader> loader;
    std::optional<LoaderProcess> process;
    std::vector<std::string> problems;
};

}  // namespace

TEST_CASE("RPATH goes before LD_LIBRARY_PATH, which goes before RUNPATH, the cache and the default folders") {
    System system;
    for (const char* folder : {"/r", "/l", "/u", "/c", "/usr/lib"}) system.put(folder);
    system.cache[cuda] = "/c/libcuda.so.1";
    system.board.write("/bin/rpath", elf({"", {}, "/r", ""}));
    system.board.write("/bin/runpath", elf({"", {}, "", "/u"}));
    system.board.write("/bin/both", elf({"", {}, "/r", "/u"}));
    system.board.write("/bin/plain", elf({"", {"libnone.so"}}));
    CHECK(system.path("/bin/rpath", "/l") == "/r/libcuda.so.1");
    CHECK(system.path("/bin/runpath", "/l") == "/l/libcuda.so.1");
    CHECK(system.path("/bin/runpath") == "/u/libcuda.so.1");
    CHECK(system.path("/bin/both") == "/u/libcuda.so.1");
    CHECK(system.path("/bin/plain") == "/c/libcuda.so.1");
    REQUIRE(system.problems.size() == 1);
    CHECK(system.problems[0] == "libnone.so, which /bin/plain needs, is not found");
    system.cache.clear();
    CHECK(system.path("/bin/plain") == "/usr/lib/libcuda.so.1");
    system.cache[cuda] = "/gone/libcuda.so.1";  // a stale cache
    CHECK(system.path("/bin/plain") == "/usr/lib/libcuda.so.1");
}

TEST_CASE("RPATH is inherited from those that loaded the asker, RUNPATH is not") {
    System system;
    system.put("/r");
    system.put("/u");
    system.put("/r", {"liba.so"});
    system.put("/u", {"liba.so"});
    system.board.write("/bin/rpath", elf({"", {"liba.so"}, "/r", ""}));
    system.board.write("/bin/runpath", elf({"", {"liba.so"}, "", "/u"}));
    CHECK(system.path("/bin/rpath", "", "liba.so") == "/r/libcuda.so.1");
    CHECK(system.path("/bin/runpath", "", "liba.so").empty());
    system.put("/r", {"liba.so", {}, "", "/u"});  // with a RUNPATH of its own it asks no RPATH
    CHECK(system.path("/bin/rpath", "", "liba.so") == "/u/libcuda.so.1");
}

TEST_CASE("a library that is loaded under the name is the one, whoever asks") {
    System system;
    system.put("/first");
    system.put("/second");
    system.put("/first", {"liba.so", {cuda}, "", "/first"});
    system.put("/first", {"libb.so", {cuda}, "", "/second"});
    system.board.write("/bin/program", elf({"", {"liba.so", "libb.so"}, "", "/first"}));
    const LoaderProcess::Found found = system.ask("/bin/program", "", "libb.so");
    REQUIRE(found.steps.size() == 1);
    CHECK(found.steps[0].source == "loaded already");
    CHECK(found.steps[0].path == "/first/libcuda.so.1");
    // Also by its SONAME, where the file has another name.
    system.board.write("/first/libstub.so", elf({cuda}));
    system.board.write("/bin/other", elf({"", {"libstub.so"}, "", "/first"}));
    CHECK(system.path("/bin/other") == "/first/libstub.so");
}

TEST_CASE("files of other machines and what is not there are passed over; what is no library ends the search") {
    System system;
    system.put("/intel", {cuda, {}, "", "", 62});
    system.put("/good");
    system.board.write("/empty/libcuda.so.1", "");
    system.board.link("/loop/libcuda.so.1", "libcuda.so.1");
    system.board.make_directory("/folder/libcuda.so.1");
    system.board.write("/bin/program", elf({"", {"x"}}));
    const LoaderProcess::Found found = system.ask("/bin/program", "/nowhere:/intel:/good");
    REQUIRE(found.steps.size() == 3);
    CHECK(found.steps[0].outcome == Outcome::not_there);
    CHECK(found.steps[1].outcome == Outcome::other_machine);
    CHECK(found.steps[2].outcome == Outcome::taken);
    const LoaderProcess::Found ended = system.ask("/bin/program", "/empty:/good");
    CHECK_FALSE(ended.object);
    CHECK(ended.error == "/empty/libcuda.so.1: file too short");
    CHECK(system.ask("/bin/program", "/folder:/good").error == "/folder/libcuda.so.1: a folder");
    // Links in a circle end the list, and the search goes on behind it.
    CHECK(system.path("/bin/program", "/loop:/good").empty());
    system.cache[cuda] = "/good/libcuda.so.1";
    CHECK(system.path("/bin/program", "/loop:/good") == "/good/libcuda.so.1");
    CHECK(system.ask("/bin/program", "/loop:/good").steps.back().source == "/etc/ld.so.cache");
}

TEST_CASE("tokens stand for the place of the file, and for words of the loader") {
    System system;
    system.put("/opt/x/lib");
    system.put("/opt/aarch64");
    system.put("/opt/lib/aarch64-linux-gnu");
    const auto with = [&](const std::string& runpath) {
        system.board.write("/opt/x/bin/program", elf({"", {}, "", runpath}));
        return system.path("/opt/x/bin/program");
    };
    CHECK(with("$ORIGIN/../lib") == "/opt/x/bin/../lib/libcuda.so.1");
    CHECK(with("${ORIGIN}/../lib/") == "/opt/x/bin/../lib/libcuda.so.1");
    CHECK(with("/opt/$PLATFORM") == "/opt/aarch64/libcuda.so.1");
    CHECK(with("/opt/${LIB}") == "/opt/lib/aarch64-linux-gnu/libcuda.so.1");
    CHECK(with("/opt/x/$ORIGINAL:/opt/x/$LIBS:${LIB").empty());
    // The kernel tells the loader where a program really is, whatever link it was started by.
    system.board.link("/usr/bin/started", "/opt/x/bin/program");
    with("$ORIGIN/../lib");
    CHECK(system.path("/usr/bin/started") == "/opt/x/bin/../lib/libcuda.so.1");
}

TEST_CASE("an empty element is the working folder, which is told even where nobody knows it") {
    System system;
    system.board.write("/bin/program", elf({"", {"x"}}));
    const LoaderProcess::Found found = system.ask("/bin/program", ":/nowhere");
    REQUIRE_FALSE(found.steps.empty());
    CHECK(found.steps[0].path == "libcuda.so.1");
    CHECK(found.steps[0].outcome == Outcome::not_there);
}

TEST_CASE("subfolders for better CPUs go before their folder") {
    System system;
    system.subfolders = {"glibc-hwcaps/x", "tls"};
    system.put("/l");
    system.put("/l/tls");
    system.board.write("/bin/program", elf({"", {"x"}}));
    CHECK(system.path("/bin/program", "/l") == "/l/tls/libcuda.so.1");
    system.put("/l/glibc-hwcaps/x");
    CHECK(system.path("/bin/program", "/l") == "/l/glibc-hwcaps/x/libcuda.so.1");
}

TEST_CASE("what is preloaded goes before what is needed") {
    System system;
    system.put("/pre");
    system.put("/usr/lib");
    system.board.write("/bin/program", elf({"", {cuda}}));
    system.ask("/bin/program");
    LoaderEnvironment environment;
    environment.preload = "/nowhere/x.so:/pre/libcuda.so.1";
    LoaderProcess process(*system.loader, environment);
    REQUIRE(process.start("/bin/program"));
    CHECK(process.load_needed().empty());
    CHECK(process.objects()[*process.loaded(cuda)].path == "/pre/libcuda.so.1");
}

TEST_CASE("what is no program is not started") {
    System system;
    system.board.write("/bin/text", "#!/bin/sh\n");
    system.board.write("/bin/intel", elf({"", {}, "", "", 62}));
    system.board.write("/bin/program", elf({"", {"x"}}));
    system.ask("/bin/program");
    LoaderProcess process(*system.loader, {});
    CHECK_FALSE(process.start("/bin/text"));
    CHECK_FALSE(process.start("/bin/intel"));
    CHECK_FALSE(process.start("/bin/nowhere"));
    CHECK_FALSE(process.start("/bin"));
}

TEST_CASE("programs that need each other in a circle, and damaged ones, come to an end") {
    System system;
    system.put("/usr/lib", {"liba.so", {"libb.so"}, "$ORIGIN:/x:", ""});
    system.put("/usr/lib", {"libb.so", {"liba.so", cuda}});
    const std::string good = elf({"", {"liba.so", "libb.so", cuda}, "/a:$ORIGIN", "/b:$LIB:"});
    for (unsigned seed = 0; seed < 400; ++seed) {
        system.board.write("/bin/program", elf({"", {"liba.so"}}));
        system.board.write("/usr/lib/libcuda.so.1", mutated(good, seed));
        const LoaderProcess::Found found = system.ask("/bin/program", random_bytes(seed, 40));
        CHECK(found.steps.size() < 1000);
    }
}

TEST_CASE("an object's own search passes over what is loaded already") {
    System system;
    system.board.write("/bin/app", elf({"app", {"liba.so", cuda}, "", "/one"}));
    system.put("/one");
    system.put("/one", {"liba.so", {}, "", "/two"});
    system.put("/two");
    CHECK(system.path("/bin/app", "", "liba.so") == "/one/libcuda.so.1");
    const LoaderProcess::Found alone = system.process->search(cuda, *system.process->loaded("liba.so"));
    CHECK_FALSE(alone.object.has_value());
    REQUIRE_FALSE(alone.steps.empty());
    CHECK(alone.steps.back().path == "/two/libcuda.so.1");
    CHECK(alone.steps.back().outcome == Outcome::taken);
}
