#include "probes/packages/toolkits.hpp"

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"

namespace jetcuda {
namespace {

using testing::TempRoot;

constexpr std::string_view version_json = R"json({
    "cuda": {"name": "CUDA SDK", "version": "12.6.20240801"},
    "cuda_cudart": {"name": "CUDA Runtime (cudart)", "version": "12.6.68"}
})json";

Fact<std::vector<Toolkit>> find(const TempRoot& board) { return find_toolkits(SystemRoot(board.directory())); }

Toolkit only(const TempRoot& board) {
    const auto toolkits = find(board);
    REQUIRE(toolkits.known());
    REQUIRE(toolkits->size() == 1);
    return toolkits->front();
}

}  // namespace

TEST_CASE("a toolkit of Ubuntu is found once, under its own name, by whatever link leads to it") {
    const TempRoot board;
    const std::string target = "/usr/local/cuda-12.6/targets/aarch64-linux";
    board.write("/usr/local/cuda-12.6/version.json", version_json);
    board.write(target + "/lib/libcudart.so.12.6.68", "");
    board.link("/usr/local/cuda-12.6/lib64", "targets/aarch64-linux/lib");
    board.link("/usr/local/cuda", "/etc/alternatives/cuda");
    board.link("/usr/local/cuda-12", "/etc/alternatives/cuda-12");
    board.link("/etc/alternatives/cuda", "/usr/local/cuda-12.6");
    board.link("/etc/alternatives/cuda-12", "/usr/local/cuda-12.6");
    board.write("/usr/local/cuda-12.4/targets/sbsa-linux/lib/libcudart.so.12.4.127", "");
    board.write("/usr/local/cuda-12.9/compat/libcuda.so.1.1", "");  // a cuda_compat alone is no toolkit
    board.write("/usr/local/bin/cuda-thing", "");
    const auto toolkits = find(board);
    REQUIRE(toolkits.known());
    CHECK(toolkits.source() == "/usr/local");
    REQUIRE(toolkits->size() == 2);
    const Toolkit& older = toolkits->at(0);
    CHECK(older.directory == "/usr/local/cuda-12.4");
    CHECK(older.cuda == CudaVersion{12, 4});
    CHECK(older.build == CudaBuild::sbsa);
    CHECK_FALSE(older.is_default);
    CHECK(older.source == "/usr/local/cuda-12.4");
    const Toolkit& chosen = toolkits->at(1);
    CHECK(chosen.directory == "/usr/local/cuda-12.6");
    CHECK(chosen.cuda == CudaVersion{12, 6});
    CHECK(chosen.build == CudaBuild::tegra);
    CHECK(chosen.is_default);
    CHECK(chosen.source == "/usr/local/cuda-12.6/version.json");
}

TEST_CASE("where no other says the version, cudart's file name does") {
    const TempRoot board;
    board.write("/usr/local/cuda/lib64/libcudart.so.11.0", "");
    board.write("/usr/local/cuda/lib64/libcudart.so.11.4.298", "");
    const Toolkit toolkit = only(board);
    CHECK(toolkit.directory == "/usr/local/cuda");
    CHECK(toolkit.cuda == CudaVersion{11, 4});
    CHECK(toolkit.source == "/usr/local/cuda/lib64/libcudart.so.11.4.298");
    CHECK(toolkit.is_default);
    CHECK(toolkit.build == CudaBuild::not_recorded);
}

TEST_CASE("Yocto has no targets, and no version.json") {
    const TempRoot board;
    board.write("/usr/local/cuda-12.6/lib/libcudart.so.12.6.68", "");
    const Toolkit toolkit = only(board);
    CHECK(toolkit.cuda == CudaVersion{12, 6});
    CHECK(toolkit.build == CudaBuild::not_recorded);
    CHECK_FALSE(toolkit.is_default);
}

TEST_CASE("the target with a cudart counts where a cross-compiler's stands beside it") {
    const TempRoot board;
    board.make_directory("/usr/local/cuda-13.0/targets/aarch64-linux/include");
    board.write("/usr/local/cuda-13.0/targets/sbsa-linux/lib/libcudart.so.13.0.48", "");
    CHECK(only(board).build == CudaBuild::sbsa);
}

TEST_CASE("none is an answer, too") {
    const TempRoot board;
    REQUIRE(find(board).known());
    CHECK(find(board)->empty());
    board.write("/usr/local/cuda-12.6", "a file");
    board.make_directory("/usr/local/cuda-12.8");
    CHECK(find(board)->empty());
    board.link("/usr/local/cuda", "nowhere");
    const Toolkit nowhere = only(board);
    CHECK(nowhere.directory == "/usr/local/cuda");
    CHECK(nowhere.is_default);
    CHECK_FALSE(nowhere.there);
    CHECK_FALSE(nowhere.cuda.has_value());
}

TEST_CASE("a default link that leads nowhere is told") {
    const TempRoot board;
    board.write("/usr/local/cuda-12.6/version.json", version_json);
    board.link("/usr/local/cuda", "/etc/alternatives/cuda");
    board.link("/etc/alternatives/cuda", "/usr/local/cuda-12.2");
    const auto toolkits = find(board);
    REQUIRE(toolkits->size() == 2);
    CHECK(toolkits->at(0).directory == "/usr/local/cuda");
    CHECK(toolkits->at(0).is_default);
    CHECK_FALSE(toolkits->at(0).there);
    CHECK_FALSE(toolkits->at(0).cuda.has_value());
    CHECK(toolkits->at(1).there);
    CHECK_FALSE(toolkits->at(1).is_default);
}

TEST_CASE("a damaged version.json leaves the folder's name") {
    for (const char* text :
         {"", "{", "[]", "7", R"({"cuda":7})", R"({"cuda":{"version":7}})",
          R"({"cuda":{"version":"12.4"},"cuda":{"version":"12.5"}})", R"({"cuda":{"version":"x.y"}})"}) {
        CAPTURE(text);
        const TempRoot board;
        board.write("/usr/local/cuda-12.6/version.json", text);
        const Toolkit toolkit = only(board);
        CHECK(toolkit.cuda == CudaVersion{12, 6});
        CHECK(toolkit.source == "/usr/local/cuda-12.6");
    }
}

TEST_CASE("no version.json makes the reader misbehave") {
    const TempRoot board;
    for (unsigned seed = 0; seed < 200; ++seed) {
        board.write("/usr/local/cuda-12.6/version.json",
                    seed % 4 == 0 ? testing::random_bytes(seed, 300) : testing::mutated(version_json, seed));
        CHECK(only(board).cuda.has_value());
    }
    board.write("/usr/local/cuda-12.6/version.json", std::string(200'000, '['));
    CHECK(only(board).cuda == CudaVersion{12, 6});
}

TEST_CASE("a crowd of folders is not looked through without end") {
    const TempRoot board;
    for (int number = 0; number < 300; ++number) {
        board.write("/usr/local/cuda-12." + std::to_string(number) + "/version.json", "{}");
    }
    CHECK(find(board)->size() <= 64);
}

}  // namespace jetcuda
