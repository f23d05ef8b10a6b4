// A file descriptor that is closed when its owner goes. Nothing else: no reading, no errors of its own.

#pragma once

#include <utility>

#include <unistd.h>

namespace jetcuda {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            close();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    [[nodiscard]] int number() const { return number_; }
    // Hands it over: it is the caller's to close.
    [[nodiscard]] int release() { return std::exchange(number_, -1); }
    explicit operator bool() const { return number_ >= 0; }

    void close() {
        if (number_ >= 0) ::close(number_);  // never repeated on EINTR: Linux has closed it by then
        number_ = -1;
    }

private:
    int number_ = -1;
};

}  // namespace jetcuda
