#include "kernels/twins.hpp"

#include "kernels/list.hpp"

namespace jetcuda {

#define DECLARE(name) Twin name##_twin;
JETCUDA_KERNELS(DECLARE)

Twin* twin_of(std::string_view kernel) {
#define ANSWER(name) \
    if (kernel == #name) return name##_twin;
    JETCUDA_KERNELS(ANSWER)
    return nullptr;
}

}  // namespace jetcuda
