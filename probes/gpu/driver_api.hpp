// The CUDA driver API as far as the probe calls it. The types are declared here instead of taken from NVIDIA's
// cuda.h, since the probe must build where no toolkit is; each is as in cuda.h of CUDA 13.0. Entry points are looked
// up by name in the one library that was opened: nothing links libcuda, or the loader would choose it for us.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace jetcuda {

using CUresult = int;  // enum cudaError_enum; 0 is CUDA_SUCCESS
using CUdevice = int;
using CUcontext = void*;  // struct CUctx_st*
using CUmodule = void*;
using CUfunction = void*;
using CUstream = void*;
using CUevent = void*;
using CUdeviceptr = std::uint64_t;  // unsigned long long

// enum CUdevice_attribute
enum class DeviceAttribute : int {
    multiprocessor_count = 16,
    integrated = 18,
    can_map_host_memory = 19,
    capability_major = 75,
    capability_minor = 76,
    managed_memory = 83
};

// enum CUjit_option
enum class JitOption : int { error_log_buffer = 5, error_log_buffer_size_bytes = 6 };

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
using CuCtxSetCurrent = CUresult(CUcontext context);
using CuCtxSynchronize = CUresult();
using CuModuleLoadDataEx = CUresult(CUmodule* module, const void* image, unsigned options, JitOption* option,
                                    void** values);
using CuModuleGetFunction = CUresult(CUfunction* function, CUmodule module, const char* name);
using CuModuleUnload = CUresult(CUmodule module);
using CuLaunchKernel = CUresult(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                unsigned block_x, unsigned block_y, unsigned block_z, unsigned dynamic_shared_bytes,
                                CUstream stream, void** parameters, void** extra);
using CuMemGetInfo = CUresult(std::size_t* free, std::size_t* total);
using CuMemAlloc = CUresult(CUdeviceptr* address, std::size_t bytes);
using CuMemAllocManaged = CUresult(CUdeviceptr* address, std::size_t bytes, unsigned flags);
using CuMemFree = CUresult(CUdeviceptr address);
using CuMemHostAlloc = CUresult(void** address, std::size_t bytes, unsigned flags);
using CuMemHostGetDevicePointer = CUresult(CUdeviceptr* address, void* host, unsigned flags);
using CuMemFreeHost = CUresult(void* address);
using CuMemcpyHtoD = CUresult(CUdeviceptr to, const void* from, std::size_t bytes);
using CuMemcpyDtoH = CUresult(void* to, CUdeviceptr from, std::size_t bytes);
using CuMemsetD32 = CUresult(CUdeviceptr address, unsigned value, std::size_t words);
using CuStreamCreate = CUresult(CUstream* stream, unsigned flags);
using CuStreamWaitEvent = CUresult(CUstream stream, CUevent event, unsigned flags);
using CuStreamSynchronize = CUresult(CUstream stream);
using CuStreamDestroy = CUresult(CUstream stream);
using CuEventCreate = CUresult(CUevent* event, unsigned flags);
using CuEventRecord = CUresult(CUevent event, CUstream stream);
using CuEventSynchronize = CUresult(CUevent event);
using CuEventElapsedTime = CUresult(float* milliseconds, CUevent start, CUevent end);
using CuEventDestroy = CUresult(CUevent event);

// Flags of the calls above, as cuda.h names them.
inline constexpr unsigned mem_attach_global = 1;       // CU_MEM_ATTACH_GLOBAL
inline constexpr unsigned memhostalloc_devicemap = 2;  // CU_MEMHOSTALLOC_DEVICEMAP
inline constexpr unsigned stream_non_blocking = 1;     // CU_STREAM_NON_BLOCKING

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
