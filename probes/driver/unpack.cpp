#include "probes/driver/unpack.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "probes/elf/bytes.hpp"

namespace jetcuda {
namespace {

constexpr std::size_t step = std::size_t{256} << 10;

// The unpacked bytes as they grow, never beyond the limit.
class Output {
public:
    explicit Output(std::size_t limit) : limit_(limit) {}

    // Room for the next bytes, at least one.
    std::size_t make_room() {
        if (filled_ >= limit_) throw Malformed("it unpacks to more than " + std::to_string(limit_) + " bytes");
        bytes_.resize(std::min(filled_ + step, limit_));
        return bytes_.size() - filled_;
    }
    [[nodiscard]] char* next() { return bytes_.data() + filled_; }
    void add(std::size_t count) { filled_ += count; }
    std::string take() {
        bytes_.resize(filled_);
        return std::move(bytes_);
    }

private:
    std::size_t limit_;
    std::string bytes_;
    std::size_t filled_ = 0;
};

std::string unpack_gzip(std::string_view packed, Output output) {
    z_stream stream{};
    constexpr int gzip_only = 15 + 16;  // zlib.h, inflateInit2: "Add 16 to decode only the gzip format"
    if (inflateInit2(&stream, gzip_only) != Z_OK) throw Malformed("zlib has no memory to unpack it");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    std::string input(packed);  // zlib takes no const bytes
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    while (true) {
        const std::size_t room = output.make_room();
        stream.next_out = reinterpret_cast<Bytef*>(output.next());
        stream.avail_out = static_cast<uInt>(room);
        const int result = inflate(&stream, Z_NO_FLUSH);
        output.add(room - stream.avail_out);
        if (result == Z_STREAM_END) return output.take();
        if (result != Z_OK) throw Malformed("its gzip data are damaged or cut off");
    }
}

std::string unpack_xz(std::string_view packed, Output output) {
    lzma_stream stream = LZMA_STREAM_INIT;
    constexpr std::uint64_t memory = std::uint64_t{128} << 20;  // the kernel's build uses dictionaries up to 32 MB
    if (lzma_stream_decoder(&stream, memory, 0) != LZMA_OK) throw Malformed("liblzma has no memory to unpack it");
    const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> end(&stream, lzma_end);
    stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
    stream.avail_in = packed.size();
    while (true) {
        const std::size_t room = output.make_room();
        stream.next_out = reinterpret_cast<std::uint8_t*>(output.next());
        stream.avail_out = room;
        const lzma_ret result = lzma_code(&stream, LZMA_FINISH);
        output.add(room - stream.avail_out);
        if (result == LZMA_STREAM_END) return output.take();
        if (result != LZMA_OK) throw Malformed("its xz data are damaged or cut off");
    }
}

std::string unpack_zstd(std::string_view packed, Output output) {
    const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
    if (stream == nullptr) throw Malformed("libzstd has no memory to unpack it");
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    while (true) {
        const std::size_t room = output.make_room();
        ZSTD_outBuffer part{output.next(), room, 0};
        const std::size_t left = ZSTD_decompressStream(stream.get(), &part, &input);
        output.add(part.pos);
        if (ZSTD_isError(left) != 0) throw Malformed("its zstd data are damaged");
        if (left == 0) return output.take();
        if (input.pos == input.size && part.pos < part.size) throw Malformed("its zstd data are cut off");
    }
}

}  // namespace

Packing packing_of(std::string_view start) {
    using namespace std::string_view_literals;
    if (start.substr(0, 2) == "\x1f\x8b"sv) return Packing::gzip;
    if (start.substr(0, 6) ==
        "\xfd"
        "7zXZ\0"sv) {
        return Packing::xz;
    }
    if (start.substr(0, 4) == "\x28\xb5\x2f\xfd"sv) return Packing::zstd;
    return Packing::none;
}

std::string unpack(std::string_view packed, Packing packing, std::size_t limit) {
    switch (packing) {
        case Packing::gzip: return unpack_gzip(packed, Output(limit));
        case Packing::xz: return unpack_xz(packed, Output(limit));
        case Packing::zstd: return unpack_zstd(packed, Output(limit));
        case Packing::none: break;
    }
    return std::string(packed);
}

}  // namespace jetcuda
