#include "probes/programs/ptx_text.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace jetcuda {
namespace {

class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    // Over spaces and both kinds of comments. False where a comment does not end.
    bool skip_space() {
        while (!rest_.empty()) {
            if (rest_.substr(0, 2) == "//") {
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
            } else if (rest_.substr(0, 2) == "/*") {
                const std::size_t end = rest_.find("*/", 2);
                if (end == std::string_view::npos) return false;
                rest_.remove_prefix(end + 2);
            } else if (std::string_view(" \t\r\n\f\v").find(rest_.front()) != std::string_view::npos) {
                rest_.remove_prefix(1);
            } else {
                return true;
            }
        }
        return true;
    }

    bool take(std::string_view word) {
        if (rest_.substr(0, word.size()) != word) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    std::optional<std::uint32_t> number() {
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (error != std::errc()) return std::nullopt;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }

    [[nodiscard]] char next() const { return rest_.empty() ? '\0' : rest_.front(); }

private:
    std::string_view rest_;
};

}  // namespace

std::optional<PtxHeader> read_ptx_header(std::string_view start) {
    Reader reader(start);
    if (!reader.skip_space() || !reader.take(".version") || !reader.skip_space()) return std::nullopt;
    PtxHeader header;
    const std::optional<std::uint32_t> major = reader.number();
    if (!major || !reader.take(".")) return std::nullopt;
    const std::optional<std::uint32_t> minor = reader.number();
    if (!minor) return std::nullopt;
    header.isa_major = *major;
    header.isa_minor = *minor;
    if (!reader.skip_space() || !reader.take(".target") || !reader.skip_space() || !reader.take("sm_")) return header;
    const std::optional<std::uint32_t> sm = reader.number();
    if (!sm) return header;
    header.sm = *sm;
    if (reader.next() == 'a' || reader.next() == 'f') header.suffix = reader.next();
    return header;
}

}  // namespace jetcuda
