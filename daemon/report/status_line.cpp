// A report in one line. systemd shows it in `systemctl status` and cuts it at about 200 bytes, so what matters
// most stands first and a long sentence is shortened before anything else.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/report/outside_text.hpp"
#include "daemon/report/text.hpp"

namespace jetcuda {

namespace {

constexpr std::size_t line_limit = 199;  // bytes

// What is stable in the words of this program, where the reason is no check's id.
std::string sentence_of_reason(const Report& report) {
    if (!report.sentence.empty()) return report.sentence;
    if (report.reason == "not-a-jetson") return "this machine is not a Jetson, so there is nothing to judge";
    if (report.reason == "not-judged-yet") return "the first run since boot has not finished yet";
    if (report.reason == "nothing-judged") {
        // Who named one check wants to know why it, and not how many.
        const bool one = report.checks.size() == 1 && !report.checks.front().summary.empty();
        return one ? report.checks.front().summary : "no check could be judged";
    }
    return report.reason.empty() ? "no reason was recorded" : report.reason;
}

std::string without_full_stop(std::string sentence) {
    while (!sentence.empty() && (sentence.back() == '.' || sentence.back() == ' ')) sentence.pop_back();
    return sentence;
}

// What decided, in words.
std::string deciding_sentence(const Report& report) {
    const auto found = std::find_if(report.checks.begin(), report.checks.end(),
                                    [&](const CheckResult& check) { return check.id == report.reason; });
    if (found == report.checks.end()) return without_full_stop(plain_line(sentence_of_reason(report)));
    // That is the caller's limit and not the board's: say so before anything else (contract, section 3).
    if (found->code == "no-permission" && found->status == Status::unknown) {
        return "the board was not judged, for this user may not open the GPU: ask the daemon (jetcuda-check status), "
               "use sudo, or join the node's group";
    }
    const std::string summary = without_full_stop(plain_line(found->summary));
    return summary.empty() ? found->id : summary;
}

std::string counted(const Report& report) {
    std::size_t passed = 0;
    std::size_t judged = 0;
    for (const CheckResult& check : report.checks) {
        if (check.status == Status::pass) ++passed;
        if (check.status != Status::not_applicable) ++judged;
    }
    return std::to_string(passed) + " of " + std::to_string(judged) + " checks pass";
}

std::string described_stack(const Report& report) {
    const StackSummary& stack = report.stack;
    std::vector<std::string> parts;
    if (!stack.jetpack.empty() && !stack.l4t.empty()) {
        parts.push_back("JetPack " + stack.jetpack + " (L4T " + stack.l4t + ")");
    } else if (!stack.l4t.empty()) {
        parts.push_back("L4T " + stack.l4t);
    }
    // Measured, else what this release ships; the line says where the GPU was not probed.
    const std::string& cuda = stack.driver_cuda.empty() ? stack.native_cuda : stack.driver_cuda;
    if (!cuda.empty()) parts.push_back("CUDA " + cuda);
    std::string gpu = report.device.gpu;
    if (report.device.sm) gpu += (gpu.empty() ? "sm_" : " sm_") + std::to_string(*report.device.sm);
    if (!gpu.empty()) parts.push_back(gpu);

    std::string text;
    for (const std::string& part : parts) text += part + ", ";
    return plain_line(text);
}

}  // namespace

std::string status_line(const Report& report) {
    const std::string start(name_of(report.verdict));
    const std::string end = report.simulated ? " (simulated driver)" : "";
    if (report.verdict == Verdict::healthy) {
        const std::string probed = report.probed ? ": " : " (GPU not probed): ";
        const std::string count = counted(report);
        const std::size_t room = line_limit - start.size() - probed.size() - count.size() - end.size();
        return start + probed + shortened(described_stack(report), room) + count + end;
    }
    const bool nothing = report.checks.empty() || report.reason == "not-a-jetson" || report.reason == "nothing-judged";
    const std::string count = nothing ? "" : "; " + counted(report);
    const std::size_t room = line_limit - start.size() - 2 - count.size() - end.size();
    return start + ": " + shortened(deciding_sentence(report), room) + count + end;
}

}  // namespace jetcuda
