"""Real files with GPU code, by the packages that hold them: Debian's of CUDA 11.8, and wheels of CUDA 12 and 13 and of programs
that use them, most of them for aarch64. Only their names, hashes and summaries are kept here (expected.json).

    real_files.py fetch FOLDER [small]      fetches what is not there yet; nothing is installed
    real_files.py record FOLDER CUOBJDUMP-11 CUOBJDUMP-13     writes expected.json anew, from what was fetched

`record` counts with NVIDIA's cuobjdump alone: 11.8's for Debian's files, 13's for the wheels. It looks into .nv_fatbin and
__nv_relfatbin only, while some libraries keep code in ordinary data, too, and load it themselves. To have that counted by it as
well, those containers are put together behind a copy of the file, in which .nv_fatbin is made to point at them. What it counts is
no opinion of ours: who records reads every line of the difference.
"""

import hashlib
import json
import mmap
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected.json"
UNPACK = HERE.parent / "harness/unpack_nonfree.sh"
FATBIN_SECTIONS = (".nv_fatbin", "__nv_relfatbin")
MAGIC = struct.pack("<I", 0xBA55ED50)
NAMES = {"elf": "sass", "ptx": "ptx", "nvvm": "lto"}  # cuobjdump's and ours

# Small ones take part in every change's tests.
SMALL_DEBIAN = ("libnvjpeg11", "libnppc11", "libnppial11", "libnppicc11", "libnppidei11", "libnppim11", "libnppist11",
                "libnppisu11", "libnppitc11", "libnvblas11")
LARGE_DEBIAN = ("libcublas11", "libcublaslt11", "libcufft10", "libcufftw10", "libcurand10", "libcusolver11", "libcusolvermg11",
                "libcusparse11", "libnppif11", "libnppig11", "libnpps11", "libaccinj64-11.8", "libcupti11.8")
ARM, X86 = "aarch64", "x86_64"
SMALL_WHEELS = (("nvidia-nvjpeg-cu12", "12.4.0.76", ARM), ("nvidia-nvjpeg", "13.3.2.43", ARM))
LARGE_WHEELS = (
    ("nvidia-cublas-cu12", "12.9.3.13", ARM), ("nvidia-cufft-cu12", "11.4.1.4", ARM), ("nvidia-curand-cu12", "10.3.10.19", ARM),
    ("nvidia-cusolver-cu12", "11.7.5.82", ARM), ("nvidia-cusparse-cu12", "12.5.10.65", ARM), ("nvidia-npp-cu12", "12.4.1.87", ARM),
    ("nvidia-cublas", "13.10.0.20", ARM), ("nvidia-cufft", "12.5.0.14", ARM), ("nvidia-curand", "10.4.5.25", ARM),
    ("nvidia-cusolver", "12.4.1.2", ARM), ("nvidia-cusparse", "12.9.4.2", ARM), ("nvidia-npp", "13.2.0.93", ARM),
    ("nvidia-cublas-cu12", "12.9.3.13", X86), ("nvidia-cufft-cu12", "11.4.1.4", X86), ("nvidia-curand-cu12", "10.3.10.19", X86),
    ("nvidia-cusolver-cu12", "11.7.5.82", X86), ("nvidia-cusparse-cu12", "12.5.10.65", X86), ("nvidia-npp-cu12", "12.4.1.87", X86),
    ("nvidia-nvjpeg-cu12", "12.4.0.76", X86), ("nvidia-cublas", "13.10.0.20", X86), ("nvidia-cufft", "12.5.0.14", X86),
    ("nvidia-curand", "10.4.5.25", X86), ("nvidia-cusolver", "12.4.1.2", X86), ("nvidia-cusparse", "12.9.4.2", X86),
    ("nvidia-npp", "13.2.0.93", X86), ("nvidia-nvjpeg", "13.3.2.43", X86),
    ("cupy-cuda12x", "14.2.0", ARM), ("cupy-cuda13x", "14.2.0", ARM), ("bitsandbytes", "0.50.2", ARM),
    ("warp-lang", "1.19.0", ARM), ("cutensor-cu12", "2.8.1", ARM), ("jax-cuda12-plugin", "0.10.2", ARM),
    ("torchvision", "0.29.2", ARM), ("xgboost", "3.2.0", ARM))


