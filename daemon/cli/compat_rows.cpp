// The cuda_compat folders, as rows: under the name of each folder what it is, and what makes programs use it.

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {
namespace {

void add_folder(Rows& rows, const CompatFolder& folder) {
    const auto put = [&](std::string_view name, const std::string& value, const std::string& source) {
        if (!value.empty()) rows.put(fmt::format("compat.{}.{}", folder.directory, name), value, source);
    };
    const std::string& file = folder.library.real_path;
    const std::string& brought_by = folder.package.empty() ? file : folder.package;
    put("libcuda", file, folder.library.path);
    put("flaw", folder.library.flaw, folder.library.path);
    put("product", std::string(name_of(folder.product)), brought_by);
    put("version", folder.version, brought_by);
    put("cuda", folder.cuda ? folder.cuda->text() : std::string(),
        folder.note && folder.note->cuda ? folder.note.source() : brought_by);
    put("package", folder.package, file);
    if (folder.note) {
        std::string drivers;
        for (const int driver : folder.note->drivers) {
            drivers.append(drivers.empty() ? "" : ", ").append(std::to_string(driver));
        }
        put("accepts_drivers", drivers, folder.note.source());
    } else {
        rows.put_missing(fmt::format("compat.{}.note", folder.directory), folder.note.missing());
    }
    std::vector<std::string> users;
    std::string sources;
    for (const CompatEnabling& how : folder.enabled_by) {
        users.push_back(how.who);
        if (!how.source.empty()) sources.append(sources.empty() ? "" : "; ").append(how.source);
    }
    if (!users.empty()) rows.put(fmt::format("compat.{}.enabled_for", folder.directory), std::move(users), sources);
}

}  // namespace

void add_compat(Rows& rows, const Facts& facts) {
    if (!rows.begin("compat", facts.compat)) return;
    rows.part("folders", static_cast<std::int64_t>(facts.compat->folders.size()));
    for (const CompatFolder& folder : facts.compat->folders) add_folder(rows, folder);
    if (facts.compat->window) {
        rows.put("compat.window", facts.compat->window->lowest.text() + " to " + facts.compat->window->highest.text(),
                 facts.compat->window_source);
    }
}

}  // namespace jetcuda
