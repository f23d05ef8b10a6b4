#include "tests/daemon/checks/healthy_software.hpp"

namespace jetcuda::testing {

std::string dashed(const CudaVersion& cuda) { return std::to_string(cuda.major) + '-' + std::to_string(cuda.minor); }

InstalledComponent part(const std::string& id, const CudaVersion& cuda, const std::string& version, CudaBuild build,
                        ComponentKind kind) {
    InstalledComponent made;
    made.id = id;
    made.kind = kind;
    made.package = id + '-' + dashed(cuda);
    for (char& c : made.package) {
        if (c == '_') c = '-';
    }
    made.version = version;
    made.cuda = cuda;
    made.build = build;
    made.source = "/var/lib/dpkg/status";
    return made;
}

InstalledComponent named(const std::string& id, const std::string& package, const std::string& version,
                         std::optional<CudaVersion> cuda, ComponentKind kind) {
    InstalledComponent made;
    made.id = id;
    made.kind = kind;
    made.package = package;
    made.version = version;
    made.cuda = cuda;
    made.source = "/var/lib/dpkg/status";
    return made;
}

L4tPackage l4t_package(const std::string& name, const L4tRelease& l4t) {
    return {name, l4t.text() + "-20260115194252", l4t, "", true, ""};
}

std::vector<InstalledComponent> cuda_set(const CudaVersion& cuda, CudaBuild build) {
    const std::string own = cuda.text();
    std::vector<InstalledComponent> set = {part("cuda_cudart", cuda, own + ".68", build),
                                           part("libcublas", cuda, own + ".1.4", build),
                                           part("libcusparse", cuda, "12.5.3.3", build),
                                           part("cuda_nvcc", cuda, own + ".68", build, ComponentKind::compiler)};
    if (cuda.major >= 12) set.push_back(part("libnvjitlink", cuda, own + ".68", build));
    return set;
}

void put_healthy_software(Facts& facts) {
    ReleaseRecord& reference = facts.reference.value();
    const CudaVersion cuda = *reference.driver_cuda;
    const CudaBuild build = cuda.major >= 13 ? CudaBuild::sbsa : CudaBuild::tegra;
    Software software;
    software.databases = {PackageDatabase::dpkg};
    software.components = cuda_set(cuda, build);
    if (cuda.major == 11) {
        reference.cudnn = "8.6.0.166";
        reference.tensorrt = "8.5.2";
        software.components.push_back(named("cudnn", "libcudnn8", "8.6.0.166", CudaVersion{11, 4}));
        software.components.push_back(named("tensorrt", "libnvinfer8", "8.5.2", CudaVersion{11, 4}));
    } else if (cuda.major == 12) {
        reference.cudnn = "9.3.0.75";
        reference.tensorrt = "10.3.0.30";
        software.components.push_back(named("cudnn", "libcudnn9-cuda-12", "9.3.0.75", CudaVersion{12, -1}));
        software.components.push_back(named("tensorrt", "libnvinfer10", "10.3.0.30", CudaVersion{12, 5}));
    } else {
        reference.cudnn = "9.20.0.46";
        reference.tensorrt = "10.16.2.10";
        software.components.push_back(named("cudnn", "libcudnn9-cuda-13", "9.20.0.46", CudaVersion{13, -1}));
        software.components.push_back(named("tensorrt", "libnvinfer10", "10.16.2.10", CudaVersion{13, 2}));
    }
    reference.cuda = cuda;
    for (const char* name : {"nvidia-l4t-core", "nvidia-l4t-cuda", "nvidia-l4t-kernel"}) {
        software.l4t.push_back(l4t_package(name, reference.l4t));
    }
    facts.software = Fact<Software>(software, "/var/lib/dpkg/status");
    facts.toolkits = Fact<std::vector<Toolkit>>(
        {{"/usr/local/cuda-" + cuda.text(), cuda, build, true, "/usr/local/cuda/version.json"}}, "/usr/local");
}

}  // namespace jetcuda::testing
