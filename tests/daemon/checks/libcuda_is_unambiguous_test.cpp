#include <doctest/doctest.h>

#include "tests/daemon/checks/healthy_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

constexpr std::string_view id = "libcuda-is-unambiguous";
const std::string toolkit = "/usr/local/cuda/lib64/libcuda.so.1";
const std::string compat = "/usr/local/cuda-12.9/compat/libcuda.so.1";

enum class Sort { driver, stub, empty, intel };

LibcudaSighting sighting(const std::string& path, Sort sort, const std::string& named_by = "/etc/ld.so.cache") {
    LibcudaFile file;
    file.path = path;
    file.real_path = path + ".1";
    file.size = sort == Sort::empty ? 0 : 1U << 20U;
    file.elf = sort != Sort::empty;
    file.flaw = sort == Sort::empty ? "empty" : "";
    file.machine = sort == Sort::intel ? ElfMachine::x86_64 : ElfMachine::aarch64;
    file.stub = sort == Sort::stub;
    return {path, file.real_path, named_by, file};
}

LoaderAnswer gets(const std::string& asker, const LibcudaSighting& seen) {
    LoaderAnswer answer;
    answer.asker = asker;
    const bool taken = seen.file.elf;
    answer.path = taken ? seen.path : "";
    answer.real_path = taken ? seen.real_path : "";
    answer.steps = {{seen.named_by, seen.path, taken ? LoaderStep::Outcome::taken : LoaderStep::Outcome::no_library}};
    return answer;
}

const std::string plain = "a program without search paths of its own";

// A board where programs get the driver's own, which `change` may spoil.
template <typename Change>
CheckResult with(Change change) {
    Facts facts = healthy_orin();
    LibcudaSearch search;
    const LibcudaSighting own{facts.libcuda->path, facts.libcuda->real_path, "/etc/ld.so.cache", *facts.libcuda};
    search.all = {own};
    search.plain = gets(plain, own);
    search.cache_read = true;
    change(facts, search);
    facts.libcuda_search = Fact<LibcudaSearch>(search, "/etc/ld.so.cache");
    CheckResult result = judged(id, facts);
    return result;
}

CheckResult won_by(const LibcudaSighting& winner) {
    return with([&](Facts&, LibcudaSearch& search) {
        search.all.insert(search.all.begin(), winner);
        search.plain = gets(plain, winner);
    });
}

}  // namespace

TEST_CASE("the driver's own alone passes") {
    const CheckResult result = with([](Facts&, LibcudaSearch&) {});
    CHECK(result.code == "ok");
    CHECK(result.status == Status::pass);
}

TEST_CASE("whatever wins instead has its code") {
    // What nobody can use waits for libcuda-is-genuine where every program gets it; a unit may be led to it alone.
    const auto leads_unit = [](const LibcudaSighting& winner) {
        return with([&](Facts&, LibcudaSearch& search) {
            search.all.push_back(winner);
            search.units = {gets("serve.service", winner)};
        });
    };
    CHECK(won_by(sighting(toolkit, Sort::stub)).blocked_by == "libcuda-is-genuine");
    CHECK(won_by(sighting("/opt/x/libcuda.so.1", Sort::empty)).blocked_by == "libcuda-is-genuine");
    const CheckResult stub = leads_unit(sighting(toolkit, Sort::stub));
    CHECK(stub.code == "stub-wins");
    CHECK(stub.status == Status::fail);
    CHECK(stub.summary.find("serve.service gets " + toolkit) == 0);
    const CheckResult other = won_by(sighting("/opt/x/libcuda.so.1", Sort::driver));
    CHECK(other.code == "other-driver-wins");
    CHECK(other.summary.find("A program without search paths of its own gets /opt/x/libcuda.so.1") == 0);
    CHECK(other.remedy.find("sudo ldconfig") != std::string::npos);
    const CheckResult broken = leads_unit(sighting("/opt/x/libcuda.so.1", Sort::empty));
    CHECK(broken.code == "broken-file-wins");
    CHECK(broken.summary.find("(empty)") != std::string::npos);
}

TEST_CASE("a unit that is led elsewhere fails by its name") {
    const CheckResult result = with([](Facts&, LibcudaSearch& search) {
        const LibcudaSighting stub = sighting(toolkit, Sort::stub, "LD_LIBRARY_PATH of ollama.service");
        search.all.push_back(stub);
        search.units = {gets("a.service", search.all[0]), gets("ollama.service", stub)};
    });
    CHECK(result.code == "stub-wins");
    CHECK(result.summary.find("ollama.service gets ") == 0);
    CHECK(result.remedy.find("LD_LIBRARY_PATH of ollama.service") != std::string::npos);
    CHECK(result.remedy.find("sudo systemctl restart ollama.service") != std::string::npos);
}

TEST_CASE("one file by two paths, or the same file copied, is one") {
    CHECK(with([](Facts& facts, LibcudaSearch& search) {
              facts.libcuda.value().build_id = "0123";
              LibcudaSighting copy = search.all[0];
              copy.path = copy.real_path = copy.file.real_path = "/opt/copy/libcuda.so.1";
              copy.file.build_id = "0123";
              search.all.push_back(copy);
          }).code == "ok");
}

