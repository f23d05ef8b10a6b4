"""Real files with GPU code, by the packages that hold them: Debian's of CUDA 11.8, and wheels of CUDA 12 and 13 and of programs
that use them, most of them for aarch64. Only their names, hashes and summaries are kept here (expected.json).

    real_files.py fetch FOLDER [small]      fetches what is not there yet; nothing is installed
    real_files.py record FOLDER JETCUDA-CHECK CUOBJDUMP-11 CUOBJDUMP-13     writes expected.json anew, from what was fetched

`record` counts with NVIDIA's cuobjdump: 11.8's for Debian's files, 13's for the wheels. What it counts is no opinion of ours: who
records reads every line of the difference.
"""

import hashlib
import json
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

# Small ones take part in every change's tests.
SMALL_DEBIAN = ("libnvjpeg11", "libnppc11", "libnppial11", "libnppicc11", "libnppidei11", "libnppim11", "libnppist11",
                "libnppisu11", "libnppitc11", "libnvblas11")
LARGE_DEBIAN = ("libcublas11", "libcublaslt11", "libcufft10", "libcufftw10", "libcurand10", "libcusolver11", "libcusolvermg11",
                "libcusparse11", "libnppif11", "libnppig11", "libnpps11")
ARM, X86 = "aarch64", "x86_64"
SMALL_WHEELS = (("nvidia-nvjpeg-cu12", "12.4.0.76", ARM), ("nvidia-nvjpeg", "13.3.2.43", ARM))
LARGE_WHEELS = (
    ("nvidia-cublas-cu12", "12.9.3.13", ARM), ("nvidia-cufft-cu12", "11.4.1.4", ARM), ("nvidia-curand-cu12", "10.3.10.19", ARM),
    ("nvidia-cusolver-cu12", "11.7.5.82", ARM), ("nvidia-cusparse-cu12", "12.5.10.65", ARM), ("nvidia-npp-cu12", "12.4.1.87", ARM),
    ("nvidia-cublas", "13.10.0.20", ARM), ("nvidia-cufft", "12.5.0.14", ARM), ("nvidia-curand", "10.4.5.25", ARM),
    ("nvidia-cusolver", "12.4.1.2", ARM), ("nvidia-cusparse", "12.9.4.2", ARM), ("nvidia-npp", "13.2.0.93", ARM),
    ("nvidia-curand-cu12", "10.3.10.19", X86), ("nvidia-npp-cu12", "12.4.1.87", X86), ("nvidia-npp", "13.2.0.93", X86),
    ("cupy-cuda12x", "14.2.0", ARM), ("cupy-cuda13x", "14.2.0", ARM), ("bitsandbytes", "0.50.2", ARM),
    ("warp-lang", "1.19.0", ARM), ("cutensor-cu12", "2.8.1", ARM), ("jax-cuda12-plugin", "0.10.2", ARM))


def packages(small):
    """(source, name, version, architecture) of each."""
    debian = SMALL_DEBIAN if small else SMALL_DEBIAN + LARGE_DEBIAN
    wheels = SMALL_WHEELS if small else SMALL_WHEELS + LARGE_WHEELS
    return [("debian", name, "", X86) for name in debian] + [("pypi", *wheel) for wheel in wheels]


def folder_of(folder, source, name, version, arch):
    return folder / ("-".join((source, name, version, arch)) if version else name)


def fetch_wheel(place, name, version, arch):
    place.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=place) as work:
        platforms = [word for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_24", "manylinux_2_27", "manylinux_2_28", "manylinux_2_31",
                                      "manylinux_2_34", "manylinux_2_35") for word in ("--platform", f"{tag}_{arch}")]
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary=:all:", "--python-version", "3.11", *platforms, "-d", work, f"{name}=={version}"], check=True)
        wheel = next(Path(work).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                with archive.open(member) as content:
                    if content.read(4) != b"\x7fELF":
                        continue
                archive.extract(member, place)


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


def sections_of_code(path, target):
    """Writes what lies in the sections that cuobjdump reads to `target`, and answers whether there was any."""
    with open(path, "rb") as file:
        header = file.read(64)
        table, entry, count, names = struct.unpack_from("<Q", header, 40)[0], *struct.unpack_from("<HHH", header, 58)
        file.seek(table)
        sections = [struct.unpack("<IIQQQQIIQQ", file.read(entry)) for _ in range(count)]
        file.seek(sections[names][4])
        texts = file.read(sections[names][5])
        written = False
        with open(target, "wb") as code:
            for section in sections:
                name = texts[section[0]:texts.index(b"\0", section[0])].decode()
                if name in FATBIN_SECTIONS and section[5] > 0:
                    file.seek(section[4])
                    code.write(file.read(section[5]))
                    code.write(bytes(-code.tell() % 8))
                    written = True
    return written


def inspect(command, path, config):
    done = subprocess.run([str(command), "inspect", "--json", "--sm", "87", "--driver-cuda", "12.6", "--data",
                           str(HERE.parent.parent / "config/data"), "--config", str(config), str(path)],
                          capture_output=True, text=True)
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"{path}: inspect ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr}")
    return json.loads(done.stdout)["files"][0]


def counts(answer):
    """{"sass sm_87": 12}: images, and stubs with them, since cuobjdump lists both. Link-time code is nothing that it lists."""
    rows = Counter()
    for row in answer["images"]:
        if row["kind"] in ("sass", "ptx"):
            rows[f"{row['kind']} {row['arch'].replace('compute_', 'sm_')}"] += row["count"] + row["stubs"]
    return {key: rows[key] for key in sorted(rows) if rows[key] > 0}


def as_listed(rows):
    """The same with the names that cuobjdump lists: code of a family ("sm_103f") goes by its architecture alone."""
    listed = Counter()
    for key, count in rows.items():
        listed[key.rstrip("f")] += count
    return {key: listed[key] for key in sorted(listed)}


def counts_of_cuobjdump(program, path):
    rows = Counter()
    for option, kind, end in (("-lelf", "sass", "cubin"), ("-lptx", "ptx", "ptx")):
        done = subprocess.run([str(program), "-all", option, str(path)], capture_output=True, text=True)
        for arch in re.findall(rf"\.(sm_[0-9]+[af]?)\.{end}$", done.stdout, re.MULTILINE):
            rows[f"{kind} {arch}"] += 1
    return {key: rows[key] for key in sorted(rows)}


def record(folder, command, cuobjdump_11, cuobjdump_13):
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
                whole = counts(inspect(command, path, work))
                if not whole:
                    continue
                theirs = counts_of_cuobjdump(cuobjdump_11 if source == "debian" else cuobjdump_13, path)
                # 13's stops at some files of CUDA 12 that are whole.
                theirs = theirs or counts_of_cuobjdump(cuobjdump_11, path)
                files.append({"path": str(path.relative_to(place)), "sha256": sha256(path), "cuobjdump": theirs, "whole": whole})
                print(f"{name} {path.name}: {sum(theirs.values())} by cuobjdump, {sum(whole.values())} in all", flush=True)
            entries.append({"source": source, "name": name, "version": version, "arch": arch, "small": package in small,
                            "files": files})
    text = json.dumps(entries, indent=1)
    # One line a summary, or the file has ten thousand.
    text = re.sub(r"\{\n\s+(\"(?:sass|ptx) [^{}]*?)\n\s+\}", lambda found: "{" + re.sub(r"\n\s+", " ", found[1]) + "}", text)
    EXPECTED.write_text(text + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "fetch":
        fetch(Path(sys.argv[2]).resolve(), "small" in sys.argv[3:])
    else:
        record(*(Path(word).resolve() for word in sys.argv[2:6]))
