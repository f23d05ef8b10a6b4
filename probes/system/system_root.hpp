// The machine as a folder. Everything the program reads of a system goes through here, by paths as that
// system sees them ("/etc/nv_tegra_release"); point the root at another folder and the same program judges a
// board kept in the tests, a mounted disk or a container's file system.
//
// Links are followed below the root, absolute ones too (they start again at the root, as they would after a
// chroot), and ".." stops at it: no path given here can lead out of the root.
//
// What a folder in a repository cannot hold (device nodes, owners, modes, empty folders) may stand in
// `.jetcuda-root.json` at a root that is not "/" (contract, section 2); such an entry is named as the source:
//
//   {"nodes": [{"path": "/dev/nvmap", "type": "c", "major": 10, "minor": 120, "mode": "0660", "uid": 0, "gid": 44}],
//    "dirs": ["/sys/module/nvgpu"],
//    "kernel_log": ["nvgpu: 17000000.gpu nvgpu_acr_bootstrap_hs_acr:142 [ERR]  ACR bootstrap failed"]}
//
// `type` is the letter of find(1): c and b (device nodes, with major and minor), p (FIFO), s (socket), d (folder),
// f (owner and mode of a file that is really there). `mode` is octal text; uid and gid are 0 where absent. A path
// is absolute, without links in it; folders above it need not exist. `dirs` are folders, 0755 root:root. Any other
// key, or a path named twice, is an error. `kernel_log` stands for what /dev/kmsg would give, the messages alone.
//
// A NixOS system that is not running yet (--system) is no root of its own: its links lead into the store of the root
// that it lies in. So it is a second parameter, and the root is then seen as it will be once that system is switched
// to, by the links that a switch sets:
//
//   /run/current-system   leads to it
//   /etc/static           leads to its etc
//   /etc/NAME             is the one of its etc, where that holds one; all other files of /etc (passwd, group) stay
//   /run/opengl-driver    leads to what the rule in its etc/tmpfiles.d/graphics-driver.conf names, or nowhere
//
// Everything else stays what it is: /proc, /sys, /dev, /run/booted-system.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/fact.hpp"

namespace jetcuda {

enum class FileKind { regular, directory, symlink, character_device, block_device, fifo, socket, other };

struct FileStatus {
    FileKind kind = FileKind::other;
    std::uint64_t size = 0;  // bytes
    std::uint32_t mode = 0;  // permission bits only, 0 to 07777
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t device_major = 0;  // of a device node, else 0
    std::uint32_t device_minor = 0;
};

// A path after every link was followed.
struct ResolvedPath {
    std::string inside;             // as the system below the root names it: "/usr/lib/libcuda.so.1.1"
    std::filesystem::path on_host;  // the same file as this process can open it
};

class SystemRoot {
public:
    // Opens nothing but `.jetcuda-root.json`, which is read for any root other than "/". Throws
    // std::runtime_error naming the file and the way out when the folder is missing or that file is malformed.
    // `system` is a NixOS system's path inside the root; the same error is thrown where it is none.
    explicit SystemRoot(const std::filesystem::path& host_directory = "/",
                        const std::optional<std::string>& system = std::nullopt);

    [[nodiscard]] bool live() const { return live_; }  // this root is "/", the running system's own
    [[nodiscard]] const std::filesystem::path& host_directory() const { return host_directory_; }
    // The NixOS system that is not running yet, its links followed: "/nix/store/…-nixos-system-…". Empty: none given.
    [[nodiscard]] const std::string& incoming_system() const { return incoming_system_; }

    // Files the kernel makes up report size 0, so the limit counts what was read. A longer file is
    // not_understood; a FIFO, socket or device is refused without opening it.
    static constexpr std::size_t default_read_limit = std::size_t{1} << 20;
    [[nodiscard]] Fact<std::string> read(std::string_view path, std::size_t limit = default_read_limit) const;
    // The same, without white space and NULs at its end: for one-value files of /proc and /sys.
    [[nodiscard]] Fact<std::string> read_value(std::string_view path) const;

    // Names in a folder, sorted, without "." and ".."; folders and nodes of `.jetcuda-root.json` are among them.
    [[nodiscard]] Fact<std::vector<std::string>> list(std::string_view path) const;

    [[nodiscard]] Fact<ResolvedPath> resolve(std::string_view path) const;  // the last link is followed too
    [[nodiscard]] Fact<FileStatus> status(std::string_view path) const;     // of what the path leads to
    [[nodiscard]] bool exists(std::string_view path) const;
    // May this process open the node for reading and writing? Only asked of the live system; elsewhere not_asked.
    [[nodiscard]] Fact<bool> can_open(std::string_view path) const;

    // Lines of the kernel's log that stand in `.jetcuda-root.json`, oldest first. Nothing: that file has none.
    [[nodiscard]] const std::optional<std::vector<std::string>>& noted_kernel_log() const { return noted_log_; }

    // How often each file was read: a test holds the program to one read a file.
    [[nodiscard]] const std::map<std::string, int, std::less<>>& read_counts() const { return read_counts_; }

private:
    struct Walked;
    struct Noted {
        FileStatus status;
        bool implied = false;  // a folder that stands only because something below it is noted
    };
    [[nodiscard]] Fact<Walked> walk(std::string_view path) const;
    [[nodiscard]] const Noted* noted(std::string_view inside) const;
    void read_notes();
    void enter_system(const std::string& path);
    // Where a switch to the incoming system would lead this path; empty text: nowhere. Nothing: as it is.
    [[nodiscard]] std::optional<std::string> incoming_target(const std::string& inside) const;

    std::filesystem::path host_directory_;
    bool live_ = false;
    std::string incoming_system_;
    std::string incoming_etc_;                         // without links
    std::string incoming_driver_;                      // as its rule names it
    std::map<std::string, Noted, std::less<>> noted_;  // from .jetcuda-root.json, by path inside the root
    std::optional<std::vector<std::string>> noted_log_;
    mutable std::map<std::string, int, std::less<>> read_counts_;
};

}  // namespace jetcuda