TEST_CASE("an enabled compat of the right product passes, another does not") {
    const auto enabled = [](CompatProduct product) {
        return with([&](Facts& facts, LibcudaSearch& search) {
            const LibcudaSighting seen = sighting(compat, Sort::driver);
            search.all.insert(search.all.begin(), seen);
            search.plain = gets(plain, seen);
            if (product == CompatProduct::not_recorded) return;
            CompatFolder folder;
            folder.directory = "/usr/local/cuda-12.9/compat";
            folder.library = seen.file;
            folder.product = product;
            facts.compat.value().folders = {folder};
        });
    };
    CHECK(enabled(CompatProduct::not_recorded).code == "compat-enabled");
    CHECK(enabled(CompatProduct::l4t).code == "compat-enabled");
    CHECK(enabled(CompatProduct::l4t).status == Status::pass);
    CHECK(enabled(CompatProduct::orin).code == "compat-enabled");
    CHECK(enabled(CompatProduct::sbsa).code == "other-compat-wins");
    CHECK(enabled(CompatProduct::sbsa).status == Status::fail);
}

TEST_CASE("the command takes away what leads there, and nothing that others need") {
    const std::string conf = "/etc/ld.so.cache, from /etc/ld.so.conf.d/x.conf, line 2";
    const CheckResult stub = won_by(sighting(compat, Sort::stub, conf));
    CHECK(stub.code == "stub-wins");
    CHECK(stub.remedy.find("sudo rm " + compat + " && sudo ldconfig") != std::string::npos);
    const CheckResult wrong = with([&](Facts& facts, LibcudaSearch& search) {
        const LibcudaSighting seen = sighting(compat, Sort::driver, conf);
        search.all.insert(search.all.begin(), seen);
        search.plain = gets(plain, seen);
        CompatFolder folder;
        folder.directory = "/usr/local/cuda-12.9/compat";
        folder.library = seen.file;
        folder.product = CompatProduct::sbsa;
        facts.compat.value().folders = {folder};
    });
    CHECK(wrong.code == "other-compat-wins");
    CHECK(wrong.remedy.find("sudo sed -i '2s/^/#/' /etc/ld.so.conf.d/x.conf && sudo ldconfig") != std::string::npos);
}

TEST_CASE("a compat that nixpkgs links into its CUDA programs is told, for no search of the loader leads to it") {
    const CheckResult result = with([](Facts& facts, LibcudaSearch&) {
        CompatFolder folder;
        folder.directory = "/nix/store/x-cuda12.9-cuda_compat-12.9.40580548/compat";
        folder.library = sighting(folder.directory + "/libcuda.so.1", Sort::driver).file;
        folder.product = CompatProduct::l4t;
        folder.enabled_by = {{"CUDA programs of nixpkgs", "their RUNPATH; /nix/var/nix/db/db.sqlite", false, true}};
        facts.compat.value().folders = {folder};
    });
    CHECK(result.code == "compat-by-nixpkgs");
    CHECK(result.status == Status::pass);
    CHECK(result.summary.find("cuda_compat-12.9.40580548/compat/libcuda.so.1") != std::string::npos);
    CHECK(result.summary.find("save the CUDA programs of nixpkgs") != std::string::npos);
}

TEST_CASE("what the next ldconfig will change is told before it does") {
    const CheckResult result = with([](Facts&, LibcudaSearch& search) {
        const LibcudaSighting stub = sighting(toolkit, Sort::stub, "/etc/ld.so.conf.d/cuda.conf, line 1");
        search.all.push_back(stub);
        search.after_ldconfig = gets(plain, stub);
    });
    CHECK(result.code == "wins-after-ldconfig");
    CHECK(result.remedy.find("/etc/ld.so.conf.d/cuda.conf, line 1") != std::string::npos);
}

TEST_CASE("a second one behind the own fails, but not what nobody can take, nor an idle compat") {
    const auto second = [](const LibcudaSighting& seen) {
        return with([&](Facts&, LibcudaSearch& search) { search.all.push_back(seen); }).code;
    };
    CHECK(second(sighting("/usr/lib/aarch64-linux-gnu/libcuda.so.1", Sort::driver)) == "second-in-search");
    CHECK(second(sighting(toolkit, Sort::stub)) == "second-in-search");
    CHECK(second(sighting(toolkit, Sort::empty)) == "ok");
    CHECK(second(sighting(toolkit, Sort::intel)) == "ok");
    CHECK(second(sighting(compat, Sort::driver)) == "ok");
    CHECK(second(sighting(toolkit, Sort::stub, "LD_LIBRARY_PATH of a.service")) == "ok");
}

TEST_CASE("an image of R39 gets its links at boot, and a search that is not recorded is not judged") {
    const auto without_winner = [](bool linked_at_boot) {
        return with([&](Facts& facts, LibcudaSearch& search) {
            facts.libcuda.value().linked_at_boot = linked_at_boot;
            search.plain = {};
            search.all.clear();
            search.cache_read = false;
        });
    };
    CHECK(without_winner(true).code == "linked-at-boot");
    CHECK(without_winner(false).code == "search-not-recorded");
    CHECK(without_winner(false).status == Status::not_applicable);
}

TEST_CASE("without a search it is unknown, without a libcuda blocked") {
    Facts facts = healthy_orin();
    facts.libcuda_search = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
    facts.libcuda = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "blocked");
}
