#include "probes/packages/nix_names.hpp"

#include <tuple>

#include <doctest/doctest.h>

#include "probes/catalog/catalog.hpp"
#include "tests/harness/random_bytes.hpp"

namespace jetcuda {
namespace {

const Catalog& our_catalog() {
    static const Catalog loaded = load_catalog(JETCUDA_SOURCE_DIR "/config/data", "/nonexistent");
    return loaded;
}

std::optional<NixComponentName> component(std::string_view name) {
    return parse_nix_component(our_catalog().components, name);
}

std::optional<NixL4tName> l4t(std::string_view name) { return parse_nix_l4t(our_catalog().l4t_packages, name); }

const std::string hash(32, 'a');

}  // namespace

TEST_CASE("a store path has a hash and a name") {
    const std::string path = "/nix/store/" + hash + "-cuda12.6-libcublas-12.6.4.1-lib";
    CHECK(store_path_of(path) == path);
    CHECK(store_path_of(path + "/lib/libcublas.so.12") == path);
    CHECK(name_of_store_path(path + "/lib") == "cuda12.6-libcublas-12.6.4.1-lib");
    for (const std::string& bad :
         {std::string("/nix/store"), std::string("/nix/store/short-name"), "/store/" + hash + "-x",
          "/nix/store/" + hash, "/nix/store/" + hash + "-", "/nix/store/" + hash + "-a b",
          "/nix/store/" + std::string(32, 'A') + "-x", "/nix/store/" + hash + "-" + std::string(212, 'x')}) {
        CAPTURE(bad);
        CHECK(store_path_of(bad).empty());
        CHECK(name_of_store_path(bad).empty());
    }
}

TEST_CASE("a name says part, version, CUDA set and whom it is for") {
    using Row = std::tuple<const char*, const char*, const char*, std::optional<CudaVersion>, bool>;
    for (const auto& [name, id, version, cuda, for_building] :
         {Row{"cuda12.6-cuda_cudart-12.6.77", "cuda_cudart", "12.6.77", CudaVersion{12, 6}, false},
          Row{"cuda12.6-cuda_cudart-12.6.77-lib", "cuda_cudart", "12.6.77", CudaVersion{12, 6}, false},
          Row{"cuda12.6-cuda_cudart-12.6.77-dev", "cuda_cudart", "12.6.77", CudaVersion{12, 6}, true},
          Row{"cuda12.6-cuda_cudart-12.6.77-static", "cuda_cudart", "12.6.77", CudaVersion{12, 6}, true},
          Row{"cuda12.6-cuda_cudart-12.6.77-stubs", "cuda_cudart", "12.6.77", CudaVersion{12, 6}, true},
          Row{"cuda12.6-cuda_nvcc-12.6.85-bin", "cuda_nvcc", "12.6.85", CudaVersion{12, 6}, false},
          Row{"cuda12.6-cuda_compat-12.6.36890662", "cuda_compat", "12.6.36890662", CudaVersion{12, 6}, false},
          Row{"cuda13.2-cuda_compat-595.58.03", "cuda_compat", "595.58.03", CudaVersion{13, 2}, false},
          Row{"cuda12.6-tensorrt-10.7.0", "tensorrt", "10.7.0", CudaVersion{12, 6}, false},
          Row{"cuda12.6-tensorrt-10.7.0-python", "tensorrt", "10.7.0", CudaVersion{12, 6}, false},
          Row{"cuda12.6-cudnn-9.3.0.75-lib", "cudnn", "9.3.0.75", CudaVersion{12, 6}, false},
          Row{"cuda_cudart-11.8.89", "cuda_cudart", "11.8.89", CudaVersion{11, 8}, false},
          Row{"libcublas-11.11.3.6", "libcublas", "11.11.3.6", std::nullopt, false},
          Row{"vpi3-3.2.4", "vpi", "3.2.4", std::nullopt, false},
          Row{"cuda12.6-cuda_gdb-12.6.77-bin", "cuda_gdb", "12.6.77", CudaVersion{12, 6}, false},
          Row{"cuda12.6-nsight_systems-2024.5.1.113", "nsight_systems", "2024.5.1.113", CudaVersion{12, 6}, false},
          Row{"cuda12.6-nsight_compute-2024.3.2.3-doc", "nsight_compute", "2024.3.2.3", CudaVersion{12, 6}, true},
          Row{"nsight-systems-target-2024.5.4", "nsight_systems", "2024.5.4", std::nullopt, false},
          Row{"nsight-systems-host-2024.5.4", "nsight_systems", "2024.5.4", std::nullopt, false},
          Row{"nsight-compute-target-2022.2.1", "nsight_compute", "2022.2.1", std::nullopt, false}}) {
        const std::string_view subject = name;  // clang 14 captures no part of a binding
        CAPTURE(subject);
        const auto found = component(name);
        REQUIRE(found.has_value());
        CHECK(found->component->id == id);
        CHECK(found->version == version);
        CHECK(found->cuda == cuda);
        CHECK(found->for_building == for_building);
    }
    CHECK(component("cuda12.6-cuda_cudart-12.6.77-lib")->package == "cuda12.6-cuda_cudart-12.6.77");
}

TEST_CASE("what is no part of the stack is none, and neither is what nixpkgs calls unsupported") {
    for (const char* name :
         {"glibc-2.39", "cuda12.6-cuda_compat-0-unsupported", "cuda12.6-unknown-1.2.3", "cuda12.6-", "cuda12.6",
          "cuda_cudart", "cuda_cudart-", "source", "", "-", "cuda12.6-cuda_cudart-lib", "python3.12-cudnn-frontend-1.2",
          "nsight_systems-unsupported-on-jetson-use-nsight_systems_host-2024.5.1.113"}) {
        CAPTURE(name);
        CHECK_FALSE(component(name).has_value());
    }
}

TEST_CASE("packages of L4T have the names and versions of its .debs") {
    using Row = std::tuple<const char*, const char*, const char*>;
    for (const auto& [name, package, version] :
         {Row{"nvidia-l4t-core-36.5.0-20260115194252", "nvidia-l4t-core", "36.5.0-20260115194252"},
          Row{"nvidia-l4t-3d-core-36.5.0-20260115194252", "nvidia-l4t-3d-core", "36.5.0-20260115194252"},
          Row{"nvidia-l4t-kernel-5.15.185-tegra-36.5.0-20260115194252", "nvidia-l4t-kernel",
              "5.15.185-tegra-36.5.0-20260115194252"},
          Row{"l4t-oot-modules-36.5.0", "l4t-oot-modules", "36.5.0"},
          Row{"l4t-oot-modules-36.5.0-dev", "l4t-oot-modules", "36.5.0"}}) {
        const std::string_view subject = name;  // clang 14 captures no part of a binding
        CAPTURE(subject);
        const auto found = l4t(name);
        REQUIRE(found.has_value());
        CHECK(found->package == package);
        CHECK(found->version == version);
    }
    for (const char* name : {"nvidia-l4t-core", "l4t-", "nvidia-l4t-3d-core", "linux-5.15.185", ""}) {
        CHECK_FALSE(l4t(name).has_value());
    }
}

TEST_CASE("no name makes the parsers misbehave") {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        (void)component(testing::mutated("cuda12.6-cuda_cudart-12.6.77-lib", seed));
        (void)l4t(testing::mutated("nvidia-l4t-kernel-5.15.185-tegra-36.5.0-20260115194252", seed));
        (void)store_path_of(testing::mutated("/nix/store/" + hash + "-cuda12.6-x-1/lib", seed));
    }
}

}  // namespace jetcuda
