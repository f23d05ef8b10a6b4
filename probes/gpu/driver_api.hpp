// The CUDA driver API as far as the probe calls it. The types are declared here instead of taken from NVIDIA's
// cuda.h, since the probe must build where no toolkit is; each is as in cuda.h of CUDA 13.0. Entry points are looked
// up by name in the one library that was opened: nothing links libcuda, or the loader would choose it for us.

#pragma once

#include <cstddef>
#include <string>

namespace jetcuda {

using CUresult = int;  // enum cudaError_enum; 0 is CUDA_SUCCESS
using CUdevice = int;
using CUcontext = void*;  // struct CUctx_st*

// enum CUdevice_attribute
enum class DeviceAttribute : int { integrated = 18, capability_major = 75, capability_minor = 76 };

using CuInit = CUresult(unsigned flags);
using CuDriverGetVersion = CUresult(int* version);
using CuGetErrorText = CUresult(CUresult error, const char** text);  // cuGetErrorName, cuGetErrorString
using CuDeviceGetCount = CUresult(int* count);
using CuDeviceGet = CUresult(CUdevice* device, int ordinal);
using CuDeviceGetName = CUresult(char* name, int length, CUdevice device);
using CuDeviceGetAttribute = CUresult(int* value, DeviceAttribute attribute, CUdevice device);
using CuDeviceTotalMem = CUresult(std::size_t* bytes, CUdevice device);
using CuDevicePrimaryCtxRetain = CUresult(CUcontext* context, CUdevice device);
using CuDevicePrimaryCtxRelease = CUresult(CUdevice device);

class DriverLibrary {
public:
    // Answers why it cannot be opened, in the loader's words, or nothing. It is never closed again: a driver's
    // threads may still run, and the process ends soon.
    std::string open(const std::string& path);

    [[nodiscard]] void* find_address(const char* name) const;  // null: absent

    template <typename Function>
    [[nodiscard]] Function* find(const char* name) const {
        return reinterpret_cast<Function*>(find_address(name));
    }

private:
    void* handle_ = nullptr;
};

}  // namespace jetcuda