def packages(small):
    """(source, name, version, architecture) of each."""
    debian = SMALL_DEBIAN if small else SMALL_DEBIAN + LARGE_DEBIAN
    wheels = SMALL_WHEELS if small else SMALL_WHEELS + LARGE_WHEELS
    return [("debian", name, "", X86) for name in debian] + [("pypi", *wheel) for wheel in wheels]


def folder_of(folder, source, name, version, arch):
    return folder / ("-".join((source, name, version, arch)) if version else name)


def fetch_wheel(place, name, version, arch):
    place.parent.mkdir(parents=True, exist_ok=True)
    platforms = [word for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_24", "manylinux_2_27", "manylinux_2_28",
                                  "manylinux_2_31", "manylinux_2_34", "manylinux_2_35")
                 for word in ("--platform", f"{tag}_{arch}")]
    # The folder gets its name when all is in it: what was cut off is fetched again.
    with tempfile.TemporaryDirectory(dir=place.parent) as work:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary=:all:", "--python-version", "3.11", *platforms, "-d", work, f"{name}=={version}"],
                       check=True)
        files = Path(work) / "files"
        files.mkdir()
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as archive:
            for member in archive.namelist():
                with archive.open(member) as content:
                    if content.read(4) != b"\x7fELF":
                        continue
                archive.extract(member, files)
        files.rename(place)


def fetch(folder, small):
    """Raises CalledProcessError where a package is not to be had."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = []
    for source, name, version, arch in packages(small):
        place = folder_of(folder, source, name, version, arch)
        if place.exists():
            continue
        if source == "debian":
            pairs += [name, place]
        else:
            fetch_wheel(place, name, version, arch)
    if pairs:
        subprocess.run(["sh", UNPACK, *map(str, pairs)], check=True)


def elf_files(place):
    """The ELF files of a package, by their paths in it, links left out."""
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
            hashlib.sha256(file.read()).hexdigest()


def sections(content):
    """(place of its header, place of its name, type, offset, size) of each section of an ELF file, by name."""
    table, entry, count, names = struct.unpack_from("<Q", content, 40)[0], *struct.unpack_from("<HHH", content, 58)
    texts = struct.unpack_from("<Q", content, table + names * entry + 24)[0]
    found = {}
    for header in range(table, table + count * entry, entry):
        name, kind = struct.unpack_from("<II", content, header)
        offset, size = struct.unpack_from("<QQ", content, header + 24)
        text = content[texts + name:content.find(b"\0", texts + name)].decode()
        found[text] = (header, texts + name, kind, offset, size)
    return found


def containers_elsewhere(content):
    """(start, end) of each whole container that lies outside the sections for them."""
    ranges = [(offset, offset + size) for name, (_, _, _, offset, size) in sections(content).items() if name in FATBIN_SECTIONS]
    start = content.find(MAGIC)
    while start >= 0:
        next_start = start + 4
        if start + 16 <= len(content):
            version, header, size = struct.unpack_from("<HHQ", content, start + 4)
            end = entry = start + 16 + size
            if version == 1 and header == 16 and end <= len(content):
                entry = start + 16
                while entry + 64 <= end:
                    known, own, stored = struct.unpack_from("<HIQ", content, entry + 2)
                    if known != 0x101 or own < 64:
                        break
                    entry += own + stored
                if entry == end:
                    next_start = end
                    if not any(low <= start < high for low, high in ranges):
                        yield start, end
        start = content.find(MAGIC, next_start)


def write_elsewhere(path, target):
    """Writes a copy of a file in which .nv_fatbin holds what lies elsewhere, and answers whether that is anything."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = list(containers_elsewhere(content))
        if not found:
            return False
        copy = bytearray(content)
    copy += bytes(-len(copy) % 8)
    begin = len(copy)
    for start, end in found:
        copy += copy[start:end]
        copy += bytes(-len(copy) % 8)
    headers = sections(copy)
    if "__nv_relfatbin" in headers:
        struct.pack_into("<Q", copy, headers["__nv_relfatbin"][0] + 32, 0)
    if ".nv_fatbin" not in headers:  # libcufft of CUDA 13 has none: another section, which cuobjdump has no use for, is renamed
        name = headers[".eh_frame_hdr"][1]
        copy[name:name + 11] = b".nv_fatbin\0"
        headers = sections(copy)
    struct.pack_into("<QQ", copy, headers[".nv_fatbin"][0] + 24, begin, len(copy) - begin)
    target.write_bytes(copy)
    return True


