// Gives every file of a folder to the fuzz target that this is linked with, as libFuzzer would. A target ends the
// program where it finds a fault; so do the sanitizers.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/hostile.hpp"

int main(int count, char** arguments) {
    if (count != 2) {
        std::fputs("usage: replay-NAME FOLDER\n", stderr);
        return 64;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const std::filesystem::path& file : files) {
        std::printf("%s\n", file.filename().c_str());
        std::fflush(stdout);
        std::ifstream stream(file, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
        const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
        (void)LLVMFuzzerTestOneInput(copy.data(), copy.size());
    }
    std::printf("%zu files answered\n", files.size());
    return files.empty() ? 1 : 0;
}
