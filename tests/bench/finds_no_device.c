/* A libcuda that needs nothing but libc and finds no device. The simulated one needs libstdc++, which NVIDIA's for
 * desktops does not; with it, the time that jetcuda-probe takes to load libstdc++ would hide in the library's own.
 */

int cuDriverGetVersion(int* version) {
    *version = 12060;
    return 0;
}

int cuInit(unsigned flags) { return flags == 0 ? 100 : 1; /* CUDA_ERROR_NO_DEVICE */ }
