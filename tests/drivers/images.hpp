// Reading an image as a driver reads it, and refusing what a driver of this version on this GPU refuses.

#pragma once

#include <string>
#include <vector>

namespace simulated {

struct Image {
    bool ptx = false;
    std::vector<std::string> entries;
};

// The result of loading it; `log` is what the compiler of PTX says of a text that it refuses.
int read_image(const void* bytes, Image& image, std::string& log);

}  // namespace simulated
