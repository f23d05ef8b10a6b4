// Which CUDA libraries a probe is to open, and what their packages claim.

#include "probes/packages/cuda_libraries.hpp"

#include <doctest/doctest.h>

#include "tests/harness/temp_root.hpp"
#include "tests/probes/platform/our_catalog.hpp"

using namespace jetcuda;

namespace {

constexpr const char* lib_of_12_6 = "/usr/local/cuda-12.6/targets/aarch64-linux/lib/";

// A board whose libraries are files of no content, and a driver that was named, with a folder of libraries beside it.
struct BareBoard : testing::TempRoot {
    Fact<Software> software{Software{}, "/var/lib/dpkg/status"};
    Fact<std::vector<Toolkit>> toolkits{std::vector<Toolkit>{}, "/usr/local"};
    std::optional<CudaVersion> driver_cuda = CudaVersion{12, 6};

    void toolkit(const std::string& directory, CudaVersion cuda, bool is_default = false) {
        Toolkit toolkit;
        toolkit.directory = directory;
        toolkit.cuda = cuda;
        toolkit.is_default = is_default;
        toolkits.value().push_back(toolkit);
    }
    void component(const std::string& id, const std::string& version, std::optional<CudaVersion> cuda) {
        InstalledComponent component;
        component.id = id;
        component.version = version;
        component.cuda = cuda;
        component.package = id + "-package";
        software.value().components.push_back(component);
    }
    [[nodiscard]] std::string driver() const { return on_host("/driver/libcuda.so.1.1"); }
    [[nodiscard]] Fact<CudaLibraries> find(bool named = true) const {
        CudaLibraryQuestion question{software, toolkits, driver_cuda, std::nullopt};
        if (named) question.driver = driver();
        return find_cuda_libraries(SystemRoot(on_host("/board")), testing::our_catalog(), question);
    }
    void library(const std::string& path) const { write("/board" + path, ""); }
};

struct BoardWithLibraries : BareBoard {
    BoardWithLibraries() {
        make_directory("/driver/cuda-libraries");
        make_directory("/board");
    }
};

const CudaLibrary* named(const Fact<CudaLibraries>& found, const std::string& id) {
    REQUIRE(found.known());
    for (const CudaLibrary& library : found->libraries) {
        if (library.id == id) return &library;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("the libraries of the toolkit are found, with what their packages claim") {
    BoardWithLibraries board;
    board.toolkit("/usr/local/cuda-12.6", {12, 6});
    board.library(std::string(lib_of_12_6) + "libcudart.so.12");
    board.library(std::string(lib_of_12_6) + "libcublas.so.12");
    board.component("libcublas", "12.6.1.4", CudaVersion{12, 6});
    const auto found = board.find();
    REQUIRE(found.known());
    CHECK(found->libraries.size() == 2);
    REQUIRE(found->runtime.has_value());
    CHECK(found->runtime->path == std::string(lib_of_12_6) + "libcudart.so.12");
    CHECK(found->runtime->claimed.empty());
    const CudaLibrary* cublas = named(found, "libcublas");
    REQUIRE(cublas != nullptr);
    CHECK(cublas->claimed == "12.6.1.4");
    CHECK(cublas->package == "libcublas-package");
    CHECK(cublas->opened == board.on_host("/driver/cuda-libraries/libcublas.so.12").string());
}

TEST_CASE("of several toolkits the newest counts that the driver can run") {
    BoardWithLibraries board;
    for (const char* version : {"12.2", "12.6", "13.0"}) {
        board.library(std::string("/usr/local/cuda-") + version + "/lib64/libcudart.so." + std::string(version, 2));
    }
    board.toolkit("/usr/local/cuda-13.0", {13, 0}, true);
    board.toolkit("/usr/local/cuda-12.6", {12, 6});
    board.toolkit("/usr/local/cuda-12.2", {12, 2});
    CHECK(board.find()->runtime->path == "/usr/local/cuda-12.6/lib64/libcudart.so.12");
    board.driver_cuda = CudaVersion{11, 4};
    CHECK(board.find()->runtime->path == "/usr/local/cuda-13.0/lib64/libcudart.so.13");
    board.driver_cuda.reset();
    CHECK(board.find()->runtime->path == "/usr/local/cuda-13.0/lib64/libcudart.so.13");
}

TEST_CASE("a toolkit of which no runtime is left hides none that has one") {
    BoardWithLibraries board;
    board.toolkit("/usr/local/cuda-12.9", {12, 9});
    board.toolkit("/usr/local/cuda-12.6", {12, 6});
    board.library("/usr/local/cuda-12.9/bin/nvcc");
    board.library(std::string(lib_of_12_6) + "libcudart.so.12");
    board.driver_cuda = CudaVersion{12, 9};
    REQUIRE(board.find()->runtime.has_value());
    CHECK(board.find()->runtime->path == std::string(lib_of_12_6) + "libcudart.so.12");
}

TEST_CASE("of several packages with one claim the library's own is named") {
    BoardWithLibraries board;
    board.library("/usr/lib/aarch64-linux-gnu/libnvinfer.so.10");
    board.component("tensorrt", "10.3.0.30", CudaVersion{12, -1});
    board.software.value().components.back().package = "libnvinfer10";
    board.component("tensorrt", "10.3.0.30", CudaVersion{12, -1});
    board.software.value().components.back().package = "python3-libnvinfer";
    CHECK(named(board.find(), "tensorrt")->package == "libnvinfer10");
}

TEST_CASE("a claim of another toolkit's package does not count, and of two none does") {
    BoardWithLibraries board;
    board.toolkit("/usr/local/cuda-12.6", {12, 6});
    board.library(std::string(lib_of_12_6) + "libcudart.so.12");
    board.library(std::string(lib_of_12_6) + "libcublas.so.12");
    board.component("libcublas", "12.9.1.4", CudaVersion{12, 9});
    CHECK(named(board.find(), "libcublas")->claimed.empty());
    board.component("libcublas", "12.6.1.4", CudaVersion{12, 6});
    CHECK(named(board.find(), "libcublas")->claimed == "12.6.1.4");
    board.component("libcublas", "12.6.2.9", CudaVersion{12, 6});
    CHECK(named(board.find(), "libcublas")->claimed.empty());
}

TEST_CASE("cuDNN and TensorRT are of no toolkit, and their soname tells which package is meant") {
    BoardWithLibraries board;
    board.library("/usr/lib/aarch64-linux-gnu/libcudnn.so.9");
    board.library("/usr/lib/aarch64-linux-gnu/libnvinfer.so.10");
    board.component("cudnn", "8.9.4.25", CudaVersion{12, -1});
    board.component("cudnn", "9.3.0.75", CudaVersion{12, -1});
    board.component("tensorrt", "10.3.0.30", CudaVersion{12, -1});
    CHECK(named(board.find(), "cudnn")->claimed == "9.3.0.75");
    CHECK(named(board.find(), "tensorrt")->claimed == "10.3.0.30");
}

TEST_CASE("on NixOS each part has a folder of its own in the store") {
    BoardWithLibraries board;
    board.software.value().databases = {PackageDatabase::nix_store};
    board.component("cuda_cudart", "12.6.77", CudaVersion{12, 6});
    board.software.value().components.back().package = "cuda12.6-cuda_cudart-12.6.77";
    const std::string folder = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-cuda12.6-cuda_cudart-12.6.77-lib/lib/";
    board.library(folder + "libcudart.so.12");
    board.library("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-cuda12.9-cuda_cudart-12.9.79-lib/lib/libcudart.so.12");
    REQUIRE(board.find()->runtime.has_value());
    CHECK(board.find()->runtime->path == folder + "libcudart.so.12");
}

TEST_CASE("where none is installed that is an answer") {
    const BoardWithLibraries board;
    REQUIRE(board.find().known());
    CHECK_FALSE(board.find()->runtime.has_value());
    CHECK(board.find()->libraries.empty());
}

TEST_CASE("libraries of another system are not opened, and beside a driver without any none are") {
    BareBoard board;
    board.make_directory("/board");
    CHECK(board.find(false).lacks(Lack::not_asked));
    CHECK(board.find().lacks(Lack::not_asked));
}

namespace {

std::vector<std::string> paths_of(const Fact<std::vector<CudaLibraryFile>>& files) {
    REQUIRE(files.known());
    std::vector<std::string> paths;
    for (const CudaLibraryFile& file : *files) paths.push_back(file.file.path);
    return paths;
}

struct BoardToRead : BareBoard {
    BoardToRead() { make_directory("/board"); }
    [[nodiscard]] Fact<std::vector<CudaLibraryFile>> files() const {
        const CudaLibraryQuestion question{software, toolkits, driver_cuda, std::nullopt};
        return find_cuda_library_files(SystemRoot(on_host("/board")), testing::our_catalog(), question);
    }
};

}  // namespace

TEST_CASE("to be read, a library counts with what it opens itself, each file once") {
    BoardToRead board;
    board.toolkit("/usr/local/cuda-12.6", {12, 6});
    const std::string folder = lib_of_12_6;
    board.library(folder + "libcudart.so.12");
    board.library(folder + "libcublas.so.12.6.4.1");
    board.link("/board" + folder + "libcublas.so.12", "libcublas.so.12.6.4.1");
    board.link("/board" + folder + "libcublas.so", "libcublas.so.12");
    board.library(folder + "libcublasLt.so.12");
    board.library(folder + "libnppc.so.12");
    board.library(folder + "libnppig.so.12");
    board.library(folder + "libcublas_static.a");
    board.library(folder + "libsomething.so.1");
    board.library(folder + "stubs/libcublas.so.12");
    board.component("libcublas", "12.6.4.1", CudaVersion{12, 6});
    const auto files = board.files();
    CHECK(paths_of(files) == std::vector<std::string>{folder + "libcudart.so.12", folder + "libcublas.so.12",
                                                      folder + "libcublasLt.so.12", folder + "libnppc.so.12",
                                                      folder + "libnppig.so.12"});
    const CudaLibraryFile& cublas = files->at(1);
    CHECK(cublas.by_name);
    CHECK(cublas.package == "libcublas-package");
    CHECK(cublas.file.real_path == folder + "libcublas.so.12.6.4.1");
    CHECK_FALSE(files->at(2).by_name);
    CHECK(files->at(2).id == "libcublas");
}

TEST_CASE("in a folder of all libraries only those count that begin alike") {
    BoardToRead board;
    board.library("/usr/lib/aarch64-linux-gnu/libcudnn.so.9");
    board.library("/usr/lib/aarch64-linux-gnu/libcudnn_ops.so.9");
    board.library("/usr/lib/aarch64-linux-gnu/libm.so.6");
    CHECK(paths_of(board.files()) == std::vector<std::string>{"/usr/lib/aarch64-linux-gnu/libcudnn.so.9",
                                                              "/usr/lib/aarch64-linux-gnu/libcudnn_ops.so.9"});
}

TEST_CASE("without libraries there is nothing to read") { CHECK(paths_of(BoardToRead().files()).empty()); }
