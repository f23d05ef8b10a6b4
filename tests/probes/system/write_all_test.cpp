// All of it is taken, also by a pipe that takes it in pieces, and a failure says why.

#include "probes/system/write_all.hpp"

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "probes/system/descriptor.hpp"

using namespace jetcuda;

namespace {

struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        REQUIRE(::pipe(ends) == 0);
        read_end = Descriptor{ends[0]};
        write_end = Descriptor{ends[1]};
    }
    Descriptor read_end, write_end;
};

}  // namespace

TEST_CASE("more than a pipe holds is written in pieces") {
    Pipe pipe;
    const std::string bytes(1U << 20U, 'x');
    std::string came;
    std::thread reader([&] {
        std::string piece(10000, 0);
        for (ssize_t count = 1; count > 0;) {
            count = ::read(pipe.read_end.number(), piece.data(), piece.size());
            if (count > 0) came.append(piece, 0, static_cast<std::size_t>(count));
        }
    });
    CHECK(write_all(pipe.write_end.number(), bytes) == 0);
    pipe.write_end.close();
    reader.join();
    CHECK(came == bytes);
}

TEST_CASE("nothing to write is written") { CHECK(write_all(-1, "") == 0); }

TEST_CASE("why it cannot be written is answered") {
    CHECK(write_all(-1, "x") == EBADF);
    Pipe pipe;
    pipe.read_end.close();
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    CHECK(write_all(pipe.write_end.number(), "x") == EPIPE);
    std::signal(SIGPIPE, before);
}
