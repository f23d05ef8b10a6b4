#include <doctest/doctest.h>

#include "tests/daemon/checks/software_facts.hpp"

using namespace jetcuda;
using namespace jetcuda::testing;

namespace {
constexpr std::string_view id = "cuda-packages-fit-release";

Facts not_probed(Facts facts) {
    facts.driver_probe = missing(Lack::not_asked);
    return facts;
}
}  // namespace

TEST_CASE("libraries of the driver's version or older pass") {
    const CheckResult result = judged(id, orin_with(cuda_set({12, 6})));
    CHECK(result.code == "ok");
    CHECK(result.severity == Severity::wanted);
    CHECK(result.summary == "The installed CUDA libraries are of 12.6, and the driver runs up to 12.6");
    CHECK(judged(id, orin_with(cuda_set({12, 4}))).code == "ok");
    CHECK(judged(id, thor_with(cuda_set({12, 9}))).code == "ok");
    CHECK(judged(id, xavier_with(cuda_set({11, 4}))).code == "ok");
}

TEST_CASE("a newer minor version passes, and what it cannot do is told") {
    Facts facts = orin_with(cuda_set({12, 9}));
    const CheckResult result = judged(id, facts);
    CHECK(result.code == "minor-version-compat");
    CHECK(result.status == Status::pass);
    CHECK(result.summary.find("PTX of 12.9 needs a cuda_compat") != std::string::npos);
    CHECK(judged(id, on_nixos(orin_with(cuda_set({12, 8})))).code == "minor-version-compat");
    const CheckResult lifted = judged(id, with_compat(facts, CompatProduct::l4t, {12, 9}, true));
    CHECK(lifted.code == "minor-version-compat");
    CHECK(lifted.summary.find("which is there: /usr/local/cuda-12.9/compat") != std::string::npos);
}

TEST_CASE("a newer major without a compat fails, and the remedy names the product for this board") {
    CheckResult result = judged(id, orin_with(cuda_set({13, 2})));
    CHECK(result.status == Status::fail);
    CHECK(result.code == "newer-major");
    CHECK(result.summary.find("CUDA 13.2, but the driver runs up to 12.6") != std::string::npos);
    CHECK(result.remedy.find("sudo apt-get install cuda-compat-orin-13-2") != std::string::npos);

    result = judged(id, xavier_with(cuda_set({12, 2})));
    CHECK(result.code == "newer-major");
    CHECK(result.remedy.find("sudo apt-get install cuda-compat-12-2") != std::string::npos);

    // Beyond what the release accepts, its newest one of that major is offered.
    result = judged(id, xavier_with(cuda_set({12, 6})));
    CHECK(result.remedy.find("sudo apt-get install cuda-compat-12-2") != std::string::npos);
}

TEST_CASE("where no compat brings the major to this board, none is offered") {
    for (const Facts& facts :
         {xavier_with(cuda_set({13, 0})), orin_with(cuda_set({14, 0})), thor_with(cuda_set({14, 0}))}) {
        const CheckResult result = judged(id, facts);
        CHECK(result.status == Status::fail);
        CHECK(result.code == "newer-major-without-compat");
        CHECK(result.remedy.find("cuda-compat") == std::string::npos);
        CHECK(result.remedy.find("sudo apt-get purge cuda-cudart-") != std::string::npos);
    }
}

TEST_CASE("an enabled compat of the right product covers a newer major, an idle one is told") {
    const Facts facts = orin_with(cuda_set({13, 2}));
    CheckResult result = judged(id, with_compat(facts, CompatProduct::orin, {13, 2}, true));
    CHECK(result.code == "compat-covers");
    CHECK(result.status == Status::pass);
    CHECK(result.summary.find("/usr/local/cuda-13.2/compat_orin") != std::string::npos);
    result = judged(id, with_compat(facts, CompatProduct::orin, {13, 2}, false));
    CHECK(result.code == "compat-installed");
    CHECK(result.status == Status::pass);
    CHECK(result.remedy.find("LD_LIBRARY_PATH=/usr/local/cuda-13.2/compat_orin") != std::string::npos);
    // Within the major a compat of an older minor version serves as a driver of that version would.
    CHECK(judged(id, with_compat(orin_with(cuda_set({13, 3})), CompatProduct::orin, {13, 2}, true)).code ==
          "compat-covers");
    // An idle one is not preferred to an enabled one.
    CHECK(judged(id, with_compat(with_compat(facts, CompatProduct::orin, {13, 3}, false), CompatProduct::orin, {13, 2},
                                 true))
              .code == "compat-covers");
}

