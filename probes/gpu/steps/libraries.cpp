// The CUDA libraries: can each be loaded with everything that it needs, and which version does it say it is? Asked of
// the library itself, by the entry point that its kind has for this; a file name or a package may claim anything.

#include <array>
#include <optional>

#include "probes/gpu/steps/opened_library.hpp"
#include "probes/gpu/steps/try_work.hpp"

namespace jetcuda {
namespace {

// enum libraryPropertyType of library_types.h: 0 major, 1 minor, 2 patch; 0 is success in each library.
using GetProperty = int(int type, int* value);
constexpr std::array<const char*, 7> property_entries{"cublasGetProperty", "cublasLtGetProperty", "cufftGetProperty",
                                                      "curandGetProperty", "cusolverGetProperty", "cusparseGetProperty",
                                                      "nvjpegGetProperty"};

std::optional<std::string> version_by_property(const OpenedLibrary& library) {
    for (const char* name : property_entries) {
        auto* const get = library.find<GetProperty>(name);
        if (get == nullptr) continue;
        std::string version;
        for (const int type : {0, 1, 2}) {
            int value = never_written;
            if (get(type, &value) != 0 || value < 0) throw CannotCall{std::string(name) + " told no version"};
            version += (version.empty() ? "" : ".") + std::to_string(value);
        }
        return version;
    }
    return std::nullopt;
}

// A version as one number: 90300 is 9.3.0, and before a library's tenth or ninth major 8904 was 8.9.4.
std::string parts_of(long number, long first_with_two_digits) {
    const bool wide = number >= first_with_two_digits * 10'000;
    const long major = wide ? 10'000 : 1000;
    return std::to_string(number / major) + '.' + std::to_string(number % major / 100) + '.' +
           std::to_string(number % 100);
}

std::optional<std::string> version_by_number(const OpenedLibrary& library) {
    if (auto* const get = library.find<std::size_t()>("cudnnGetVersion")) {
        return parts_of(static_cast<long>(get()), 9);  // cudnn_version.h of cuDNN 8 and 9
    }
    if (auto* const get = library.find<int()>("getInferLibVersion")) {
        return parts_of(get(), 10);  // NvInferVersion.h of TensorRT 8 and 10
    }
    if (auto* const get = library.find<int(int*)>("cudaRuntimeGetVersion")) {
        int version = never_written;
        if (get(&version) != 0 || version < 1000) throw CannotCall{"cudaRuntimeGetVersion told no version"};
        return CudaVersion::from_api(version).text();
    }
    return std::nullopt;
}

struct NppLibraryVersion {  // nppdefs.h
    int major, minor, build;
};

std::optional<std::string> version_of_npp(const OpenedLibrary& library) {
    auto* const get = library.find<const NppLibraryVersion*()>("nppGetLibVersion");
    const NppLibraryVersion* const version = get != nullptr ? get() : nullptr;
    if (version == nullptr) return std::nullopt;
    return std::to_string(version->major) + '.' + std::to_string(version->minor) + '.' + std::to_string(version->build);
}

}  // namespace

void do_libraries(Session& session, StepAnswer& step) {
    WorkStep work(session, step);
    for (const std::string& path : session.libraries) {
        work.try_item(path, [&path](WorkItem& item) {
            const OpenedLibrary library(path);
            std::optional<std::string> version = version_by_property(library);
            if (!version) version = version_by_number(library);
            if (!version) version = version_of_npp(library);
            item.detail = version.value_or("");
        });
    }
    work.end();
}

}  // namespace jetcuda
