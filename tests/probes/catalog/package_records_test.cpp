#include "probes/catalog/package_records.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "probes/catalog/catalog.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

const Catalog& our_catalog() {
    static const Catalog loaded = load_catalog(JETCUDA_SOURCE_DIR "/config/data", "/nonexistent");
    return loaded;
}

const ComponentRecord& component(std::string_view id) {
    const auto& all = our_catalog().components;
    const auto found = std::find_if(all.begin(), all.end(), [id](const ComponentRecord& one) { return one.id == id; });
    REQUIRE(found != all.end());
    return *found;
}

ComponentKind kind_of_deb(std::string_view name) {
    const auto match = find_component_of_deb(our_catalog().components, name);
    REQUIRE(match.has_value());
    return match->kind;
}

// What the reader says of a drop-in with this content.
std::string refusal_of(std::string_view drop_in) {
    const testing::TempRoot folder;
    folder.write("/a.json", drop_in);
    try {
        (void)load_catalog(JETCUDA_SOURCE_DIR "/config/data", folder.directory());
    } catch (const CatalogError& error) {
        return error.what();
    }
    return "";
}

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("our own records say what kind a package is") {
    CHECK(kind_of_deb("cuda-cudart-12-6") == ComponentKind::runtime);
    CHECK(kind_of_deb("cuda-cudart-dev-12-6") == ComponentKind::development);
    CHECK(kind_of_deb("cuda-driver-dev-12-6") == ComponentKind::development);
    for (const char* name : {"cuda-nvcc-12-6", "cuda-crt-12-6", "cuda-nvvm-12-6", "libnvvm-13-0"}) {
        CHECK(kind_of_deb(name) == ComponentKind::compiler);
    }
    for (const char* name : {"cuda-cupti-12-6", "cuda-sanitizer-12-6", "cuda-nvtx-12-6", "gds-tools-12-6",
                             "cuda-profiler-api-12-6", "nvidia-driver-assistant"}) {
        CHECK(kind_of_deb(name) == ComponentKind::tool);
    }
    for (const char* name : {"cuda-cccl-12-6", "cuda-nvml-dev-12-6", "libcudnn9-dev-cuda-12", "libnvjitlink-dev-13-2",
                             "vpi4-python-src", "vpi2-demos", "nvidia-vpi-dev"}) {
        CHECK(kind_of_deb(name) == ComponentKind::development);
    }
    for (const char* name :
         {"cuda-toolkit-12-6", "cuda-toolkit-config-common", "nvidia-jetpack", "nvidia-cudnn8", "nvidia-vpi"}) {
        CHECK(kind_of_deb(name) == ComponentKind::meta);
    }
    CHECK(kind_of_deb("cuda-compat-orin-13-2") == ComponentKind::compat);
    CHECK(kind_of_deb("libcufile-12-6") == ComponentKind::runtime);
    CHECK(kind_of_deb("libnvinfer-plugin10") == ComponentKind::runtime);
    CHECK(kind_of_deb("python3.10-vpi3") == ComponentKind::runtime);
    CHECK_FALSE(find_component_of_deb(our_catalog().components, "libcuda1").has_value());
    CHECK_FALSE(find_component_of_deb(our_catalog().components, "cuda").has_value());
}

