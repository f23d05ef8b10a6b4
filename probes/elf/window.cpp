#include "probes/elf/window.hpp"

#include <algorithm>

namespace jetcuda {
namespace {

// A flash drive gives 100 to 200 KB in the time that it takes to find one place.
constexpr std::uint64_t dense_step = std::uint64_t{128} << 10U;
constexpr std::uint64_t ahead = std::uint64_t{8} << 20U;

}  // namespace

std::uint64_t Window::held(FileOffset at) const {
    if (at.value < begin_.value || at.value - begin_.value > bytes_.size()) return 0;
    return bytes_.size() - (at.value - begin_.value);
}

ByteView Window::view(FileOffset at, std::uint64_t length, std::uint64_t wish, std::string_view what) {
    if (length <= held(at) && length != 0) {
        return ByteView{bytes_}.part(at.value - begin_.value, length);
    }
    std::uint64_t size = std::max(length, wish);
    if (at.value <= source_.size()) size = std::min(size, std::max(length, source_.size() - at.value));
    advise(at);
    begin_ = at;
    try {
        source_.read_over(bytes_, at, size, what);
    } catch (...) {
        bytes_.clear();
        throw;
    }
    return ByteView{bytes_}.part(0, length);
}

void Window::advise(FileOffset at) {
    const std::uint64_t step = at.value > last_ ? at.value - last_ : last_ - at.value;
    last_ = at.value;
    // Long steps count as twice the limit: one gap of a GB must not outweigh a thousand short steps behind it.
    average_step_ = (average_step_ * 7 + std::min(step, 2 * dense_step)) / 8;
    if (average_step_ >= dense_step || at.value + ahead / 2 < advised_until_) return;
    const std::uint64_t from = std::max(at.value, std::min(advised_until_, at.value + ahead / 2));
    advised_until_ = std::min(from + ahead, source_.size());
    if (advised_until_ > from) source_.will_need({from}, advised_until_ - from);
}

}  // namespace jetcuda
