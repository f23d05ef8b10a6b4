// Two empty libraries: the one that a simulated CUDA library needs and that is nowhere to be found, and that library.

namespace simulated {

__attribute__((visibility("default"))) extern const int nothing;
const int nothing = 0;

}  // namespace simulated
