// What CUDA in a container cannot do without, by GPU driver: what container_files.json holds.

#pragma once

#include <string>
#include <vector>

namespace jetcuda {

class RecordReader;

// A part of the driver that CUDA in a container cannot do without.
struct ContainerFileRecord {
    std::string id;                     // "nvmap"
    std::vector<std::string> variants;  // "nvgpu", "openrm": the GPU drivers that need it
    bool csv = false;                   // the lists of the container runtime must name it
    bool cdi = false;                   // CDI specs must
    bool node = false;                  // a device node, named by path; else a library, by its file's name
    std::vector<std::string> names;     // one of them is enough; '*' stands for any letters
    std::string source;
};

ContainerFileRecord read_container_file(RecordReader& reader);

}  // namespace jetcuda
