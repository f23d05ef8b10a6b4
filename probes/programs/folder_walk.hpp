// The files below a folder, each once: by several links it is still one file, and a link that leads out of the folder
// leads to nothing of it.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "probes/programs/inspection.hpp"

namespace jetcuda {

struct FolderFiles {
    std::vector<std::string> files;     // sorted, links not among them
    std::vector<std::string> problems;  // folders that cannot be read, in sentences
};

// Links are not followed. Throws nothing: what cannot be read is told. Of more than `most` files those that the folder
// gives first are answered, and that is told, too.
FolderFiles files_below(const std::string& folder, std::size_t most = static_cast<std::size_t>(-1));

// Inspects them all at once on as many threads as there are processors, and answers in the order of the paths. Only
// those that there is something to say of: code, a runtime, or a problem. `on_progress` is told how many are done, by
// one thread at a time.
std::vector<Inspection> inspect_all(const std::vector<std::string>& files,
                                    const std::function<void(std::size_t done)>& on_progress);

}  // namespace jetcuda