def inspect(command, path, config):
    done = subprocess.run([str(command), "inspect", "--json", "--sm", "87", "--driver-cuda", "12.6", "--data",
                           str(HERE.parent.parent / "config/data"), "--config", str(config), str(path)],
                          capture_output=True, text=True)
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"{path}: inspect ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr}")
    return json.loads(done.stdout)["files"][0]


def in_order(rows):
    return {key: rows[key] for key in sorted(rows) if rows[key] > 0}


def counts(answer):
    """{"sass sm_87": 12}: images, and stubs with them, since cuobjdump counts both."""
    rows = Counter()
    for row in answer["images"]:
        rows[f"{row['kind']} sm_{row['arch'].partition('_')[2]}"] += row["count"] + row["stubs"]
    return in_order(rows)


def counts_of_cuobjdump(programs, path):
    """The same by the first of these programs that reads the file: 13's stops at a few files of CUDA 12 that are whole.

    -symbols tells a header for each image and little else. -lelf would be shorter, and leaves out the f of a family ("sm_120f")."""
    for program in programs:
        done = subprocess.run([str(program), "-all", "-symbols", str(path)], capture_output=True, text=True, errors="replace")
        if done.returncode == 0 or "does not contain device code" in done.stderr:
            found = re.findall(r"^Fatbin (\w+) code:\n=+\narch = (\w+)$", done.stdout, re.MULTILINE)
            return in_order(Counter(f"{NAMES[kind]} {arch}" for kind, arch in found))
    raise RuntimeError(f"{path}: {done.stderr}")


def record(folder, cuobjdump_11, cuobjdump_13):
    small = set(packages(True))
    entries = []
    with tempfile.TemporaryDirectory() as work:
        for package in packages(False):
            source, name, version, arch = package
            place = folder_of(folder, *package)
            if source == "debian":
                version = (place / "version").read_text().strip()
            files = []
            for path in elf_files(place):
                programs = [cuobjdump_11] if source == "debian" else [cuobjdump_13, cuobjdump_11]
                seen = counts_of_cuobjdump(programs, path)
                copy = Path(work) / path.name
                elsewhere = counts_of_cuobjdump(programs, copy) if write_elsewhere(path, copy) else {}
                copy.unlink(missing_ok=True)
                if not seen and not elsewhere:
                    continue
                files.append({"path": str(path.relative_to(place)), "sha256": sha256(path), "seen": seen, "elsewhere": elsewhere})
                print(f"{name} {path.name}: {sum(seen.values())}, and {sum(elsewhere.values())} elsewhere", flush=True)
            entries.append({"source": source, "name": name, "version": version, "arch": arch, "small": package in small,
                            "files": files})
    text = json.dumps(entries, indent=1)
    # One line a summary, or the file has ten thousand.
    text = re.sub(r"\{\n\s+(\"(?:sass|ptx|lto) [^{}]*?)\n\s+\}", lambda found: "{" + re.sub(r"\n\s+", " ", found[1]) + "}", text)
    EXPECTED.write_text(text + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "fetch":
        fetch(Path(sys.argv[2]).resolve(), "small" in sys.argv[3:])
    else:
        record(*(Path(word).resolve() for word in sys.argv[2:5]))
