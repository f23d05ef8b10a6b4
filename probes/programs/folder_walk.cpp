#include "probes/programs/folder_walk.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/stat.h>

#include "probes/programs/inspect_file.hpp"
#include "probes/system/in_threads.hpp"

namespace jetcuda {
namespace {

namespace fs = std::filesystem;

struct Found {
    std::string path;
    std::pair<dev_t, ino_t> file;
};

std::vector<Found> walk(const fs::path& folder, std::size_t most, std::vector<std::string>& problems) {
    std::vector<Found> found;
    std::vector<fs::path> waiting{folder};  // in place of calls within calls: a folder may be any number deep
    while (!waiting.empty() && found.size() <= most) {
        const fs::path here = std::move(waiting.back());
        waiting.pop_back();
        std::error_code error;
        fs::directory_iterator entries(here, error);
        if (error) {
            problems.push_back(here.string() + " cannot be read: " + error.message());
            continue;
        }
        for (const fs::directory_iterator end; entries != end; entries.increment(error)) {
            struct stat status {};
            if (::lstat(entries->path().c_str(), &status) != 0) continue;  // it has just gone
            if (S_ISDIR(status.st_mode)) waiting.push_back(entries->path());
            if (S_ISREG(status.st_mode)) found.push_back({entries->path().string(), {status.st_dev, status.st_ino}});
            if (found.size() > most) break;
        }
        if (error) problems.push_back(here.string() + " cannot be read to its end: " + error.message());
    }
    if (found.size() > most) {
        problems.push_back(folder.string() + " holds more than " + std::to_string(most) +
                           " files: the rest is not looked at");
        found.resize(most);
    }
    return found;
}

}  // namespace

FolderFiles files_below(const std::string& folder, std::size_t most) {
    FolderFiles files;
    std::vector<Found> found = walk(folder, most, files.problems);
    // Sorted first: of several links to one file the same counts each time, in whatever order the folder gives them.
    std::sort(found.begin(), found.end(), [](const Found& left, const Found& right) { return left.path < right.path; });
    std::set<std::pair<dev_t, ino_t>> seen;
    for (Found& one : found) {
        if (seen.insert(one.file).second) files.files.push_back(std::move(one.path));
    }
    return files;
}

std::vector<Inspection> inspect_all(const std::vector<std::string>& files,
                                    const std::function<void(std::size_t done)>& on_progress) {
    std::vector<std::optional<Inspection>> results(files.size());
    std::atomic<std::size_t> next{0};
    std::mutex telling;
    std::size_t done = 0;
    const auto work = [&] {
        for (std::size_t at = next++; at < files.size(); at = next++) {
            Inspection inspection = inspect_file(files[at]);
            if (uses_gpu(inspection) || is_damaged(inspection)) results[at] = std::move(inspection);
            const std::lock_guard<std::mutex> lock(telling);
            if (++done, on_progress) on_progress(done);
        }
    };
    in_threads(std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), files.size()), work);
    std::vector<Inspection> told;
    for (std::optional<Inspection>& result : results) {
        if (result) told.push_back(*std::move(result));
    }
    return told;
}

}  // namespace jetcuda