TEST_CASE("a compat of another product or outside the window covers nothing") {
    CHECK(judged(id, with_compat(orin_with(cuda_set({13, 2})), CompatProduct::sbsa, {13, 2}, true)).code ==
          "newer-major");
    CHECK(judged(id, with_compat(orin_with(cuda_set({13, 2})), CompatProduct::l4t, {12, 9}, true)).code ==
          "newer-major");
    CHECK(judged(id, with_compat(xavier_with(cuda_set({12, 6})), CompatProduct::l4t, {12, 6}, true)).code ==
          "newer-major");
    CHECK(judged(id, with_compat(xavier_with(cuda_set({12, 2})), CompatProduct::l4t, {12, 2}, true)).code ==
          "compat-covers");
}

TEST_CASE("of several sets the one that cannot run decides") {
    Facts facts = orin_with(cuda_set({12, 6}));
    add(facts, cuda_set({13, 0}));
    CHECK(judged(id, facts).code == "newer-major");
    CHECK(judged(id, with_compat(facts, CompatProduct::orin, {13, 2}, true)).code == "compat-covers");
}

TEST_CASE("compilers, profilers, headers and compat packages need no driver") {
    Facts facts = orin_with(cuda_set({12, 6}));
    for (const ComponentKind kind : {ComponentKind::compiler, ComponentKind::tool, ComponentKind::development,
                                     ComponentKind::compat, ComponentKind::meta}) {
        add(facts, {part("cuda_nvcc", {13, 2}, "13.2.78", CudaBuild::sbsa, kind)});
    }
    add(facts, {named("cudnn", "libcudnn9-cuda-13", "9.20.0.46", CudaVersion{13, -1}),
                named("tensorrt", "libnvinfer10", "10.16.2.10", CudaVersion{13, 2})});
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("what was measured beats the table, and the table serves where nothing was measured") {
    Facts facts = orin_with(cuda_set({13, 2}));
    facts.driver_probe.value().driver_version = 13020;
    CHECK(judged(id, facts).code == "ok");
    CHECK(judged(id, not_probed(orin_with(cuda_set({13, 2})))).code == "newer-major");
    facts = orin_with(cuda_set({12, 6}));
    facts.reference = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("without a reference there is nothing to compare") {
    Facts facts = not_probed(orin_with(cuda_set({13, 2})));
    facts.reference.value().driver_cuda.reset();
    CHECK(judged(id, facts).code == "no-reference");
    CHECK(judged(id, facts).status == Status::not_applicable);
    facts.reference = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-reference");
    facts.reference = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
}

TEST_CASE("not having been able to look for compat is no proof that there is none") {
    Facts facts = orin_with(cuda_set({13, 2}));
    facts.compat = missing(Lack::not_readable);
    CHECK(judged(id, facts).status == Status::unknown);
    facts.compat = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "newer-major-without-compat");
    facts = orin_with(cuda_set({12, 6}));
    facts.compat = missing(Lack::not_asked);
    CHECK(judged(id, facts).code == "ok");
}

TEST_CASE("without packages the toolkits on disk are judged, and without either it does not apply") {
    CHECK(judged(id, orin_with({})).code == "no-cuda-installed");
    CHECK(judged(id, orin_with({})).status == Status::not_applicable);
    Facts facts = orin_with({});
    facts.software = missing(Lack::not_there);
    CHECK(judged(id, facts).code == "no-package-database");
    facts.toolkits.value() = {toolkit({12, 6}, CudaBuild::not_recorded)};
    CHECK(judged(id, facts).code == "ok");
    facts.toolkits.value() = {toolkit({13, 0}, CudaBuild::not_recorded)};
    CHECK(judged(id, facts).code == "newer-major");
    facts.software = missing(Lack::not_readable);
    CHECK(judged(id, facts).code == "not-readable");
}
