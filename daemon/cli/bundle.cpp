// `jetcuda-check bundle FILE`: everything that who helps from afar will ask for, in one file that can be sent. Whose
// machine it is has been taken out; what is in it, its README.txt tells before anyone sends it.

#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "daemon/cli/archive.hpp"
#include "daemon/cli/bundle_parts.hpp"
#include "daemon/cli/files.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/paragraph.hpp"
#include "daemon/cli/verbs.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view folder_name = "jetcuda-check-bundle";

Compression compression_for(const std::string& file) {
    for (const std::string_view ending : {".tar.gz", ".tgz"}) {
        if (ends_with(file, ending)) return Compression::gzip;
    }
    for (const std::string_view ending : {".tar.zst", ".tzst"}) {
        if (ends_with(file, ending)) return Compression::zstd;
    }
    throw UsageError(
        fmt::format("{}: a bundle is a compressed archive. Name a file that ends in .tar.gz or .tar.zst.", file));
}

void check_place(const Options& options, const std::string& file, bool to_output) {
    if (!to_output) {
        if (!options.force && ::access(file.c_str(), F_OK) == 0) {
            throw UsageError(
                fmt::format("{} is there already. Name another file, or say --force to replace it.", file));
        }
        return;
    }
    if (options.json) {
        throw UsageError(
            "With FILE \"-\" standard output is the bundle, and holds no JSON. Name a file, or leave out "
            "--json.");
    }
    if (output_is_terminal()) {
        throw UsageError(
            "A bundle is no text for a terminal. Name a file, or send standard output to one: "
            "jetcuda-check bundle - > FILE.tar.gz.");
    }
}

std::string readme(const std::vector<BundlePart>& parts) {
    std::string text = hanging(
        "", 0,
        "A support bundle of jetcuda-check: what one machine with CUDA on an NVIDIA Jetson looks like. Serial numbers, "
        "UUIDs (but the boot's), MAC and IP addresses, the host's name and the names of users have been taken out; "
        "where one stood there is now a word in angle brackets, such as <serial>. Look through it before you send it.");
    text += '\n';
    for (const BundlePart& part : parts) {
        text += hanging(part.name, 20, fmt::format("{}{}", part.what, part.missing ? " (not there; it says why)" : ""));
    }
    return text;
}

std::string told_as_json(const std::string& file, std::size_t bytes, const std::vector<BundlePart>& parts) {
    nlohmann::ordered_json json;
    json["schema"] = "jetcuda-check.bundle/1";
    json["file"] = file;
    json["bytes"] = bytes;
    json["parts"] = nlohmann::ordered_json::array();
    for (const BundlePart& part : parts) {
        json["parts"].push_back({{"name", part.name}, {"what", part.what}, {"missing", part.missing}});
    }
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::string told_in_words(const std::string& file, std::size_t bytes, const std::vector<BundlePart>& parts) {
    std::string text = fmt::format("Wrote {} ({} bytes), which holds\n", file, bytes);
    for (const BundlePart& part : parts) {
        text += hanging("  " + part.name, 22, fmt::format("{}{}", part.what, part.missing ? " (not there)" : ""));
    }
    return text +
           "Serial numbers, addresses and names are taken out. Look through it before you send it:\n    tar -xOf " +
           file + " | less\n";
}

}  // namespace

ExitStatus perform_bundle(const Options& options) {
    if (options.arguments.size() != 1) {
        throw UsageError(
            fmt::format("\"bundle\" takes one file to write, and was given {}: jetcuda-check bundle FILE.tar.gz.",
                        options.arguments.empty() ? std::string{"none"} : std::to_string(options.arguments.size())));
    }
    const std::string& file = options.arguments.front();
    const bool to_output = file == "-";
    const Compression compression = to_output ? Compression::gzip : compression_for(file);
    check_place(options, file, to_output);

    const std::vector<BundlePart> parts = collect_parts(open_inquiry(options), options);
    std::vector<ArchiveEntry> entries = {{"README.txt", readme(parts)}};
    for (const BundlePart& part : parts) entries.push_back({part.name, part.content});
    const std::string archive = make_archive(std::string{folder_name}, entries, std::time(nullptr), compression);
    if (to_output) {
        write_output(archive);
        return ExitStatus::healthy;
    }
    write_private_file(file, archive, options.force);
    write_output(options.json ? told_as_json(file, archive.size(), parts) : told_in_words(file, archive.size(), parts));
    return ExitStatus::healthy;
}

}  // namespace jetcuda
