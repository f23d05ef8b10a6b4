#include "probes/catalog/catalog.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <system_error>

#include <nlohmann/json.hpp>

#include "probes/catalog/record_reader.hpp"
#include "probes/system/strict_json.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t file_limit = std::uintmax_t{4} << 20;  // ours are below 100 KB

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
    throw CatalogError(file.string() + ": " + what + "; correct the file, or remove it if it is a drop-in");
}

// Sources stand in a list, one statement each, and are told as one text.
std::string read_source(RecordReader& reader) {
    std::string source;
    for (const std::string& part : reader.texts("source")) source.append(source.empty() ? "" : "; ").append(part);
    if (source.empty()) reader.refuse("source", "is empty; say where the record comes from");
    return source;
}

SocRecord read_soc(RecordReader& reader) {
    SocRecord soc;
    soc.id = reader.text("id");
    reader.call_it(soc.id);
    soc.name = reader.text("name");
    soc.support = reader.one_of("support", {"supported", "left-behind"}) == "supported" ? SocSupport::supported
                                                                                        : SocSupport::left_behind;
    const std::optional<CudaVersion> capability = reader.optional_cuda("capability");  // the same form: "8.7"
    if (!capability || capability->minor > 9) reader.refuse("capability", "must be a compute capability such as 8.7");
    soc.capability = {capability->major, capability->minor};
    soc.compatible = reader.texts("compatible");
    soc.soc0_id = reader.text("soc0_id");
    if (!is_digits(soc.soc0_id)) reader.refuse("soc0_id", "must be the chip's number in decimal, as text");
    soc.gpu_module = reader.one_of("gpu_module", {"nvgpu", "nvidia"});
    soc.gpu_variant = reader.one_of("gpu_variant", {"nvgpu", "openrm"});
    soc.modules = reader.text_map("modules");
    soc.source = read_source(reader);
    return soc;
}

LineRecord read_line(RecordReader& reader) {
    LineRecord line;
    line.line = reader.number("line", 1, 999);
    reader.call_it(line_text(line.line));
    line.support = reader.one_of("support", {"supported", "not-supported"}) == "supported" ? LineSupport::supported
                                                                                           : LineSupport::not_supported;
    line.socs = reader.texts("socs");
    line.source = read_source(reader);
    return line;
}

std::optional<CompatWindow> read_compat(RecordReader& reader) {
    const json* window = reader.optional_object("compat");
    if (window == nullptr) return std::nullopt;
    RecordReader ends(*window, reader.place() + ": \"compat\"");
    const std::optional<CudaVersion> lowest = ends.optional_cuda("lowest");
    const std::optional<CudaVersion> highest = ends.optional_cuda("highest");
    ends.refuse_other_keys();
    if (!lowest || !highest || *highest < *lowest) {
        reader.refuse("compat", "must hold two CUDA versions, lowest and highest, in this order");
    }
    return CompatWindow{*lowest, *highest};
}

ReleaseRecord read_release(RecordReader& reader) {
    ReleaseRecord release;
    release.l4t = reader.l4t("l4t");
    reader.call_it(release.l4t.text());
    release.jetpack = reader.optional_text("jetpack");
    release.cuda = reader.optional_cuda("cuda");
    if (const std::optional<int> encoded = reader.optional_number("driver_cuda", 1000, 999'990)) {
        release.driver_cuda = CudaVersion::from_api(*encoded);
        if (release.driver_cuda->api() != *encoded) reader.refuse("driver_cuda", "must have the form 12060 (for 12.6)");
    }
    release.driver_version = reader.optional_text("driver_version");
    release.kernel = reader.optional_text("kernel");
    release.socs = reader.optional_texts("socs");
    release.components = reader.text_map("components");
    release.cudnn = reader.optional_text("cudnn");
    release.tensorrt = reader.optional_text("tensorrt");
    release.compat = read_compat(reader);
    release.source = read_source(reader);
    return release;
}

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
    file.source = read_source(reader);
    return file;
}

// A later file replaces whole records, so that what is no longer true of one cannot linger in it.
template <typename Record, typename Key>
void put(std::vector<Record>& records, Record record, Key Record::*key) {
    for (Record& known : records) {
        if (known.*key == record.*key) {
            known = std::move(record);
            return;
        }
    }
    records.push_back(std::move(record));
}

template <typename Record, typename Key, typename Read>
void read_list(const json& content, const char* name, std::vector<Record>& records, Key Record::*key, Read read) {
    const auto list = content.find(name);
    if (list == content.end()) return;
    if (!list->is_array()) throw RecordFlaw(std::string("\"") + name + "\" must be a list of records");
    std::vector<Key> seen;
    seen.reserve(list->size());
    for (std::size_t index = 0; index < list->size(); ++index) {
        RecordReader reader((*list)[index], std::string(name) + '[' + std::to_string(index) + ']');
        Record record = read(reader);
        reader.refuse_other_keys();
        if (std::find(seen.begin(), seen.end(), record.*key) != seen.end()) {
            throw RecordFlaw(reader.place() + ": stands twice in this file");
        }
        seen.push_back(record.*key);
        put(records, std::move(record), key);
    }
}

