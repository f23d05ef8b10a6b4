// How a step tells what came of it.

#include "probes/gpu/steps/step.hpp"

#include <cstring>
#include <utility>

namespace jetcuda {
namespace {

// The toolkit's stub answers these with an error, too, and writes nothing.
std::string text_of(const Session& session, const char* entry, CUresult result) {
    auto* const ask = session.library.find<CuGetErrorText>(entry);
    const char* text = nullptr;
    if (ask == nullptr || ask(result, &text) != 0 || text == nullptr) return {};
    return printable({text, strnlen(text, 1024)});
}

}  // namespace

std::string result_name_of(const Session& session, CUresult result) {
    std::string name = text_of(session, "cuGetErrorName", result);
    return name.empty() ? std::string(result_name(result)) : name;
}

std::string result_text_of(const Session& session, CUresult result) {
    return text_of(session, "cuGetErrorString", result);
}

void take_result(const Session& session, StepAnswer& step, CUresult result) {
    step.end = StepEnd::answered;
    step.result = result;
    if (result == 0) return;
    step.name = result_name_of(session, result);
    step.text = result_text_of(session, result);
}

void take_failure(StepAnswer& step, std::string why) {
    step.end = StepEnd::failed;
    step.failure = std::move(why);
}

AskedDevice asked_device(Session& session) {
    const GpuDevice* chosen = session.answer.asked_device();
    const auto at = static_cast<std::size_t>(chosen - session.answer.devices.data());
    return {session.answer.devices.at(at), session.handles.at(at)};
}

}  // namespace jetcuda
