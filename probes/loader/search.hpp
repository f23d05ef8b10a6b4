// The search of the glibc loader for a library, re-enacted on files: nothing is run, so it answers for a mounted disk
// and for another machine as well. It follows elf/dl-load.c (glibc 2.31 to 2.39): libraries that are loaded already,
// DT_RPATH of the asking file and of those that loaded it, LD_LIBRARY_PATH, DT_RUNPATH, /etc/ld.so.cache, default
// folders. A file of another machine or class is passed over; one that is no library ends the search with an error.
//
// Not re-enacted: set-user-id programs (which ignore the environment), auditing, kernel versions in ABI notes, and
// hard links to one file under two names.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/facts.hpp"
#include "probes/loader/ld_so_cache.hpp"
#include "probes/loader/loader_traits.hpp"
#include "probes/system/system_root.hpp"

namespace jetcuda {

struct LoaderEnvironment {
    std::string library_path;  // LD_LIBRARY_PATH
    std::string library_path_source = "LD_LIBRARY_PATH";
    std::string preload;  // LD_PRELOAD
    std::string preload_source = "LD_PRELOAD";
    std::string working_folder = {};  // for empty elements of a path; empty: not known
};

// A file as the loader meets it.
struct LoadableFile {
    LoaderStep::Outcome outcome = LoaderStep::Outcome::not_there;
    bool ends_list = false;  // an error other than "not there": the other folders of the same list are not tried
    std::string why;         // in words, where it is neither taken nor simply not there
    std::string real_path;
    std::string soname;
    std::string interpreter;
    std::vector<std::string> needed;
    std::optional<std::string> rpath;  // without effect where there is a runpath
    std::optional<std::string> runpath;
    bool no_default_folders = false;
    ElfMachine machine = ElfMachine::other;
};

// What the loader of this machine would say to the file. `path` is absolute, as the system below the root names it.
LoadableFile look_at_file(const SystemRoot& root, const std::string& path, ElfMachine machine);

// What all programs of one system share.
class Loader {
public:
    // `cached` answers in place of /etc/ld.so.cache, and `cache_name` names it in the steps.
    using CacheLookup = std::function<std::string(std::string_view name)>;
    Loader(const SystemRoot& root, LoaderTraits traits, CacheLookup cached,
           std::string cache_name = std::string(ld_so_cache_path));

    [[nodiscard]] const SystemRoot& root() const { return root_; }
    [[nodiscard]] const LoaderTraits& traits() const { return traits_; }
    [[nodiscard]] const std::string& cache_name() const { return cache_name_; }
    [[nodiscard]] std::string cached(std::string_view name) const { return cached_ ? cached_(name) : std::string(); }

    // Each file is looked at once. `path` is absolute.
    [[nodiscard]] const LoadableFile& file(const std::string& path) const;
    [[nodiscard]] bool is_folder(const std::string& path) const;

private:
    const SystemRoot& root_;
    LoaderTraits traits_;
    CacheLookup cached_;
    std::string cache_name_;
    mutable std::map<std::string, LoadableFile, std::less<>> files_;
    mutable std::map<std::string, bool, std::less<>> folders_;
};

// What one process has loaded, and how it goes on.
class LoaderProcess {
public:
    struct Object {
        std::string path;  // as the loader names it
        std::string real_path;
        std::vector<std::string> names;  // under which it answers for later requests
        std::string origin;              // what $ORIGIN stands for
        std::optional<std::string> rpath;
        std::optional<std::string> runpath;
        bool no_default_folders = false;
        std::vector<std::string> needed;
        std::optional<std::size_t> loaded_by;
    };
    struct Found {
        std::vector<LoaderStep> steps;
        std::optional<std::size_t> object;  // of objects(); absent: none, or the search ended with an error
        std::string error;                  // why it ended early: a file that is no library
    };

    LoaderProcess(const Loader& loader, LoaderEnvironment environment);

    // A program of the system, by its path as the shell would give it. False: it is no ELF file of this machine.
    bool start(const std::string& path);
    // A program that is no file: with these search paths of its own and no library loaded.
    void start_without_file(std::string name, std::optional<std::string> runpath = std::nullopt);

    // Loads LD_PRELOAD (the first time) and everything that is needed, breadth first. Answers what could not be found,
    // one clause each.
    std::vector<std::string> load_needed();

    // As dlopen(name) in objects()[asker] would find it; the object is loaded then, without what it needs.
    Found find(const std::string& name, std::size_t asker);

    // Where the search of objects()[asker] leads, whatever is loaded already: what it gets where it asks first.
    // Loads nothing.
    [[nodiscard]] Found search(const std::string& name, std::size_t asker) const;

    // How the objects that were loaded by need were found.
    [[nodiscard]] const std::vector<Object>& objects() const { return objects_; }
    // Steps that led to an object; empty for the program itself.
    [[nodiscard]] const std::vector<LoaderStep>& steps_to(std::size_t object) const { return steps_[object]; }
    // The object that answers to this name, if one is loaded.
    [[nodiscard]] std::optional<std::size_t> loaded(std::string_view name) const;

private:
    enum class Walk { taken, go_on, ended };
    Walk try_path(const std::string& source, const std::string& path, Found& found) const;
    Walk walk_list(const std::string& source, const std::vector<std::string>& folders, const std::string& name,
                   Found& found) const;
    Walk walk_own_paths(const std::string& name, std::size_t asker, Found& found) const;
    Walk walk(const std::string& name, std::size_t asker, Found& found) const;
    [[nodiscard]] std::vector<std::string> folders_of(std::string_view list, std::string_view separators,
                                                      std::size_t object) const;
    [[nodiscard]] std::optional<std::string> expanded(std::string_view text, std::size_t object) const;
    [[nodiscard]] std::string absolute(const std::string& path) const;
    std::size_t add(const std::string& path, const LoadableFile& file, const std::string& name,
                    std::optional<std::size_t> loaded_by);

    const Loader& loader_;
    LoaderEnvironment environment_;
    std::vector<Object> objects_;
    std::vector<std::vector<LoaderStep>> steps_;
    bool preloaded_ = false;
};

}  // namespace jetcuda
