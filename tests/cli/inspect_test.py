#!/usr/bin/env python3
"""inspect: real cubins and PTX of kernels/images by themselves, in libraries, wheels, archives and folders; boards that the
caller describes and boards below a root; and every sort of file that is none.
"""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

from command import SOURCE, command_from_arguments, expect, run_cases

sys.path.insert(0, str(SOURCE / "tests/boards"))
import elf_writer

command = command_from_arguments()
IMAGES = SOURCE / "kernels/images"
SCHEMA = json.loads((SOURCE / "config/inspect.schema.json").read_text())
ORIN = ("--l4t", "36.5")


def inspect(*arguments, **more):
    import jsonschema
    done = command.run("inspect", "--json", *arguments, **more)
    expect(done.returncode in (0, 1, 2, 3), f"{arguments}: {done.returncode} {done.stderr}")
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, SCHEMA)
    return done.returncode, answer


def verdict(status, word, *arguments):
    """The one file of this answer, which has this verdict."""
    came, answer = inspect(*arguments)
    expect(came == status and [file["verdict"] for file in answer["files"]] == [word], f"{arguments}: {came} {answer}")
    return answer["files"][0]


def place(name):
    folder = command.work / name
    folder.mkdir(exist_ok=True)
    return folder


def cubin(sm):
    return (2, sm, 1, 8 if sm >= 100 else 7, (IMAGES / f"floats.sm_{sm}.cubin").read_bytes())


def ptx(sm=70, isa=(6, 3)):
    return (1, sm, *isa, (IMAGES / "floats.ptx").read_bytes())


def library(path, *containers, soname="libkernels.so.1", **words):
    code = b"".join(elf_writer.fat_binary(*images) for images in containers)
    elf_writer.write_library(path, soname, device_code=code, **words)
    return path


def bare_code_is_judged_for_each_gpu():
    for sm, described in ((72, ("--sm", "72")), (87, ORIN), (110, ("--sm", "110"))):
        for own in (72, 87, 110):
            file = verdict(0 if own == sm else 2, "native" if own == sm else "cannot-run",
                           IMAGES / f"floats.sm_{own}.cubin", *described)
            expect(file["kind"] == "cubin" and file["images"][0]["arch"] == f"sm_{own}", f"{file}")
        file = verdict(1, "jit", IMAGES / "floats.ptx", *described)
        expect(file["kind"] == "ptx" and file["images"][0]["isa"] == "6.3", f"{file}")


def a_library_is_judged_by_all_its_containers():
    both = library(place("mixed") / "libboth.so", [cubin(87), ptx()], [cubin(72)], [ptx()], needed=["libcudart.so.12"])
    file = verdict(0, "native", both, *ORIN)
    expect(file["coverage"] == {"containers": 3, "native": 1, "jit": 1, "none": 1}, f"{file['coverage']}")
    expect("of its 3 containers 1 hold code for this GPU, 1 PTX for it, and 1 neither" in file["summary"], file["summary"])
    expect(file["runtime"] == {"linkage": "shared", "cuda": "12", "soname": "libcudart.so.12"}, f"{file['runtime']}")
    expect(file["machine"] == "aarch64" and file["libcuda"] is None, f"{file}")
    plain = command.run("inspect", both, *ORIN)
    expect(plain.returncode == 0 and "sass  sm_87" in plain.stdout and "libcudart.so.12" in plain.stdout, plain.stdout)


def every_verdict_has_its_status_and_remedy():
    folder = place("verdicts")
    file = verdict(2, "cannot-run", library(folder / "desktop.so", [cubin(72)]), *ORIN)
    expect("-gencode arch=compute_87,code=sm_87" in file["remedy"] and "CMAKE_CUDA_ARCHITECTURES=87" in file["remedy"],
           file["remedy"])
    file = verdict(1, "compat", library(folder / "new.so", [ptx(87, (8, 8))]), *ORIN)
    expect("cuda-compat-12-9" in file["remedy"], file["remedy"])
    file = verdict(1, "compat", library(folder / "thirteen.so", [cubin(87)], needed=["libcudart.so.13"]), *ORIN)
    expect("CUDA 13" in file["summary"] and "cuda-compat-orin-13" in file["remedy"], f"{file}")
    file = verdict(2, "cannot-run", library(folder / "fourteen.so", [cubin(87)], needed=["libcudart.so.14"]), *ORIN)
    expect("CUDA 14" in file["summary"], file["summary"])
    file = verdict(2, "cannot-run", library(folder / "x86.so", [cubin(87)], machine=elf_writer.X86_64), *ORIN)
    expect(file["rule"] == "other-processor" and "sm_87" in file["summary"], f"{file}")
    file = verdict(0, "no-device-code", library(folder / "plain.so"), *ORIN)
    expect(file["remedy"] == "", file["remedy"])
    broken = folder / "broken.fatbin"
    broken.write_bytes(elf_writer.fat_binary(cubin(72))[:200])
    file = verdict(3, "unreadable", broken, *ORIN)
    expect(file["problems"], "no problem is told")


