// The CUDA runtime API as far as the probe calls it, declared here for the same reason as the driver API
// (driver_api.hpp); each type is as in cuda_runtime_api.h of CUDA 13.0.

#pragma once

#include <cstddef>

namespace jetcuda {

using CudaError = int;  // enum cudaError; 0 is cudaSuccess
using CudaGetVersion = CudaError(int* version);
using CudaGetDeviceCount = CudaError(int* count);
using CudaSetDevice = CudaError(int device);
using CudaMalloc = CudaError(void** address, std::size_t bytes);
using CudaFree = CudaError(void* address);
using CudaMemset = CudaError(void* address, int value, std::size_t bytes);
using CudaMemcpy = CudaError(void* to, const void* from, std::size_t bytes, int kind);
using CudaDeviceSynchronize = CudaError();
using CudaGetErrorText = const char*(CudaError error);  // cudaGetErrorName, cudaGetErrorString

// enum cudaMemcpyKind
inline constexpr int host_to_device = 1;
inline constexpr int device_to_host = 2;

}  // namespace jetcuda
