// The images of every kernel, byte for byte as they lie in images/: read-only data that no tool takes for a fat binary.
// A driver reads PTX up to a zero byte, which is put behind it.

#include "kernels/list.hpp"

#define JETCUDA_FILE(symbol, file) \
    .balign 16; \
    .global symbol; .global symbol##_end; \
    .hidden symbol; .hidden symbol##_end; \
symbol: \
    .incbin #file; \
symbol##_end: \
    .byte 0;
#define JETCUDA_IMAGES(name) \
    JETCUDA_FILE(jetcuda_##name##_ptx, name.ptx) \
    JETCUDA_FILE(jetcuda_##name##_sm_72, name.sm_72.cubin) \
    JETCUDA_FILE(jetcuda_##name##_sm_87, name.sm_87.cubin) \
    JETCUDA_FILE(jetcuda_##name##_sm_110, name.sm_110.cubin)

    .section .rodata.jetcuda_images, "a", %progbits
JETCUDA_KERNELS(JETCUDA_IMAGES)

    .section .note.GNU-stack, "", %progbits
