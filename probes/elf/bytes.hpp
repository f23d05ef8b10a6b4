// Bytes that nobody vouches for. Every offset, length and count that comes out of a file passes one of the
// functions below, which check it against what is really there and throw Malformed otherwise. Nothing else
// in this folder touches file content, so bounds are nobody's duty. One catch, where a file becomes facts,
// turns Malformed into one clause about one file.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace jetcuda {

// The bytes do not say what such a file should say. The text is a clause that names the place:
// "the section header table leaves the file at offset 4096".
struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A place in a file, and a place in the memory of a process that mapped it. ELF uses both, side by side and
// with similar values; as two types they cannot be mixed up.
struct FileOffset {
    std::uint64_t value = 0;
    // Where something lies that many bytes behind this place.
    [[nodiscard]] FileOffset plus(std::uint64_t distance) const {
        std::uint64_t sum = 0;
        if (__builtin_add_overflow(value, distance, &sum)) throw Malformed("an offset overflows 64 bits");
        return {sum};
    }
};

struct VirtualAddress {
    std::uint64_t value = 0;
};

// The size of a table, which hostile counts must not overflow.
inline std::uint64_t table_size(std::uint64_t count, std::uint64_t entry) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(count, entry, &product)) throw Malformed("a table's size overflows 64 bits");
    return product;
}

// Little-endian numbers and texts in memory, checked. The memory belongs to someone else.
class ByteView {
public:
    ByteView() = default;
    explicit ByteView(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::string_view all() const { return bytes_; }

    [[nodiscard]] ByteView part(std::uint64_t at, std::uint64_t length) const {
        if (at > bytes_.size() || length > bytes_.size() - at) {
            throw Malformed(std::to_string(length) + " bytes at " + std::to_string(at) + " leave a structure of " +
                            std::to_string(bytes_.size()) + " bytes");
        }
        return ByteView(bytes_.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(length)));
    }

    [[nodiscard]] std::uint8_t u8(std::uint64_t at) const { return number<std::uint8_t>(at); }
    [[nodiscard]] std::uint16_t u16(std::uint64_t at) const { return number<std::uint16_t>(at); }
    [[nodiscard]] std::uint32_t u32(std::uint64_t at) const { return number<std::uint32_t>(at); }
    [[nodiscard]] std::uint64_t u64(std::uint64_t at) const { return number<std::uint64_t>(at); }

    // Up to the next NUL, which has to be there.
    [[nodiscard]] std::string_view text(std::uint64_t at) const {
        const std::string_view rest = part(at, at > bytes_.size() ? 0 : bytes_.size() - at).all();
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos) throw Malformed("a text at " + std::to_string(at) + " has no end");
        return rest.substr(0, end);
    }

private:
    // Byte by byte: right on any host, and compilers make one load of it.
    template <typename T>
    [[nodiscard]] T number(std::uint64_t at) const {
        static_assert(std::is_unsigned_v<T>);
        const std::string_view raw = part(at, sizeof(T)).all();
        std::uint64_t result = 0;
        for (std::size_t i = sizeof(T); i-- > 0;) result = result << 8U | static_cast<unsigned char>(raw[i]);
        return static_cast<T>(result);
    }

    std::string_view bytes_;
};

// Where the bytes of one file are: in memory, or still on the medium. Callers ask for the parts they need.
class ByteSource {
public:
    ByteSource() = default;
    virtual ~ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    [[nodiscard]] virtual std::uint64_t size() const = 0;

    // Exactly `length` bytes. `what` names them in the message: "the dynamic section".
    [[nodiscard]] std::string read(FileOffset at, std::uint64_t length, std::string_view what) const {
        check(at, length, what);
        std::string bytes(static_cast<std::size_t>(length), '\0');
        if (!bytes.empty()) fill(at, bytes, what);
        return bytes;
    }

    // The same into memory that is there already: who reads a large file in many steps clears no fresh MB for each.
    void read_over(std::string& bytes, FileOffset at, std::uint64_t length, std::string_view what) const {
        check(at, length, what);
        bytes.resize(static_cast<std::size_t>(length));
        if (!bytes.empty()) fill(at, bytes, what);
    }

    // The first place from `at` on that may hold anything but zeros; size() where nothing follows. A sparse file claims
    // TB that were never written.
    [[nodiscard]] virtual FileOffset data_from(FileOffset at) const { return at; }

    // Most of these bytes will be asked for soon: a file on a medium may begin to fetch them.
    virtual void will_need(FileOffset, std::uint64_t) const {}

    // A text that ends with NUL, however large the table is that it stands in.
    [[nodiscard]] std::string read_text(FileOffset at, std::string_view what) const {
        constexpr std::uint64_t step = 256;
        constexpr std::size_t longest = std::size_t{1} << 16;  // a RUNPATH of the Nix store has thousands of bytes
        std::string text;
        while (text.size() < longest) {
            const FileOffset next = at.plus(text.size());
            if (next.value >= size()) break;
            const std::string more = read(next, std::min(step, size() - next.value), what);
            const std::size_t end = more.find('\0');
            text.append(more, 0, end);
            if (end != std::string::npos) return text;
        }
        throw Malformed(std::string(what) + " has no end: text at offset " + std::to_string(at.value));
    }

    // No structure that is read as one piece is near this size: a hostile length must not become an allocation.
    static constexpr std::uint64_t largest_read = std::uint64_t{16} << 20;

private:
    void check(FileOffset at, std::uint64_t length, std::string_view what) const {
        if (at.value > size() || length > size() - at.value) {
            throw Malformed(std::string(what) + " leaves the file: " + std::to_string(length) + " bytes at offset " +
                            std::to_string(at.value) + " of " + std::to_string(size()));
        }
        if (length > largest_read) {
            throw Malformed(std::string(what) + " is larger than such a thing can be: " + std::to_string(length) +
                            " bytes at offset " + std::to_string(at.value));
        }
    }

    // The range lies inside size(); throws Malformed when the bytes are not to be had after all.
    virtual void fill(FileOffset at, std::string& bytes, std::string_view what) const = 0;
};

class MemorySource final : public ByteSource {
public:
    explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }

private:
    void fill(FileOffset at, std::string& bytes, std::string_view) const override {
        std::memcpy(bytes.data(), ByteView(bytes_).part(at.value, bytes.size()).all().data(), bytes.size());
    }

    std::string_view bytes_;
};

// A part of another source as if it were a file of its own: a member of an archive. The source must outlive it.
class PartSource final : public ByteSource {
public:
    // Throws Malformed when the part leaves the source.
    PartSource(const ByteSource& whole, FileOffset begin, std::uint64_t size)
        : whole_(whole), begin_(begin), size_(size) {
        if (begin.value > whole.size() || size > whole.size() - begin.value) {
            throw Malformed("a part of " + std::to_string(size) + " bytes at offset " + std::to_string(begin.value) +
                            " leaves a file of " + std::to_string(whole.size()));
        }
    }
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] FileOffset data_from(FileOffset at) const override {
        return {std::min(whole_.data_from(begin_.plus(at.value)).value - begin_.value, size_)};
    }
    void will_need(FileOffset at, std::uint64_t length) const override {
        whole_.will_need(begin_.plus(at.value), length);
    }

private:
    void fill(FileOffset at, std::string& bytes, std::string_view what) const override {
        whole_.read_over(bytes, begin_.plus(at.value), bytes.size(), what);
    }

    const ByteSource& whole_;
    FileOffset begin_;
    std::uint64_t size_;
};

}  // namespace jetcuda
