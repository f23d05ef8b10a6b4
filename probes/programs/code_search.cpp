#include "probes/programs/code_search.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <thread>

#include "probes/system/in_threads.hpp"

namespace jetcuda {
namespace {

// For each thread, so that one that met little to do takes another.
constexpr std::uint64_t stretches_of_thread = 8;
// Where only containers belong, one is jumped over after the other, which takes about this part of the time that data
// takes; and a stretch that begins inside of a container has to look at all the rest of that one.
constexpr std::uint64_t gain_of_jumping = 8;

std::uint64_t gain(const FatbinRange& range) { return range.only_fatbins ? gain_of_jumping : 1; }

bool is_relocatable(const FatbinRange& range) { return range.name == "section __nv_relfatbin"; }

// A part of one range, what was met in it, and why no more of it was.
struct Stretch {
    Stretch(const FatbinRange& of, FileOffset begin, FileOffset until)
        : range(of), end(until), search(of, begin, gathering) {
        gathering.enter(is_relocatable(of));
    }

    void run(Window& window, FileOffset until) {
        try {
            search.run(window, until);
        } catch (...) {
            stopped = std::current_exception();
        }
    }

    const FatbinRange& range;
    FileOffset end;
    DeviceCode code;
    CodeGathering gathering{code};
    FatbinSearch search;
    std::exception_ptr stopped;
};
using Stretches = std::vector<std::unique_ptr<Stretch>>;

// `data_length`: of a stretch of data.
Stretches cut(const std::vector<FatbinRange>& ranges, std::uint64_t data_length) {
    Stretches stretches;
    for (const FatbinRange& range : ranges) {
        const std::uint64_t length = data_length * gain(range);
        FileOffset begin = range.begin;
        while (begin.value < range.end.value) {
            // What is left at the end is too short for a stretch of its own.
            const std::uint64_t left = range.end.value - begin.value;
            const FileOffset end = begin.plus(left < 2 * length ? left : length);
            stretches.push_back(std::make_unique<Stretch>(range, begin, end));
            begin = end;
        }
    }
    return stretches;
}

void search_at_once(const ByteSource& source, const Stretches& stretches, std::size_t most_threads) {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        Window window(source);
        for (std::size_t i = next++; i < stretches.size(); i = next++) stretches[i]->run(window, stretches[i]->end);
    };
    in_threads(std::min(stretches.size(), most_threads), work);
}

// In the order of the file. A stretch that was begun where no container begins, but inside of one, does not count: the
// one before it goes on in its place.
void put_together(const ByteSource& source, const Stretches& stretches, CodeGathering& gathering) {
    Window window(source);
    for (std::size_t i = 0; i < stretches.size();) {
        Stretch& sure = *stretches[i++];
        while (i < stretches.size() && &stretches[i]->range == &sure.range && !sure.stopped &&
               !sure.search.leads_to(stretches[i]->search)) {
            sure.run(window, stretches[i++]->end);
        }
        gathering.take(sure.gathering);
        if (sure.stopped) std::rethrow_exception(sure.stopped);
    }
}

}  // namespace

void search_code(const ByteSource& source, std::vector<FatbinRange> ranges, const SearchEffort& effort,
                 CodeGathering& gathering) {
    std::sort(ranges.begin(), ranges.end(),
              [](const FatbinRange& a, const FatbinRange& b) { return a.begin.value < b.begin.value; });
    std::uint64_t done = 0;  // a hostile table may name the same GB a thousand times
    std::uint64_t size = 0;
    std::uint64_t work = 0;  // bytes of data that would take as long
    for (FatbinRange& range : ranges) {
        range.begin.value = std::min(std::max(range.begin.value, done), range.end.value);
        done = std::max(done, range.end.value);
        size += range.end.value - range.begin.value;
        work += (range.end.value - range.begin.value) / gain(range);
    }
    if (size > effort.shortest_stretch) {
        const Stretches stretches =
            cut(ranges, std::max(effort.shortest_stretch, work / (stretches_of_thread * effort.threads)));
        search_at_once(source, stretches, effort.threads);
        return put_together(source, stretches, gathering);
    }
    Window window(source);
    for (const FatbinRange& range : ranges) {
        gathering.enter(is_relocatable(range));
        search_fatbins(window, range, gathering);
    }
}

std::size_t SearchEffort::threads_of_this_machine() {
    constexpr std::size_t most = 4;
    return std::min<std::size_t>(most, std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace jetcuda
