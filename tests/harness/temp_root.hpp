// A little board: a temporary folder that a test fills with the files it needs, gone when the test ends.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

namespace jetcuda::testing {

class TempRoot {
public:
    TempRoot() {
        std::string pattern = (std::filesystem::temp_directory_path() / "jetcuda-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + pattern);
        directory_ = pattern;
    }
    ~TempRoot() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    TempRoot(const TempRoot&) = delete;
    TempRoot& operator=(const TempRoot&) = delete;

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    // The path on this machine of what the board calls `inside`: "/etc/group".
    [[nodiscard]] std::filesystem::path on_host(std::string_view inside) const {
        return directory_ / std::filesystem::path(inside).relative_path();
    }

    void write(std::string_view inside, std::string_view content) const {
        const std::filesystem::path file = on_host(inside);
        std::filesystem::create_directories(file.parent_path());
        std::ofstream stream(file, std::ios::binary | std::ios::trunc);
        stream.write(content.data(), static_cast<std::streamsize>(content.size()));
        if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
    }
    // A symbolic link; `target` stands in it as it is.
    void link(std::string_view inside, std::string_view target) const {
        const std::filesystem::path file = on_host(inside);
        std::filesystem::create_directories(file.parent_path());
        std::filesystem::create_symlink(std::filesystem::path(target), file);
    }
    void make_directory(std::string_view inside) const { std::filesystem::create_directories(on_host(inside)); }
    void remove(std::string_view inside) const { std::filesystem::remove_all(on_host(inside)); }

private:
    std::filesystem::path directory_;
};

}  // namespace jetcuda::testing
