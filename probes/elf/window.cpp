#include "probes/elf/window.hpp"

#include <algorithm>

namespace jetcuda {
namespace {

constexpr std::uint64_t kb = 1024;
// Measured: where a small read costs as much as copying the payloads would, and where a jump as much as reading on.
constexpr std::uint64_t straight_step = 40 * kb;
constexpr std::uint64_t dense_step = 128 * kb;
constexpr std::uint64_t straight_read = 256 * kb;
constexpr std::uint64_t ahead = 8192 * kb;
// From header to header inside one entry: says nothing about how far the next one is.
constexpr std::uint64_t no_step = kb;

}  // namespace

// Nothing is known yet: long steps, until some short ones were seen.
Window::Window(const ByteSource& source) : source_(source), average_step_(dense_step) {}

std::uint64_t Window::held(FileOffset at) const {
    if (at.value < begin_.value || at.value - begin_.value > bytes_.size()) return 0;
    return bytes_.size() - (at.value - begin_.value);
}

ByteView Window::view(FileOffset at, std::uint64_t length, std::uint64_t wish, std::string_view what) {
    measure_step(at);
    if (length <= held(at) && length != 0) return ByteView{bytes_}.part(at.value - begin_.value, length);
    std::uint64_t size = std::max(length, wish);
    if (average_step_ < straight_step) {
        size = std::max(size, straight_read);
    } else if (average_step_ < dense_step) {
        announce(at);
    }
    if (at.value <= source_.size()) size = std::min(size, std::max(length, source_.size() - at.value));
    begin_ = at;
    try {
        source_.read_over(bytes_, at, size, what);
    } catch (...) {
        bytes_.clear();
        throw;
    }
    return ByteView{bytes_}.part(0, length);
}

void Window::measure_step(FileOffset at) {
    const std::uint64_t step = at.value > last_ ? at.value - last_ : last_ - at.value;
    last_ = at.value;
    if (step < no_step) return;
    // One gap of a GB must not outweigh a thousand short steps behind it.
    average_step_ = (average_step_ * 15 + std::min(step, 2 * dense_step)) / 16;
}

void Window::announce(FileOffset at) {
    if (at.value + ahead / 2 < announced_until_) return;
    const std::uint64_t from = std::max(at.value, std::min(announced_until_, at.value + ahead / 2));
    announced_until_ = std::min(from + ahead, source_.size());
    if (announced_until_ > from) source_.will_need({from}, announced_until_ - from);
}

}  // namespace jetcuda