def wheel_of(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)
    return path


def archives_are_as_good_as_their_worst_member():
    folder = place("archives")
    good = library(folder / "good.so", [cubin(87)]).read_bytes()
    bad = library(folder / "bad.so", [cubin(72)]).read_bytes()
    wheel = wheel_of(folder / "torch-1.0-cp311-cp311-manylinux_2_28_aarch64.whl",
                     {"torch/__init__.py": "x = 1\n", "torch/lib/good.so": good, "torch/lib/bad.so": bad})
    file = verdict(2, "cannot-run", wheel, *ORIN)
    expect(file["kind"] == "wheel" and file["python_tags"] == ["cp311-cp311-manylinux_2_28_aarch64"], f"{file}")
    expect(file["members_seen"] == 3 and len(file["members"]) == 2, f"{file['members']}")
    expect("torch/lib/bad.so" in file["summary"], file["summary"])
    tarball = folder / "code.tar.gz"
    with tarfile.open(tarball, "w:gz") as tar:
        for name, content in (("inner/good.so", good), (wheel.name, wheel.read_bytes())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    file = verdict(2, "cannot-run", tarball, *ORIN)
    expect({member["path"] for member in file["members"]} ==
           {"inner/good.so", f"{wheel.name}/torch/lib/good.so", f"{wheel.name}/torch/lib/bad.so"}, f"{file['members']}")
    cut = folder / "cut.whl"
    cut.write_bytes(wheel_of(folder / "whole.whl", {"good.so": good, "more.so": os.urandom(4096) + good}).read_bytes()[:-3000])
    file = verdict(3, "unreadable", cut, *ORIN)
    expect(file["problems"], "a cut wheel has no problem")


def folders_are_walked():
    folder = place("tree")
    (folder / "a/b").mkdir(parents=True)
    library(folder / "a/good.so", [cubin(87)])
    os.link(folder / "a/good.so", folder / "a/b/again.so")
    os.symlink("/", folder / "a/everything")
    (folder / "a/notes.txt").write_text("nothing\n")
    shutil.copy(IMAGES / "floats.sm_72.cubin", folder / "a/b/old.cubin")
    status, answer = inspect(folder, *ORIN)
    expect(status == 2 and answer["verdict"] == "cannot-run", f"{status} {answer}")
    paths = {file["path"]: file["verdict"] for file in answer["files"]}
    expect(paths == {str(folder): "cannot-run", f"{folder}/a/b/again.so": "native",
                     f"{folder}/a/b/old.cubin": "cannot-run"}, f"{paths}")
    expect(answer["files"][0]["members_seen"] == 3, f"{answer['files'][0]}")
    plain = command.run("inspect", folder, *ORIN).stdout
    expect("Together: 1 native, 1 cannot-run." in plain, plain)


def a_board_below_a_root_is_asked():
    root = command.work / "orin"
    shutil.copytree(command.board("orin-r36.5"), root, symlinks=True)
    (root / "opt/app/bin").mkdir(parents=True)
    (root / "opt/app/lib").mkdir()
    library(root / "opt/app/bin/app", [cubin(87)], soname="app", needed=["libcudart.so.12", "libmine.so"],
            runpath="$ORIGIN/../lib")
    elf_writer.write_library(root / "opt/app/lib/libcuda.so.1", "libcuda.so.1", stub=True,
                             functions=elf_writer.DRIVER_FUNCTIONS)
    library(root / "opt/app/lib/libmine.so", soname="libmine.so", needed=["libcuda.so.1"], runpath="$ORIGIN")
    status, answer = inspect("/opt/app/bin/app", "--root", root)
    file = answer["files"][0]
    expect(status == 0 and answer["target"]["sm"] == 87 and answer["target"]["driver_cuda"] == "12.6", f"{answer}")
    expect(file["libcuda"].endswith("libcuda.so.1"), f"{file}")
    expect(any("stub" in problem for problem in file["loader_problems"]), f"{file['loader_problems']}")
    # The program's own runtime is led elsewhere than its library, which is loaded first.
    expect(any("whichever asks first" in problem for problem in file["loader_problems"]), f"{file['loader_problems']}")
    library(root / "opt/app/bin/gone", [cubin(87)], soname="gone", needed=["libcudart.so.12", "libnone.so"])
    gone = inspect("/opt/app/bin/gone", "--root", root)[1]["files"][0]
    expect(any("libnone.so" in problem for problem in gone["loader_problems"]), f"{gone['loader_problems']}")
    status, answer = inspect("/opt/app", "--root", root)
    expect([entry["path"] for entry in answer["files"]][:2] == ["/opt/app", "/opt/app/bin/app"], f"{answer['files']}")
    done = command.run("inspect", "opt/app", "--root", root)
    expect(done.returncode == 64 and "below the root" in done.stderr, done.stderr)


def wrong_targets_are_refused_with_the_way_out():
    image = IMAGES / "floats.ptx"
    for words, part in ((("--sm", "80"), "72 (Xavier)"), (("--driver-cuda", "twelve"), "--sm"),
                        (("--sm", "87", "--driver-cuda", "twelve"), "12.6"), (("--l4t", "99.9"), "--driver-cuda"),
                        (("--sm", "72", "--l4t", "36.5"), "not for"), (("--root", command.board("not-a-jetson")), "--l4t")):
        done = command.run("inspect", *words, "/etc/os-release" if "--root" in words else image)
        expect(done.returncode == 64 and part in done.stderr and done.stdout == "", f"{words}: {done.returncode} {done.stderr}")
    done = command.run("inspect", *ORIN)
    expect(done.returncode == 64 and "names of files" in done.stderr, done.stderr)


def standard_input_is_a_file_too():
    with open(IMAGES / "floats.sm_87.cubin", "rb") as file:
        done = subprocess.run(command.line("inspect", "--json", *ORIN, "-"), stdin=file, capture_output=True, text=True,
                              env=command.environment())
    answer = json.loads(done.stdout)
    expect(done.returncode == 0 and answer["files"][0]["path"] == "standard input", f"{answer}")
    done = command.start(command.line("inspect", *ORIN, "-"), text="x")
    expect(done.returncode == 3 and "only regular files are read" in done.stdout, done.stdout)


def what_is_no_program_is_answered_at_once():
    folder = place("wrong")
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
    (folder / "empty").write_bytes(b"")
    (folder / "text").write_text("no program\n")
    (folder / "32bit").write_bytes(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x03\0\x28\0" + bytes(200))
    (folder / "cut").write_bytes((IMAGES / "floats.sm_87.cubin").read_bytes()[:40])
    (folder / "cut later").write_bytes((IMAGES / "floats.sm_87.cubin").read_bytes()[:3000])
    os.symlink("nowhere", folder / "dangling")
    with open(folder / "sparse", "wb") as sparse:
        sparse.write(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\xb7\0" + bytes(44))
        sparse.truncate(10 << 40)
    with open(folder / "sparse.whl", "wb") as sparse:
        sparse.write(b"PK\x03\x04")
        sparse.truncate(10 << 40)
    answers = {"sparse.whl": (3, "holes"), "fifo": (3, "a FIFO"), "socket": (3, ""), "empty": (0, ""), "text": (0, ""), "32bit": (0, "32-bit"),
               "cut": (3, ""), "cut later": (3, ": unreadable"), "dangling": (3, "No such file"), "sparse": (None, ""), "/dev/zero": (3, "a device"),
               "/nowhere": (3, "No such file")}
    for name, (status, part) in answers.items():
        begin = time.monotonic()
        done = command.run("inspect", *ORIN, name if name.startswith("/") else folder / name)
        took = time.monotonic() - begin
        expect(done.returncode == status or (status is None and done.returncode in (0, 3)), f"{name}: {done}")
        expect(part in done.stdout and done.stderr == "", f"{name}: {done.stdout}{done.stderr}")
        # Generous: the limit is for what reads without end, not for a slow machine.
        expect(took < 20, f"{name} took {took:.1f} s")
    (folder / "locked").mkdir()
    (folder / "locked/inner").mkdir(mode=0)
    if os.geteuid() != 0:
        done = command.run("inspect", *ORIN, folder / "locked")
        expect(done.returncode == 3 and "Permission denied" in done.stdout, done.stdout)


def names_of_every_sort_are_told():
    folder = place("names")
    odd = os.fsencode(folder) + b"/bad\xff\x1b[31m.cubin"
    shutil.copy(IMAGES / "floats.sm_87.cubin", odd)
    status, answer = inspect(folder, *ORIN)
    expect(status == 0 and "\ufffd" in answer["files"][1]["path"], f"{answer}")
    plain = command.run("inspect", folder, *ORIN).stdout
    expect("\x1b" not in plain, "an escape sequence reaches the terminal")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        bare_code_is_judged_for_each_gpu, a_library_is_judged_by_all_its_containers, every_verdict_has_its_status_and_remedy,
        archives_are_as_good_as_their_worst_member, folders_are_walked, a_board_below_a_root_is_asked,
        wrong_targets_are_refused_with_the_way_out, standard_input_is_a_file_too, what_is_no_program_is_answered_at_once,
        names_of_every_sort_are_told)])
finally:
    command.close()
sys.exit(status)
