// What a probe hands on: a value together with where it was read, or the reason why there is none.
// A report can then always answer "how do you know?", and a judge can never mistake silence for health.

#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace jetcuda {

enum class Lack {
    not_there,       // the source does not exist on this machine
    not_readable,    // it exists, and this user may not read it (or the medium failed)
    not_understood,  // it was read, and does not say what such a source should say
    not_asked,       // nobody looked: the request or the kind of root excluded it
};

constexpr std::string_view name_of(Lack lack) {
    switch (lack) {
        case Lack::not_there: return "not-there";
        case Lack::not_readable: return "not-readable";
        case Lack::not_understood: return "not-understood";
        case Lack::not_asked: return "not-asked";
    }
    return "not-asked";
}

struct Missing {
    Lack lack = Lack::not_asked;
    std::string why;     // a clause without full stop that names the thing: "/etc/nv_tegra_release does not exist"
    std::string source;  // where it was looked for
};

template <typename T>
class Fact {
public:
    Fact() = default;  // Missing, not asked
    Fact(T value, std::string source) : content_(Known{std::move(value), std::move(source)}) {}
    Fact(Missing missing) : content_(std::move(missing)) {}

    [[nodiscard]] bool known() const { return std::holds_alternative<Known>(content_); }
    explicit operator bool() const { return known(); }

    [[nodiscard]] const T& value() const {
        assert(known());
        return std::get<Known>(content_).value;
    }
    [[nodiscard]] T& value() {
        assert(known());
        return std::get<Known>(content_).value;
    }
    const T& operator*() const { return value(); }
    const T* operator->() const { return &value(); }

    // Where the value was read, or was looked for: "/etc/nv_tegra_release, line 1".
    [[nodiscard]] const std::string& source() const {
        return known() ? std::get<Known>(content_).source : std::get<Missing>(content_).source;
    }
    [[nodiscard]] const Missing& missing() const {
        assert(!known());
        return std::get<Missing>(content_);
    }
    // True when the fact is missing for exactly this reason.
    [[nodiscard]] bool lacks(Lack lack) const { return !known() && missing().lack == lack; }

private:
    struct Known {
        T value;
        std::string source;
    };
    std::variant<Missing, Known> content_;
};

}  // namespace jetcuda
