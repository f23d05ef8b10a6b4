// What containers are given, as rows: counts, and the entries that are not well. Lists name hundreds of files, and
// nobody reads those that are as they should be.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/cli/fact_row_writer.hpp"

namespace jetcuda {
namespace {

void add_engines(Rows& rows, const Containers& containers) {
    for (const ContainerEngine& engine : containers.engines) {
        const std::string name = fmt::format("containers.{}.registered", engine.name);
        if (engine.registered.known()) {
            rows.put(name, *engine.registered, engine.registered.source());
        } else {
            rows.put_missing(name, engine.registered.missing());
        }
    }
}

void add_mounts(Rows& rows, const Containers& containers) {
    std::int64_t missing = 0;
    std::vector<std::string> not_there;
    for (const ContainerMount& mount : containers.mounts) {
        if (!mount.there) {
            ++missing;
            not_there.push_back(mount.path);
        }
        if (mount.empty) rows.put(fmt::format("containers.empty.{}", mount.path), true, mount.source);
        if (!mount.other_driver.empty()) {
            rows.put(fmt::format("containers.other_driver.{}", mount.path), mount.other_driver, mount.source);
        }
    }
    rows.part("entries", static_cast<std::int64_t>(containers.mounts.size()));
    rows.part("entries_missing", missing);
    if (!not_there.empty()) rows.part("missing", std::move(not_there));
    for (const WithheldFile& file : containers.withheld) {
        rows.put(fmt::format("containers.withheld.{}", file.id),
                 fmt::format("{}, {} {}", file.path, file.listed ? "named and missing in" : "not named in",
                             name_of(file.list)),
                 file.source);
    }
}

}  // namespace

void add_containers(Rows& rows, const Facts& facts) {
    if (!rows.begin("containers", facts.containers)) return;
    const Containers& containers = *facts.containers;
    rows.part("toolkit", containers.toolkit);
    if (!containers.toolkit_version.empty()) {
        rows.put("containers.toolkit_version", containers.toolkit_version, containers.toolkit_source);
    }
    add_engines(rows, containers);
    if (!containers.lists.empty()) {
        rows.part("lists", containers.lists);
        add_mounts(rows, containers);
    }
    for (const Missing& unread : containers.unread) {
        rows.put_missing(fmt::format("containers.lists.{}", unread.source), unread);
    }
    if (!containers.skipped.empty()) rows.part("skipped", containers.skipped);
}

}  // namespace jetcuda
