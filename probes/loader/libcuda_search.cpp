#include "probes/loader/libcuda_search.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "probes/driver/libcuda_file.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

using Outcome = LoaderStep::Outcome;

const std::string library(libcuda_name);
constexpr std::size_t most_sightings = 64;

std::string read_preload(const SystemRoot& root) {
    const Fact<std::string> text = root.read("/etc/ld.so.preload");
    std::string result;
    if (!text) return result;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const std::string_view line = take_line(rest);
        std::string words(line.substr(0, line.find('#')));
        std::replace(words.begin(), words.end(), '\t', ' ');
        result += words;
        result += ' ';
    }
    return result;
}

class Searching {
public:
    Searching(const SystemRoot& root, const LdSoConf& conf, Distribution distribution)
        : root_(root), distribution_(distribution), system_(root, conf, machine_of_loader(root), {}, true) {}

    Fact<LibcudaSearch> run() {
        result_.cache_read = system_.cache().known();
        result_.plain = plain(system_.loader());
        if (result_.cache_read && distribution_ != Distribution::nixos) foresee();
        for (const UnitEnvironment& unit : read_unit_environments(root_)) result_.units.push_back(answer_for(unit));
        gather();
        const std::string source = distribution_ == Distribution::nixos ? std::string(nixos_driver_folder)
                                   : result_.cache_read                 ? std::string(ld_so_cache_path)
                                                                        : "/etc/ld.so.conf";
        return {std::move(result_), source};
    }

private:
    [[nodiscard]] std::optional<std::string> usual_runpath() const {
        if (distribution_ != Distribution::nixos) return std::nullopt;
        return std::string(nixos_driver_folder);
    }

    static LoaderAnswer answer_of(std::string asker, const LoaderProcess& process, LoaderProcess::Found found) {
        LoaderAnswer answer;
        answer.asker = std::move(asker);
        answer.steps = std::move(found.steps);
        if (found.object) {
            answer.path = process.objects()[*found.object].path;
            answer.real_path = process.objects()[*found.object].real_path;
        }
        return answer;
    }

    [[nodiscard]] LoaderAnswer plain(const Loader& loader) const {
        const std::string asker(plain_program(distribution_ == Distribution::nixos));
        LoaderEnvironment environment;
        environment.preload = system_.preload();
        LoaderProcess process(loader, environment);
        process.start_without_file(asker, usual_runpath());
        process.load_needed();
        LoaderProcess::Found found = process.find(library, 0);
        return answer_of(asker, process, std::move(found));
    }

    [[nodiscard]] LoaderAnswer answer_for(const UnitEnvironment& unit) const {
        LoaderEnvironment environment;
        environment.library_path = unit.library_path;
        environment.library_path_source = "LD_LIBRARY_PATH of " + unit.unit + ", from " + unit.library_path_source;
        environment.preload = unit.preload + ' ' + system_.preload();
        LoaderProcess process(system_.loader(), environment);
        process.start_without_file(unit.unit, usual_runpath());
        process.load_needed();
        LoaderProcess::Found found = process.find(library, 0);
        LoaderAnswer answer = answer_of(unit.unit, process, std::move(found));
        if (!unit.preload.empty() && answer.steps.front().source == "loaded already") {
            answer.steps.front().source = "LD_PRELOAD of " + unit.unit + ", from " + unit.preload_source;
        }
        return answer;
    }

    // ldconfig runs with the next package that is installed, and then the configuration counts as it is now.
    void foresee() {
        const std::vector<ConfLibrary>& libraries = system_.after_ldconfig();
        const Loader after(
            root_, system_.loader().traits(),
            [&](std::string_view name) {
                return name == library && !libraries.empty() ? libraries.front().file : std::string();
            },
            "the next ldconfig");
        LoaderAnswer answer = plain(after);
        if (answer.real_path != result_.plain.real_path) result_.after_ldconfig = std::move(answer);
    }

    void add(const std::string& path, const std::string& named_by) {
        if (result_.all.size() >= most_sightings) return;
        const Fact<ResolvedPath> real = root_.resolve(path);
        if (!real || !seen_.insert(real->inside).second) return;
        const Fact<LibcudaFile> file = describe_libcuda(root_, path);
        if (file) result_.all.push_back({path, real->inside, named_by, *file});
    }

    // The cache names paths; the configuration says who put them there.
    [[nodiscard]] std::string cached(const std::string& path) const {
        const ConfFolder* folder = folder_of_library(system_.conf(), root_, path);
        std::string named_by = system_.loader().cache_name();
        if (folder != nullptr) named_by += ", from " + folder->source;
        return named_by;
    }

    // Steps of a search that ended go on in thought: what lies behind the winner can win when that one goes.
    void add_steps(const LoaderAnswer& answer) {
        for (const LoaderStep& step : answer.steps) {
            const bool there = step.outcome != Outcome::not_there && step.outcome != Outcome::not_readable;
            if (!there || !starts_with(step.path, "/")) continue;
            add(step.path, step.source == system_.loader().cache_name() ? cached(step.path) : step.source);
        }
    }

    void gather() {
        add_steps(result_.plain);
        if (system_.cache().known()) {
            for (const LdSoCacheEntry& entry : system_.cache()->entries()) {
                if (!entry.has_path || entry.name != library) continue;
                add(entry.path, cached(entry.path));
            }
        }
        for (const ConfLibrary& found : system_.after_ldconfig()) add(found.file, found.source);
        for (const std::string& folder : system_.loader().traits().default_folders) {
            add(path_below(folder, library), "default folders");
        }
        for (const LoaderAnswer& unit : result_.units) add_steps(unit);
    }

    const SystemRoot& root_;
    Distribution distribution_;
    SystemLoader system_;
    LibcudaSearch result_;
    std::set<std::string> seen_;
};

}  // namespace

SystemLoader::SystemLoader(const SystemRoot& root, LdSoConf conf, ElfMachine machine, std::string_view loader_path,
                           bool foresee_cache)
    : traits_(read_loader_traits(root, machine, loader_path)),
      cache_(read_ld_so_cache(root, traits_.glibc_minor)),
      conf_(std::move(conf)),
      after_ldconfig_(libraries_for_ldconfig(root, conf_, traits_, libcuda_name)),
      preload_(read_preload(root)),
      loader_(
          root, traits_,
          [this, foresee_cache](std::string_view name) -> std::string {
              if (cache_) return cache_->find(name, traits_);
              return foresee_cache && name == libcuda_name && !after_ldconfig_.empty() ? after_ldconfig_.front().file
                                                                                       : std::string();
          },
          cache_ || !foresee_cache ? std::string(ld_so_cache_path) : "/etc/ld.so.conf, as ldconfig would enter it") {}

Fact<LibcudaSearch> search_libcuda(const SystemRoot& root, const LdSoConf& conf, Distribution distribution) {
    return Searching(root, conf, distribution).run();
}

}  // namespace jetcuda