std::string read_text(const fs::path& file) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) refuse(file, error ? "cannot be read: " + error.message() : "is no file");
    const std::uintmax_t size = fs::file_size(file, error);
    if (error || size > file_limit) refuse(file, "is longer than 4 MB, which no data file is");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) refuse(file, "cannot be read; see its permissions");
    std::string text(static_cast<std::size_t>(size), '\0');
    stream.read(text.data(), static_cast<std::streamsize>(size));
    if (stream.gcount() != static_cast<std::streamsize>(size)) refuse(file, "changed while it was read");
    return text;
}

void read_file(const fs::path& file, Catalog& catalog) {
    try {
        const json content = parse_strictly(read_text(file));
        RecordReader whole(content, "the file");
        whole.optional_text("about");
        if (!content.is_object()) throw RecordFlaw("it must be an object");
        for (const auto& item : content.items()) {
            const std::string& key = item.key();
            if (key == "about" || key == "socs" || key == "lines" || key == "releases") continue;
            if (key == "container_files") continue;
            throw RecordFlaw("unknown key \"" + key + "\"; the keys are about, socs, lines, releases, container_files");
        }
        read_list(content, "socs", catalog.socs, &SocRecord::id, read_soc);
        read_list(content, "lines", catalog.lines, &LineRecord::line, read_line);
        read_list(content, "releases", catalog.releases, &ReleaseRecord::l4t, read_release);
        read_list(content, "container_files", catalog.container_files, &ContainerFileRecord::id, read_container_file);
    } catch (const JsonFlaw& flaw) {
        refuse(file, flaw.what());
    } catch (const RecordFlaw& flaw) {
        refuse(file, flaw.what());
    }
}

std::vector<fs::path> drop_ins(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code error;
    fs::directory_iterator entry(directory, error);
    if (error == std::errc::no_such_file_or_directory) return files;
    while (!error && entry != fs::directory_iterator()) {
        const fs::path& path = entry->path();
        // Editors and package managers leave hidden files in such folders.
        if (path.extension() == ".json" && path.filename().string().front() != '.') files.push_back(path);
        entry.increment(error);
    }
    if (error) refuse(directory, "cannot be read: " + error.message());
    std::sort(files.begin(), files.end());
    return files;
}

// What holds between records, whichever files they came from.
void check_whole(const Catalog& catalog, const fs::path& directory) {
    std::set<std::string, std::less<>> words;
    for (const SocRecord& soc : catalog.socs) {
        for (const std::string& word : soc.compatible) {
            if (words.insert(word).second) continue;
            std::string what = "two SoCs, one of them ";
            what.append(soc.id).append(", have the compatible word \"").append(word).append("\"");
            refuse(directory, what);
        }
    }
    const auto check_socs = [&](const std::vector<std::string>& socs, const std::string& owner) {
        for (const std::string& soc : socs) {
            if (catalog.soc(soc) != nullptr) continue;
            std::string what = owner;
            refuse(directory, what.append(" names the SoC ").append(soc).append(", which has no record"));
        }
    };
    for (const LineRecord& line : catalog.lines) check_socs(line.socs, "the line " + line_text(line.line));
    for (const ReleaseRecord& release : catalog.releases) {
        check_socs(release.socs, "the release " + release.l4t.text());
        if (catalog.line(release.l4t.line) == nullptr) {
            refuse(directory, "the release " + release.l4t.text() + " is of the line " + line_text(release.l4t.line) +
                                  ", which has no record");
        }
    }
}

}  // namespace

const SocRecord* Catalog::soc(std::string_view id) const {
    const auto found = std::find_if(socs.begin(), socs.end(), [&](const SocRecord& soc) { return soc.id == id; });
    return found == socs.end() ? nullptr : &*found;
}

const LineRecord* Catalog::line(int number) const {
    const auto found =
        std::find_if(lines.begin(), lines.end(), [&](const LineRecord& line) { return line.line == number; });
    return found == lines.end() ? nullptr : &*found;
}

const ReleaseRecord* Catalog::release(const L4tRelease& l4t) const {
    const auto found = std::find_if(releases.begin(), releases.end(),
                                    [&](const ReleaseRecord& release) { return release.l4t == l4t; });
    return found == releases.end() ? nullptr : &*found;
}

Catalog load_catalog(const fs::path& data_directory, const fs::path& drop_in_directory) {
    Catalog catalog;
    read_file(data_directory / "socs.json", catalog);
    read_file(data_directory / "releases.json", catalog);
    read_file(data_directory / "container_files.json", catalog);
    if (catalog.socs.empty()) refuse(data_directory / "socs.json", "holds no SoC");
    if (catalog.lines.empty()) refuse(data_directory / "releases.json", "holds no line");
    for (const fs::path& file : drop_ins(drop_in_directory)) read_file(file, catalog);
    std::sort(catalog.socs.begin(), catalog.socs.end(),
              [](const SocRecord& left, const SocRecord& right) { return left.id < right.id; });
    std::sort(catalog.lines.begin(), catalog.lines.end(),
              [](const LineRecord& left, const LineRecord& right) { return left.line < right.line; });
    std::sort(catalog.releases.begin(), catalog.releases.end(),
              [](const ReleaseRecord& left, const ReleaseRecord& right) { return left.l4t < right.l4t; });
    check_whole(catalog, data_directory);
    return catalog;
}

}  // namespace jetcuda
