// The calls of the simulated libcuda that want a context: each entry point of cuda.h without its "cu" and version, and
// with addresses of the GPU as numbers and its handles as void*.

#pragma once

#include <cstddef>
#include <cstdint>

namespace simulated {

// The primary context, which is gone with all that is in it when it was released as often as it was retained.
void* retain_context();
int release_context();

int ctx_set_current(void* context);
int ctx_synchronize();
int module_load_data(void** module, const void* image);
int module_load_data_ex(void** module, const void* image, unsigned count, const int* options, void** values);
int module_get_function(void** function, void* module, const char* name);
int module_unload(void* module);
int mem_get_info(std::size_t* free, std::size_t* total);
int mem_alloc(std::uint64_t* address, std::size_t bytes);
int mem_free(std::uint64_t address);
int mem_alloc_managed(std::uint64_t* address, std::size_t bytes, unsigned flags);
int mem_host_alloc(void** address, std::size_t bytes, unsigned flags);
int mem_host_get_device_pointer(std::uint64_t* device_address, void* address, unsigned flags);
int mem_free_host(void* address);
int memcpy_htod(std::uint64_t to, const void* from, std::size_t bytes);
int memcpy_dtoh(void* to, std::uint64_t from, std::size_t bytes);
int memset_d32(std::uint64_t to, unsigned word, std::size_t count);
int launch_kernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                  unsigned block_z, unsigned shared_bytes, void* stream, void** parameters, void** extra);
int stream_create(void** stream, unsigned flags);
int stream_destroy(void* stream);
int stream_synchronize(void* stream);
int stream_wait_event(void* stream, void* event, unsigned flags);
int event_create(void** event, unsigned flags);
int event_record(void* event, void* stream);
int event_synchronize(void* event);
int event_elapsed_time(float* milliseconds, void* begin, void* end);
int event_destroy(void* event);

}  // namespace simulated
