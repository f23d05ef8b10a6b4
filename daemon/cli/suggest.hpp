// The way out of a mistyped word: those that the writer may have meant.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jetcuda {

// Of `known`, at most three, nearest first: few letters away, or sharing a word between hyphens.
std::vector<std::string_view> near_words(std::string_view word, const std::vector<std::string_view>& known);

// " Did you mean x, y or z?", or nothing where nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

// "x, y or z"
std::string either(const std::vector<std::string_view>& words);

}  // namespace jetcuda
