#include "probes/loader/named_programs.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "probes/loader/program_loading.hpp"
#include "probes/programs/folder_walk.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t most_files = 20'000;  // of one folder
constexpr std::size_t most_loads = 512;     // programs whose libraries are searched, of one folder

bool says_something(const Fact<Inspection>& content) { return !content || uses_gpu(*content) || is_damaged(*content); }

// Of a folder's files: a program, or a library that asks for the GPU, which some program loads as a plug-in.
bool is_loaded_alone(const Inspection& inspection) {
    return has_loader(inspection) && (inspection.parts.front().code.executable || asks_for_gpu(inspection));
}

class Looking {
public:
    Looking(const SystemRoot& root, const ProgramQuestion& question, FileLooks& looks)
        : root_(root), known_(question.known), looks_(looks), loaders_(root, question.conf, looks) {}

    NamedProgram at(const std::string& path) {
        NamedProgram program;
        program.path = path;
        const Fact<FileStatus> status = root_.status(path);
        if (!status) {
            program.missing = status.missing();
        } else if (status->kind == FileKind::directory) {
            program.folder = true;
            look_into_folder(program);
        } else if (const Fact<Inspection>& content = looks_.look_at(path); content) {
            program.looked_at = 1;
            seen_.clear();
            add(program, path, content);
            if (has_loader(*content)) load(program, path);
        } else {
            program.missing = content.missing();
        }
        return program;
    }

private:
    [[nodiscard]] std::string real_path_of(const std::string& path) const {
        const Fact<ResolvedPath> real = root_.resolve(path);
        return real ? real->inside : std::string();
    }

    void add(NamedProgram& program, const std::string& path, const Fact<Inspection>& content) {
        std::string real = real_path_of(path);
        if (!seen_.insert(real.empty() ? path : real).second) return;
        program.files.push_back({path, std::move(real), content});
    }

    void load(NamedProgram& program, const std::string& path) {
        std::optional<ProgramLoading> loading = loaders_.load(path);
        if (!loading) return;
        for (const std::string& object : loading->objects) {
            if (known_.count(real_path_of(object)) != 0) continue;
            const Fact<Inspection>& content = looks_.look_at(object);
            if (says_something(content)) add(program, object, content);
        }
        program.loads.push_back(std::move(loading->program));
    }

    void look_into_folder(NamedProgram& program) {
        const Fact<ResolvedPath> place = root_.resolve(program.path);
        if (!place) {
            program.missing = place.missing();
            return;
        }
        const std::string on_host = place->on_host.string();
        const auto inside = [&](const std::string& text) {
            const std::size_t at = text.find(on_host);
            return at == std::string::npos ? text
                                           : text.substr(0, at) + place->inside + text.substr(at + on_host.size());
        };
        FolderFiles found = files_below(on_host, most_files);
        for (const std::string& problem : found.problems) program.problems.push_back(inside(problem));
        program.looked_at = found.files.size();
        seen_.clear();
        std::vector<std::string> alone;
        for (const std::string& file : found.files) {
            const std::string path = inside(file);
            const Fact<Inspection>& content = looks_.look_at(path);
            if (says_something(content)) add(program, path, content);
            if (content && is_loaded_alone(*content)) alone.push_back(path);
            if (!content.known() && looks_.time_is_up()) {
                program.problems.push_back(
                    fmt::format("{} holds more than could be looked into in one run", program.path));
                break;
            }
        }
        if (alone.size() > most_loads) {
            program.problems.push_back(fmt::format("Of the {} programs and libraries in {} the first {} are looked at",
                                                   alone.size(), program.path, most_loads));
            alone.resize(most_loads);
        }
        for (const std::string& path : alone) load(program, path);
    }

    const SystemRoot& root_;
    const std::set<std::string, std::less<>>& known_;
    FileLooks& looks_;
    ProgramLoaders loaders_;
    std::set<std::string, std::less<>> seen_;  // of the entry that is being looked at, by real path
};

}  // namespace

std::vector<NamedProgram> look_at_programs(const SystemRoot& root, const ProgramQuestion& question, FileLooks& looks) {
    std::vector<NamedProgram> programs;
    Looking looking(root, question, looks);
    programs.reserve(question.paths.size());
    for (const std::string& path : question.paths) programs.push_back(looking.at(path));
    return programs;
}

}  // namespace jetcuda