TEST_CASE("debuggers and profilers are tools, whoever packs them") {
    const auto& components = our_catalog().components;
    using Row = std::tuple<const char*, const char*, ComponentKind, std::optional<CudaVersion>>;
    for (const auto& [name, id, kind, cuda] :
         {Row{"cuda-gdb-13-2", "cuda_gdb", ComponentKind::tool, CudaVersion{13, 2}},
          Row{"cuda-gdb-src-11-4", "cuda_gdb", ComponentKind::tool, CudaVersion{11, 4}},
          Row{"nvidia-cuda-gdb", "cuda_gdb", ComponentKind::tool, std::nullopt},
          Row{"nsight-systems-2026.3.1", "nsight_systems", ComponentKind::tool, std::nullopt},
          Row{"nsight-systems-cli-2026.3.1", "nsight_systems", ComponentKind::tool, std::nullopt},
          Row{"cuda-nsight-systems-13-0", "nsight_systems", ComponentKind::tool, CudaVersion{13, 0}},
          Row{"nsight-systems-target", "nsight_systems", ComponentKind::tool, std::nullopt},
          Row{"nvidia-nsight-sys", "nsight_systems", ComponentKind::meta, std::nullopt},
          Row{"nvidia-nsight-systems", "nsight_systems", ComponentKind::meta, std::nullopt},
          Row{"nsight-compute-2022.2.1", "nsight_compute", ComponentKind::tool, std::nullopt},
          Row{"cuda-nsight-compute-12-6", "nsight_compute", ComponentKind::tool, CudaVersion{12, 6}},
          Row{"nsight-compute", "nsight_compute", ComponentKind::tool, std::nullopt},
          Row{"nsight-graphics-for-embeddedlinux-2024.2.0.0", "nsight_graphics", ComponentKind::tool, std::nullopt},
          Row{"nsight-dl", "nsight_dl", ComponentKind::tool, std::nullopt}}) {
        const std::string_view subject = name;  // clang 14 captures no part of a binding
        CAPTURE(subject);
        const auto match = find_component_of_deb(components, name);
        REQUIRE(match.has_value());
        CHECK(match->component->id == id);
        CHECK(match->kind == kind);
        CHECK(match->cuda == cuda);
    }
    for (const char* id : {"cuda_gdb", "nsight_systems", "nsight_compute", "nsight_graphics", "nsight_dl"}) {
        CAPTURE(id);
        CHECK(component(id).kind == ComponentKind::tool);
        CHECK(component(id).sonames.empty());
        for (const auto* names : {&component(id).deb, &component(id).opkg}) {
            for (const PackageName& name : *names) CHECK(name.kind != ComponentKind::runtime);
        }
    }
    for (const char* name : {"cuda-gdb", "gdb", "nsight", "nsight-systems-2026", "nsight-systems-2026.3.1-doc"}) {
        CAPTURE(name);
        CHECK_FALSE(find_component_of_deb(components, name).has_value());
    }
}

TEST_CASE("cudart's version names its CUDA set, and cuBLAS's does not") {
    for (const char* id : {"cuda_cudart", "cuda_nvcc", "cuda_nvrtc", "libnvjitlink"}) {
        CHECK(component(id).version_is_cuda);
    }
    for (const char* id : {"libcublas", "libcufft", "libnpp", "cudnn", "tensorrt", "cuda_compat"}) {
        CHECK_FALSE(component(id).version_is_cuda);
    }
    const auto& sonames = component("cuda_cudart").sonames;
    CHECK(std::find(sonames.begin(), sonames.end(), "libcudart.so.12") != sonames.end());
    for (const ComponentRecord& one : our_catalog().components) CHECK_FALSE(one.source.empty());
}

