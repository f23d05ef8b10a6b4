#include "daemon/cli/bundle_parts.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <archive.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <unistd.h>

#include "daemon/cli/fact_rows.hpp"
#include "daemon/cli/files.hpp"
#include "daemon/cli/journal.hpp"
#include "daemon/cli/libcuda_trail.hpp"
#include "daemon/cli/redaction.hpp"
#include "daemon/report/json.hpp"
#include "daemon/report/outside_text.hpp"
#include "daemon/report/text.hpp"
#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t settings_file_limit = std::size_t{256} << 10;
constexpr std::size_t settings_files_limit = 64;

// Outside text, line by line as a terminal may show it.
std::string plain_lines(std::string_view text) {
    std::string lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.append(plain_line(text.substr(0, end))).append("\n");
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

BundlePart absent(std::string name, std::string what, std::string why) {
    while (!why.empty() && why.back() == '.') why.pop_back();
    return {std::move(name), std::move(what), fmt::format("Not in this bundle: {}.\n", why), true};
}

Redactor redactor_for(const Inquiry& inquiry, const Facts& facts) {
    Secrets secrets = secrets_of(inquiry.root);
    for (const std::string& user : inquiry.settings.service_users) secrets.users.push_back(user);
    if (facts.boot_id.known()) secrets.kept_ids.push_back(*facts.boot_id);
    // Whoever makes the bundle of another system stands in its logs and paths, too.
    if (!inquiry.root.live()) {
        const Secrets here = secrets_of(SystemRoot{});
        secrets.serials.insert(secrets.serials.end(), here.serials.begin(), here.serials.end());
        secrets.hosts.insert(secrets.hosts.end(), here.hosts.begin(), here.hosts.end());
        secrets.users.insert(secrets.users.end(), here.users.begin(), here.users.end());
    }
    return Redactor{std::move(secrets)};
}

// Rows about installed software hold versions of four numbers, which look like addresses.
bool holds_versions(std::string_view row) {
    return starts_with(row, "software") || starts_with(row, "toolkits") || starts_with(row, "compat");
}

BundlePart facts_part(const Facts& facts, const Redactor& redactor) {
    std::vector<FactRow> rows = rows_of(facts);
    for (FactRow& row : rows) {
        const bool versions = holds_versions(row.name);
        const auto clean = [&](std::string& text) { text = versions ? redactor.own(text) : redactor.foreign(text); };
        for (std::string* text : {&row.name, &row.source, &row.why}) clean(*text);
        if (auto* text = std::get_if<std::string>(&row.value)) clean(*text);
        if (auto* list = std::get_if<std::vector<std::string>>(&row.value)) {
            for (std::string& entry : *list) clean(entry);
        }
    }
    return {"facts.json", "what was read, each value with its source (jetcuda-check facts --json)",
            rows_as_json(rows, redactor.foreign(facts.scope.root))};
}

// What the daemon keeps may be of another moment than what is judged for the bundle, and that is often the point.
BundlePart daemon_report_part(const Inquiry& inquiry, const Options& options, const Redactor& redactor) {
    const std::string name = "daemon-report.json";
    const std::string what = "the daemon's newest report of this boot";
    if (!inquiry.root.live() && !options.state_dir) {
        return absent(name, what, "another system than the running one was judged");
    }
    const fs::path file = fs::path{inquiry.state_directory} / "report.json";
    std::error_code error;
    if (!fs::exists(file, error)) return absent(name, what, "there is no " + redactor.foreign(file.string()));
    try {
        const std::string text = read_file(file, report_size_limit);
        return {name, what, to_pretty_json(redactor.report(report_from_json(text)))};
    } catch (const FileError& flaw) {
        return absent(name, what, redactor.foreign(flaw.what()));
    } catch (const ReportFormatError& flaw) {
        return absent(name, what,
                      redactor.foreign(fmt::format("the daemon's report is not understood ({})", flaw.what())));
    }
}

BundlePart driver_output_part(const Facts& facts, const Redactor& redactor) {
    const std::string name = "driver-stderr.txt";
    const std::string what = "what the driver printed on standard error while it was asked";
    if (!facts.driver_probe.known()) return absent(name, what, redactor.foreign(facts.driver_probe.missing().why));
    const std::string& text = facts.driver_probe->error_output;
    if (text.empty()) return absent(name, what, "it printed nothing");
    return {name, what, plain_lines(redactor.foreign(text))};
}

// Cleaned before it is worded, so that its columns stay columns.
BundlePart trail_part(const Inquiry& inquiry, const Redactor& redactor) {
    LibcudaTrail trail = trace_libcuda(inquiry.root, std::nullopt);
    const auto clean = [&](std::string& text) { text = redactor.foreign(text); };
    for (std::string* text : {&trail.asker, &trail.path, &trail.error, &trail.library_path, &trail.preload})
        clean(*text);
    for (LoaderStep& step : trail.steps) {
        clean(step.source);
        clean(step.path);
    }
    for (std::string& problem : trail.problems) clean(problem);
    if (trail.file) {
        clean(trail.file->real_path);
        clean(trail.file->flaw);
    }
    return {"which-libcuda.txt", "which libcuda the loader takes, and what led there (jetcuda-check which-libcuda)",
            in_words(trail)};
}

BundlePart journal_part(const Inquiry& inquiry, const Redactor& redactor, const std::string& name,
                        const std::string& what, JournalLines (*read)()) {
    if (!inquiry.root.live()) return absent(name, what, "another system than the running one was judged");
    const JournalLines lines = read();
    if (lines.text.empty()) return absent(name, what, lines.why);
    return {name, what, redactor.foreign(lines.text)};
}

// The files as they stand, for what nobody thought of may lie in them: each under its name.
BundlePart settings_part(const Inquiry& inquiry, const Options& options, const Redactor& redactor) {
    const std::string name = "settings.txt";
    const std::string what = "the files of settings, as they stand";
    if (!inquiry.root.live() && !options.config) {
        return absent(name, what, "the settings of this machine do not hold for another system; defaults were used");
    }
    const fs::path folder = config_directory(options);
    std::vector<fs::path> files = {folder / "config.json"};
    std::error_code error;
    for (fs::directory_iterator entry{folder / "config.d", error}, end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() == ".json") files.push_back(entry->path());
    }
    std::sort(files.begin() + 1, files.end());
    if (files.size() > settings_files_limit) files.resize(settings_files_limit);
    std::string text;
    for (const fs::path& file : files) {
        if (!fs::is_regular_file(file, error)) continue;
        text += fmt::format("# {}\n", redactor.foreign(file.string()));
        try {
            text += plain_lines(redactor.foreign(read_file(file, settings_file_limit)));
        } catch (const FileError& why) {
            text += fmt::format("({})\n", redactor.foreign(why.what()));
        }
    }
    if (text.empty()) return absent(name, what, redactor.foreign(fmt::format("there are none in {}", folder.string())));
    return {name, what, text};
}

