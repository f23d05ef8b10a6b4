#include "probes/custom/trust.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/temp_root.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {

// Another user than root may own files here, and only root can give them to him.
constexpr uid_t somebody = 65534;

bool is_root() {
    if (::geteuid() == 0) return true;
    MESSAGE("SKIPPED LOUDLY: this case gives files to users, which needs root (run the tests with sudo)");
    return false;
}

struct Folder : TempRoot {
    Folder() {
        write("/checks.d/sound", "#!/bin/sh\n");
        set_mode("/checks.d/sound", 0755);
        set_mode("/checks.d", 0755);
        set_mode("", 0755);
    }
    void set_mode(std::string_view inside, mode_t mode) const { REQUIRE(::chmod(on_host(inside).c_str(), mode) == 0); }
    void give(std::string_view inside, uid_t user) const {
        REQUIRE(::lchown(on_host(inside).c_str(), user, static_cast<gid_t>(-1)) == 0);
    }
    [[nodiscard]] Trust examine(std::string_view inside) const { return examine_trust(on_host(inside).string()); }
};

}  // namespace

TEST_CASE("what only root can change is sound") {
    CHECK(examine_trust("/").state == TrustState::sound);
    CHECK(examine_trust("/bin/sh").state == TrustState::sound);
    if (!is_root()) return;
    const Folder folder;
    const Trust trust = folder.examine("/checks.d/sound");
    CHECK(trust.state == TrustState::sound);
    CHECK(trust.why.empty());
    CHECK(S_ISREG(trust.mode));
    CHECK((trust.mode & 07777U) == 0755);
    CHECK(S_ISDIR(folder.examine("/checks.d").mode));
}

TEST_CASE("a file of the user who runs the tests is his and not root's") {
    if (::geteuid() == 0) return;
    const Folder folder;
    const Trust trust = folder.examine("/checks.d/sound");
    CHECK(trust.state == TrustState::untrusted);
    CHECK(trust.why.find("not to root") != std::string::npos);
}

TEST_CASE("what somebody else can write, or what leads to it, is not sound") {
    if (!is_root()) return;
    const Folder folder;
    SUBCASE("the file by its group") { folder.set_mode("/checks.d/sound", 0775); }
    SUBCASE("the file by all") { folder.set_mode("/checks.d/sound", 0757); }
    SUBCASE("the file by its owner") { folder.give("/checks.d/sound", somebody); }
    SUBCASE("its folder") { folder.set_mode("/checks.d", 0775); }
    SUBCASE("its folder's owner") { folder.give("/checks.d", somebody); }
    SUBCASE("a folder above") { folder.set_mode("", 0777); }
    const Trust trust = folder.examine("/checks.d/sound");
    CHECK(trust.state == TrustState::untrusted);
    CHECK(trust.why.find(folder.directory().string()) == 0);
}

TEST_CASE("a sticky folder keeps others from what is root's, but not from adding to it") {
    if (!is_root()) return;
    const Folder folder;
    folder.set_mode("/checks.d", 01777);
    CHECK(folder.examine("/checks.d/sound").state == TrustState::sound);
    CHECK(folder.examine("/checks.d").state == TrustState::untrusted);
    folder.link("/checks.d/linked", "sound");
    CHECK(folder.examine("/checks.d/linked").state == TrustState::sound);
    folder.give("/checks.d/linked", somebody);
    CHECK(folder.examine("/checks.d/linked").state == TrustState::untrusted);
}

TEST_CASE("links are followed, and every folder that they lead through counts") {
    if (!is_root()) return;
    const Folder folder;
    folder.write("/store/program", "#!/bin/sh\n");
    folder.set_mode("/store/program", 0555);
    folder.link("/static", (folder.on_host("/store")).string());
    folder.link("/checks.d/linked", "../static/./program");
    CHECK(folder.examine("/checks.d/linked").state == TrustState::sound);
    CHECK((folder.examine("/checks.d/linked").mode & 07777U) == 0555);
    folder.set_mode("/store", 0777);
    CHECK(folder.examine("/checks.d/linked").state == TrustState::untrusted);
}

TEST_CASE("what is not there, or leads in a circle, is missing") {
    if (!is_root()) return;
    const Folder folder;
    folder.link("/checks.d/nowhere", "gone");
    folder.link("/checks.d/circle", "circle");
    for (const char* name :
         {"/checks.d/none", "/none/at/all", "/checks.d/nowhere", "/checks.d/circle", "/checks.d/sound/below"}) {
        CAPTURE(name);
        CHECK(folder.examine(name).state == TrustState::missing);
        CHECK_FALSE(folder.examine(name).why.empty());
    }
}