TEST_CASE("Yocto's packages have the recipe's name, and parts that only builders need") {
    const auto& components = our_catalog().components;
    for (const auto& [name, id, kind] : {std::tuple{"cuda-cudart", "cuda_cudart", ComponentKind::runtime},
                                         std::tuple{"cuda-driver", "cuda_cudart", ComponentKind::development},
                                         std::tuple{"cuda-cudart-stubs", "cuda_cudart", ComponentKind::development},
                                         std::tuple{"cuda-nvcc", "cuda_nvcc", ComponentKind::compiler},
                                         std::tuple{"libcublas", "libcublas", ComponentKind::runtime},
                                         std::tuple{"libcublas-dev", "libcublas", ComponentKind::development},
                                         std::tuple{"cudnn", "cudnn", ComponentKind::runtime},
                                         std::tuple{"tensorrt-core", "tensorrt", ComponentKind::runtime},
                                         std::tuple{"cuda-compat", "cuda_compat", ComponentKind::compat},
                                         std::tuple{"cuda-gdb", "cuda_gdb", ComponentKind::tool},
                                         std::tuple{"cuda-gdb-12-9", "cuda_gdb", ComponentKind::tool},
                                         std::tuple{"cuda-gdb-dev", "cuda_gdb", ComponentKind::development},
                                         std::tuple{"nsight-systems", "nsight_systems", ComponentKind::tool},
                                         std::tuple{"nsight-systems-cli", "nsight_systems", ComponentKind::tool},
                                         std::tuple{"nsight-systems-collectx", "nsight_systems", ComponentKind::tool},
                                         std::tuple{"libnvvpi4", "vpi", ComponentKind::runtime},
                                         std::tuple{"libnvvpi3-dev", "vpi", ComponentKind::development},
                                         std::tuple{"cuda-nvml", "cuda_nvml_dev", ComponentKind::development},
                                         std::tuple{"cuda-nvml-dev", "cuda_nvml_dev", ComponentKind::development}}) {
        const std::string_view subject = name;  // clang 14 captures no part of a binding
        CAPTURE(subject);
        const auto match = find_component_of_opkg(components, name);
        REQUIRE(match.has_value());
        CHECK(match->component->id == id);
        CHECK(match->kind == kind);
    }
    const auto side_by_side = find_component_of_opkg(components, "cuda-cudart-12-9-dev");
    REQUIRE(side_by_side.has_value());
    CHECK(side_by_side->cuda == CudaVersion{12, 9});
    CHECK(side_by_side->kind == ComponentKind::development);
    CHECK_FALSE(find_component_of_opkg(components, "busybox-dev").has_value());
}

TEST_CASE("drivers for discrete GPUs are told from what only sounds like them") {
    const auto is_driver = [](std::string_view name) {
        const auto& groups = our_catalog().discrete_drivers;
        return std::any_of(groups.begin(), groups.end(),
                           [name](const PackageGroupRecord& group) { return matches_any(group.deb, name); });
    };
    for (const char* name :
         {"libnvidia-compute", "libnvidia-compute-580", "libnvidia-compute-535-server", "nvidia-driver",
          "nvidia-driver-580-open", "nvidia-dkms-580", "nvidia-headless-no-dkms-535-server", "libcuda1",
          "nvidia-kernel-dkms", "nvidia-open-kernel-dkms", "linux-modules-nvidia-580-generic", "cuda-drivers",
          "cuda-drivers-580", "nvidia-open-580", "libnvidia-tesla-470-cuda1"}) {
        CAPTURE(name);
        CHECK(is_driver(name));
    }
    for (const char* name : {"nvidia-driver-assistant", "nvidia-l4t-cuda", "nvidia-container-toolkit", "nvidia-jetpack",
                             "libnvidia-container1", "linux-modules-nvidia-fs-generic", "cuda-cudart-12-6",
                             "linux-modules-nvidia-tegra", "nvidia-settings", "nvidia-modprobe"}) {
        CAPTURE(name);
        CHECK_FALSE(is_driver(name));
    }
}