BundlePart versions_part(const Inquiry& inquiry, const Facts& facts, const Redactor& redactor) {
    std::string text = fmt::format("jetcuda-check {}\n", tool_version());
    text += fmt::format("libc {} (of the system that made this bundle)\n", ::gnu_get_libc_version());
    text += fmt::format("{}\n", ::archive_version_string());
    if (facts.kernel_release.known())
        text += fmt::format("kernel {}\n", redactor.foreign(plain_line(*facts.kernel_release)));
    const Fact<std::string> system = inquiry.root.read("/etc/os-release");
    if (system.known()) text += fmt::format("\n# /etc/os-release\n{}", plain_lines(redactor.foreign(*system)));
    return {"versions.txt", "of this program, its libraries, the kernel and the distribution", text};
}

}  // namespace

std::vector<BundlePart> collect_parts(const Inquiry& inquiry, const Options& options) {
    const Facts facts = ask_machine(inquiry);
    const Redactor redactor = redactor_for(inquiry, facts);
    const Report report = redactor.report(judge_facts(inquiry, facts));
    return {
        {"report.txt", "the report in words (jetcuda-check run --all)", to_text(report, {false, true})},
        {"report.json", "the same, whole (jetcuda-check run --json)", to_pretty_json(report)},
        facts_part(facts, redactor),
        daemon_report_part(inquiry, options, redactor),
        driver_output_part(facts, redactor),
        trail_part(inquiry, redactor),
        journal_part(inquiry, redactor, "journal.txt", "what our units said in this boot", own_journal_lines),
        journal_part(inquiry, redactor, "kernel.txt", "what the kernel said of the GPU in this boot", gpu_kernel_lines),
        settings_part(inquiry, options, redactor),
        versions_part(inquiry, facts, redactor),
    };
}

}  // namespace jetcuda
