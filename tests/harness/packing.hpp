// Packs bytes as the build of a kernel would, for tests of those who unpack them.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "probes/driver/unpack.hpp"

namespace jetcuda::testing {

inline std::string packed_as(Packing packing, std::string_view bytes) {
    std::string out(bytes.size() + bytes.size() / 8 + 1024, '\0');
    std::size_t size = 0;
    if (packing == Packing::gzip) {
        std::string input(bytes);
        z_stream stream{};
        if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::runtime_error("deflateInit2 failed");
        }
        stream.next_in = reinterpret_cast<Bytef*>(input.data());
        stream.avail_in = static_cast<uInt>(input.size());
        stream.next_out = reinterpret_cast<Bytef*>(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        const int result = deflate(&stream, Z_FINISH);
        size = out.size() - stream.avail_out;
        deflateEnd(&stream);
        if (result != Z_STREAM_END) throw std::runtime_error("deflate failed");
    } else if (packing == Packing::xz) {
        const lzma_ret result =
            lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    bytes.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
        if (result != LZMA_OK) throw std::runtime_error("lzma_easy_buffer_encode failed");
    } else if (packing == Packing::zstd) {
        size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3);
        if (ZSTD_isError(size) != 0) throw std::runtime_error("ZSTD_compress failed");
    } else {
        return std::string(bytes);
    }
    out.resize(size);
    return out;
}

}  // namespace jetcuda::testing