TEST_CASE("a package may be of another release where a record says why") {
    const auto why = [](std::string_view package, std::optional<L4tRelease> version,
                        std::optional<L4tRelease> release) {
        return find_release_exception(our_catalog().release_exceptions, package, version, release);
    };
    CHECK(says(why("nvidia-l4t-cudadebuggingsupport", std::nullopt, L4tRelease{36, 5, 0}), "own numbering"));
    CHECK(says(why("nvidia-l4t-cudadebuggingsupport", std::nullopt, std::nullopt), "own numbering"));
    const std::string_view updater = "nvidia-l4t-jetson-orin-nano-qspi-updater";
    CHECK_FALSE(why(updater, L4tRelease{36, 4, 3}, L4tRelease{35, 6, 4}).empty());
    CHECK_FALSE(why(updater, L4tRelease{36, 4, 3}, L4tRelease{35, 6, 9}).empty());  // the feed is one minor's
    CHECK(why(updater, L4tRelease{36, 4, 3}, L4tRelease{35, 5, 0}).empty());
    CHECK(why(updater, L4tRelease{36, 4, 0}, L4tRelease{35, 6, 4}).empty());
    CHECK_FALSE(why("nvidia-l4t-jetson-multimedia-api", L4tRelease{35, 6, 1}, L4tRelease{35, 6, 2}).empty());
    CHECK(why("nvidia-l4t-jetson-multimedia-api", L4tRelease{35, 6, 1}, L4tRelease{35, 6, 4}).empty());
    CHECK_FALSE(why("nvidia-l4t-core", L4tRelease{38, 2, 2}, L4tRelease{38, 2, 1}).empty());
    CHECK(why("nvidia-l4t-core", L4tRelease{38, 2, 0}, L4tRelease{38, 2, 1}).empty());
    CHECK(why("nvidia-l4t-core", std::nullopt, L4tRelease{38, 2, 1}).empty());
    CHECK(why("nvidia-l4t-core", L4tRelease{36, 4, 3}, L4tRelease{36, 5, 0}).empty());
}

TEST_CASE("a drop-in adds and replaces records") {
    const testing::TempRoot folder;
    folder.write("/a.json", R"({"components":[{"id":"libnew","kind":"runtime","deb":{"libnew-{cuda}":"runtime"},
                                               "source":["x"]}],
                                "release_exceptions":[{"id":"ours","packages":["nvidia-l4t-oem-*"],"why":"our own",
                                                       "source":["x"]}]})");
    const Catalog catalog = load_catalog(JETCUDA_SOURCE_DIR "/config/data", folder.directory());
    const auto match = find_component_of_deb(catalog.components, "libnew-12-6");
    REQUIRE(match.has_value());
    CHECK(match->component->id == "libnew");
    CHECK(find_release_exception(catalog.release_exceptions, "nvidia-l4t-oem-x", std::nullopt, L4tRelease{36, 5, 0}) ==
          "our own");
}

TEST_CASE("a record that breaks a rule is refused with record, key and what would be right") {
    CHECK(says(refusal_of(R"({"components":[{"id":"x","kind":"library","source":["x"]}]})"), "must be runtime or"));
    CHECK(says(refusal_of(R"({"components":[{"id":"x","kind":"runtime","deb":{"a b":"runtime"},"source":["x"]}]})"),
               "components[0] (x): \"deb\" holds \"a b\""));
    CHECK(says(refusal_of(R"({"components":[{"id":"x","kind":"runtime","deb":{"a":"b"},"source":["x"]}]})"),
               "calls \"a\" a \"b\""));
    CHECK(says(refusal_of(R"({"components":[{"id":"x","kind":"runtime","nix":["{cud}"],"source":["x"]}]})"), "{cud}"));
    CHECK(says(refusal_of(R"({"components":[{"id":"x","kind":"runtime","version_is_cuda":1,"source":["x"]}]})"),
               "must be true or false"));
    CHECK(says(refusal_of(R"({"components":[{"id":"x","kind":"runtime","source":[]}]})"), "is empty"));
    CHECK(says(refusal_of(R"({"components":[{"id":"x","kind":"runtime","debs":{},"source":["x"]}]})"), "unknown key"));
    CHECK(says(refusal_of(R"({"release_exceptions":[{"id":"x","packages":[],"why":"y","source":["x"]}]})"),
               "\"packages\" is empty"));
    CHECK(
        says(refusal_of(
                 R"({"release_exceptions":[{"id":"x","packages":["a"],"releases":["R36"],"why":"y","source":["x"]}]})"),
             "such as 36.5.0 or 36.5"));
    CHECK(says(refusal_of(R"({"discrete_drivers":[{"id":"x","deb":["("],"source":["x"]}]})"), "\"deb\" holds"));
    CHECK(says(refusal_of(R"({"packages":[]})"), "unknown key \"packages\""));
}

}  // namespace jetcuda
