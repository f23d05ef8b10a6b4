#include "daemon/cli/suggest.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace jetcuda {
namespace {

constexpr std::size_t longest_word = 64;  // no word of ours is longer; a longer one is no slip of the finger

// Letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> before(right.size() + 1), previous(right.size() + 1), current(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t replaced = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return previous[right.size()];
}

std::vector<std::string_view> parts_of(std::string_view id) {
    std::vector<std::string_view> parts;
    while (!id.empty()) {
        const std::size_t end = std::min(id.find_first_of("-_"), id.size());
        if (end > 0) parts.push_back(id.substr(0, end));
        id.remove_prefix(std::min(end + 1, id.size()));
    }
    return parts;
}

// How many words of `word` begin a word of `other`: "driver-init" has two in "driver-initializes".
std::size_t shared_parts(std::string_view word, std::string_view other) {
    const auto others = parts_of(other);
    std::size_t shared = 0;
    for (const std::string_view part : parts_of(word)) {
        if (part.size() < 3) continue;
        if (std::any_of(others.begin(), others.end(),
                        [&](std::string_view candidate) { return candidate.substr(0, part.size()) == part; })) {
            ++shared;
        }
    }
    return shared;
}

}  // namespace

std::vector<std::string_view> near_words(std::string_view word, const std::vector<std::string_view>& known) {
    if (word.empty() || word.size() > longest_word) return {};
    std::size_t fewest = std::max<std::size_t>(2, word.size() / 4);  // letters that may be wrong
    std::vector<std::string_view> slips;
    for (const std::string_view candidate : known) {
        const std::size_t letters = distance(word, candidate);
        if (letters > fewest) continue;
        if (letters < fewest) slips.clear();
        fewest = letters;
        slips.push_back(candidate);
    }
    if (!slips.empty()) return slips;

    // No slip, but perhaps a part of a name: those that share the most come first.
    std::vector<std::pair<std::size_t, std::string_view>> found;
    for (const std::string_view candidate : known) {
        const std::size_t shared = shared_parts(word, candidate);
        if (shared > 0) found.emplace_back(shared, candidate);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& left, const auto& right) { return left.first > right.first; });
    std::vector<std::string_view> words;
    for (const auto& entry : found) {
        if (words.size() < 3) words.push_back(entry.second);
    }
    return words;
}

std::string either(const std::vector<std::string_view>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
    const auto words = near_words(word, known);
    return words.empty() ? "" : fmt::format(" Did you mean {}?", either(words));
}

}  // namespace jetcuda
