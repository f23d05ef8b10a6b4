#include "probes/catalog/container_records.hpp"

#include "probes/catalog/record_reader.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {

ContainerFileRecord read_container_file(RecordReader& reader) {
    ContainerFileRecord file;
    file.id = reader.text("id");
    reader.call_it(file.id);
    file.variants = reader.texts("variants");
    for (const std::string& variant : file.variants) {
        if (variant != "nvgpu" && variant != "openrm") reader.refuse("variants", "must hold nvgpu or openrm");
    }
    for (const std::string& list : reader.texts("lists")) {
        if (list != "csv" && list != "cdi") reader.refuse("lists", "must hold csv or cdi");
        (list == "csv" ? file.csv : file.cdi) = true;
    }
    file.node = reader.one_of("kind", {"node", "library"}) == "node";
    file.names = reader.texts("names");
    if (file.variants.empty()) reader.refuse("variants", "must not be empty");
    if (file.names.empty()) reader.refuse("names", "must not be empty");
    for (const std::string& name : file.names) {
        if (file.node == starts_with(name, "/dev/")) continue;
        reader.refuse("names", "must hold paths below /dev for a node, and names of files for a library");
    }
    file.source = reader.source();
    return file;
}

}  // namespace jetcuda
