// Every kernel, in the order in which they are tried: what fails first should be what explains the rest. This list is
// read by C++ and by the assembler alike. To add a kernel is to write its source and to name it here; a name without a
// twin, a description or images does not link, and a test says which source is not named.

#ifndef JETCUDA_KERNELS
#define JETCUDA_KERNELS(DO) \
    DO(integers)            \
    DO(floats)              \
    DO(halves)              \
    DO(constant_local)      \
    DO(shared_memory)       \
    DO(dynamic_shared)      \
    DO(warps)               \
    DO(atomics)             \
    DO(tensor_cores)        \
    DO(every_sm)            \
    DO(transform)           \
    DO(memory_write)        \
    DO(memory_invert)
#endif
