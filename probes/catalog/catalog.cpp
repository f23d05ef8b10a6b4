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

std::string read_source(RecordReader& reader) { return reader.source(); }

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
void read_list(RecordReader& whole, const char* name, std::vector<Record>& records, Key Record::*key, Read read) {
    const json* list = whole.optional_list(name);
    if (list == nullptr) return;
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
        read_list(whole, "socs", catalog.socs, &SocRecord::id, read_soc);
        read_list(whole, "lines", catalog.lines, &LineRecord::line, read_line);
        read_list(whole, "releases", catalog.releases, &ReleaseRecord::l4t, read_release);
        read_list(whole, "components", catalog.components, &ComponentRecord::id, read_component_record);
        read_list(whole, "l4t_packages", catalog.l4t_packages, &PackageGroupRecord::id, read_package_group);
        read_list(whole, "discrete_drivers", catalog.discrete_drivers, &PackageGroupRecord::id, read_package_group);
        read_list(whole, "release_exceptions", catalog.release_exceptions, &ReleaseExceptionRecord::id,
                  read_release_exception);
        read_list(whole, "compats", catalog.compats, &CompatRecord::id, read_compat_record);
        read_list(whole, "driver_companions", catalog.companions, &CompanionRecord::name, read_companion_record);
        read_list(whole, "kernel_faults", catalog.kernel_faults, &KernelFaultRecord::id, read_kernel_fault_record);
        read_list(whole, "container_files", catalog.container_files, &ContainerFileRecord::id, read_container_file);
        whole.refuse_other_keys();
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
    for (const CompatRecord& compat : catalog.compats) {
        check_socs({compat.soc}, "the compat record " + compat.id);
        if (catalog.line(compat.line) == nullptr) {
            std::string what = "the compat record ";
            refuse(directory, what.append(compat.id).append(" is of a line that has no record"));
        }
    }
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

Catalog load_catalog(const fs::path& data_directory, const fs::path& drop_in_directory, CatalogUse use) {
    Catalog catalog;
    for (const char* name : {"socs.json", "releases.json", "compat.json"}) read_file(data_directory / name, catalog);
    if (catalog.socs.empty()) refuse(data_directory / "socs.json", "holds no SoC");
    if (catalog.lines.empty()) refuse(data_directory / "releases.json", "holds no line");
    if (use == CatalogUse::whole) {
        for (const char* name :
             {"packages.json", "driver_companions.json", "kernel_faults.json", "container_files.json"}) {
            read_file(data_directory / name, catalog);
        }
        if (catalog.components.empty()) refuse(data_directory / "packages.json", "holds no component");
    }
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
