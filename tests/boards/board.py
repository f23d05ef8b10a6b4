"""One board in memory: every file that matters, where its content is from, and changes to it.

A layout (ubuntu.py, nixos.py, yocto.py) fills a Board from a description; a fault of tests/faults changes it; write()
makes the folder that `jetcuda-check run --root` judges. What a folder in a repository cannot hold (device nodes, owners,
modes) stands in `.jetcuda-root.json`, as the contract of `--root` says. Libraries and modules are ELF files that hold what
the program reads of a real one (elf_writer.py); no byte of a driver is copied from anywhere. A board made twice is the same.
"""

import copy
import fnmatch
import gzip
import json
import lzma
import sqlite3
import tempfile
from pathlib import Path

import elf_writer
import ld_cache_writer

CACHE = "/etc/ld.so.cache"
NODES = "/.jetcuda-root.json"
NIX_DATABASE = "/nix/var/nix/db/db.sqlite"
PACKAGE_LISTS = ("/var/lib/dpkg/status", "/var/lib/opkg/status")


class BadBoard(Exception):
    """A description or a change that does not fit its board; the text names the path."""


class Entry:
    def __init__(self, kind, value, source):
        self.kind, self.value, self.source = kind, value, source


class Board:
    def __init__(self, name):
        self.name = name
        self.entries = {}        # path: Entry
        self.nodes = {}          # path: {"type", "major", "minor", "mode", "uid", "gid"}
        self.kernel_log = None   # lines of the kernel's log; None: nobody knows it
        self.nix_references = {}  # store path: those that it needs, which Nix keeps in its database
        self.arguments = []      # that jetcuda-check needs for this board: ["--soc", "T234"] for an image
        self.driver = {}         # the settings of the simulated libcuda that stands for this board's
        self.cache_form = None   # of ldconfig: "new" (glibc 2.32 and later), "compat" (before), None: no cache
        self.kept_form = None    # the form of a cache that is kept as it was made before a change

    # What a layout puts there. `source` says where the content is from, or "made up: …".

    def _put(self, path, kind, value, source):
        if not path.startswith("/") or path.endswith("/"):
            raise BadBoard(f"{self.name}: {path!r} is not an absolute path of a file")
        self.entries[path] = Entry(kind, value, source)

    def text(self, path, content, source):
        """`content`: a string as it is, or a list of lines."""
        self._put(path, "text", content if isinstance(content, str) else "".join(line + "\n" for line in content), source)

    def strings(self, path, texts, source):
        """Texts that each end with a NUL, as a device tree holds them."""
        self._put(path, "bytes", b"".join(text.encode() + b"\0" for text in texts), source)

    def library(self, path, spec, source):
        """`spec`: {"soname", "needed", "functions": "driver"|[…], "build_id_of", "size", "stub", "machine",
        "compat_note": payload, "compat_note_claims": bytes that the note says its payload has, "runpath",
        "gpu_code": [[image, …], …] of elf_writer.device_code}"""
        self._put(path, "library", spec, source)

    def module(self, path, spec, source):
        """`spec`: {"modinfo": [[key, value], …], "build_id_of"}; a path ending in .xz or .gz is compressed."""
        self._put(path, "module", spec, source)

    def note(self, path, words, source):
        """The build-id note that a module made of these words has."""
        self._put(path, "bytes", elf_writer.build_id_note(elf_writer.build_id_of(words)), source)

    def link(self, path, target, source):
        self._put(path, "link", target, source)

    def empty(self, path, source):
        self._put(path, "bytes", b"", source)

    def folder(self, path, source):
        self._put(path, "folder", None, source)

    def node(self, path, major, minor, mode="0660", uid=0, gid=0, kind="c"):
        self.nodes[path] = {"type": kind, "major": major, "minor": minor, "mode": mode, "uid": uid, "gid": gid}

    def read(self, path):
        """The text of a file that was put there as text."""
        entry = self.entries.get(path)
        if entry is None or entry.kind != "text":
            raise BadBoard(f"{self.name}: there is no text file {path}")
        return entry.value

    def matching(self, pattern):
        """The paths at, or below, a path or a pattern such as "/dev/nvhost-*"."""
        names = [path for path in [*self.entries, *self.nodes]
                 if fnmatch.fnmatchcase(path, pattern) or path.startswith(pattern.rstrip("/") + "/")]
        if not names:
            raise BadBoard(f"{self.name}: nothing is at {pattern}")
        return names

    # Changes.

    def changed(self, change, source="the fault"):
        """A copy with `change` made to it, in this order; a change that changes nothing is an error.

            "remove":    [path or pattern, …]; what lies below goes, too
            "rename":    {path: new path}
            "text":      {path: text or [line, …]}       files that are made, or made anew
            "replace":   {path: {old: new}}              in a text file; `old` must be in it
            "append":    {path: [line, …]}
            "libraries": {path: {…}}                     laid over what the library there was made of
            "modules":   {path: {…}}                     the same; "modinfo": {key: value or null}
            "notes":     {path: words}   "strings": {path: [text, …]}   "links": {path: target}
            "empty":     [path, …]       "folders": [path, …]
            "nodes":     {path or pattern: {field: value} or null}
            "kernel_log": [line, …]      that the kernel has said since its start; none before means: nothing of a fault
            "packages":  {name: version, or null, or {"version", "architecture", "status"}}: of dpkg or opkg
            "nix_database": {store path: [store path, …]}
            "arguments": [word, …]       "driver": {key: value}: laid over the simulated driver's settings
            "ldconfig":  true: the cache of the loader is made anew; a change: it is what ldconfig made when the board had
                         that change instead of this one; else it stays as it was
        """
        board = copy.deepcopy(self)
        change = dict(change)
        run_ldconfig = change.pop("ldconfig", False)
        if isinstance(run_ldconfig, dict):
            then = self.changed({**run_ldconfig, "ldconfig": True}, source)
            then.keep_cache()
            board.keep_cache()
            board.entries[CACHE] = then.entries[CACHE]
        elif run_ldconfig:
            board.cache_form = board.cache_form or board.kept_form
            if board.cache_form is None:
                raise BadBoard(f"{self.name}: it has no cache of the loader that ldconfig could make anew")
        else:
            board.keep_cache()
        for key, apply in (("remove", board._remove), ("rename", board._rename), ("text", board._texts),
                           ("replace", board._replace), ("append", board._append), ("libraries", board._libraries),
                           ("modules", board._modules), ("notes", board._notes), ("strings", board._strings),
                           ("links", board._links), ("empty", board._empties), ("folders", board._folders),
                           ("nodes", board._nodes), ("kernel_log", board._log), ("packages", board._packages),
                           ("nix_database", board._nix), ("arguments", board._arguments), ("driver", board._driver)):
            if key in change:
                apply(change.pop(key), source)
        if change:
            raise BadBoard(f"{self.name}: unknown in a change: {', '.join(change)}")
        return board

    def _remove(self, patterns, _):
        for pattern in patterns:
            for path in self.matching(pattern):
                self.entries.pop(path, None)
                self.nodes.pop(path, None)

    def _rename(self, names, _):
        for old, new in names.items():
            for path in self.matching(old):
                moved = new + path[len(old):]
                if path in self.entries:
                    self.entries[moved] = self.entries.pop(path)
                if path in self.nodes:
                    self.nodes[moved] = self.nodes.pop(path)

    def _texts(self, files, source):
        for path, content in files.items():
            self.text(path, content, source)

    def _replace(self, files, source):
        for path, words in files.items():
            text = self.read(path)
            for old, new in words.items():
                if old not in text:
                    raise BadBoard(f"{self.name}: {path} does not hold {old!r}")
                text = text.replace(old, new)
            self.text(path, text, source)

    def _append(self, files, source):
        for path, lines in files.items():
            self.text(path, self.read(path) + "".join(line + "\n" for line in lines), source)

    def _libraries(self, libraries, source):
        for path, spec in libraries.items():
            old = self.entries.get(path)
            self.library(path, {**(old.value if old is not None and old.kind == "library" else {}), **spec}, source)

    def _modules(self, modules, source):
        for path, spec in modules.items():
            old = self.entries.get(path)
            merged = copy.deepcopy(old.value) if old is not None and old.kind == "module" else {"modinfo": []}
            words = spec.get("modinfo", {})
            pairs = [pair for pair in merged["modinfo"] if pair[0] not in words]
            pairs += [[key, value] for key, value in words.items() if value is not None]
            self.module(path, {**merged, **spec, "modinfo": pairs}, source)

    def _notes(self, notes, source):
        for path, words in notes.items():
            self.note(path, words, source)

    def _strings(self, files, source):
        for path, texts in files.items():
            self.strings(path, texts, source)

    def _links(self, links, source):
        for path, target in links.items():
            self.link(path, target, source)

    def _empties(self, paths, source):
        for path in paths:
            self.empty(path, source)

    def _folders(self, paths, source):
        for path in paths:
            self.folder(path, source)

    def _nodes(self, nodes, _):
        for pattern, fields in nodes.items():
            if fields is not None and pattern not in self.nodes and not set("*?[") & set(pattern):
                fields = dict(fields)
                self.node(pattern, fields.pop("major", 1), fields.pop("minor", 3), kind=fields.pop("type", "c"), **fields)
                continue
            for path in self.matching(pattern):
                if path not in self.nodes:
                    raise BadBoard(f"{self.name}: {path} is no device node")
                if fields is None:
                    del self.nodes[path]
                else:
                    self.nodes[path].update(fields)

    def _log(self, lines, _):
        self.kernel_log = [*(self.kernel_log or []), *lines]

    def _packages(self, packages, source):
        status = next((path for path in PACKAGE_LISTS if path in self.entries), None)
        if status is None:
            raise BadBoard(f"{self.name}: it has no list of packages")
        paragraphs = {paragraph.split("\n", 1)[0].removeprefix("Package: "): paragraph.strip("\n")
                      for paragraph in self.read(status).split("\n\n") if paragraph.strip()}
        for name, wanted in packages.items():
            if wanted is None:
                if name not in paragraphs:
                    raise BadBoard(f"{self.name}: {name} is not installed")
                del paragraphs[name]
                continue
            wanted = {"version": wanted} if isinstance(wanted, str) else wanted
            fields = dict(line.split(": ", 1) for line in paragraphs.get(name, f"Package: {name}\nStatus: install ok installed"
                          "\nArchitecture: arm64\nVersion: ").split("\n") if not line.startswith(" "))
            for key, value in wanted.items():
                fields[key.capitalize()] = value
            if not fields["Version"]:
                raise BadBoard(f"{self.name}: {name} is new and needs a version")
            paragraphs[name] = "\n".join(f"{key}: {value}" for key, value in fields.items())
        self.text(status, "".join(paragraph + "\n\n" for _, paragraph in sorted(paragraphs.items())), source)

    def _nix(self, references, _):
        self.nix_references.update(references)

    def _arguments(self, words, _):
        self.arguments = words

    def _driver(self, settings, _):
        self.driver = {**self.driver, **settings}

    # Making the folder.

    def keep_cache(self):
        """What ldconfig says of the board as it is now stays, whatever changes later."""
        if self.cache_form is None:
            return
        with tempfile.TemporaryDirectory() as place:
            self.write(Path(place))
            self._put(CACHE, "bytes", (Path(place) / CACHE[1:]).read_bytes(), "ld_cache_writer.py")
        self.cache_form, self.kept_form = None, self.cache_form

    def write(self, out):
        links = []
        for path, entry in self.entries.items():
            if entry.kind == "link":
                links.append(path)
                continue
            target = out / path[1:]
            if entry.kind == "folder":
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            _WRITERS[entry.kind](target, entry.value)
        # Last: files are made at their real places, never through a link of the board.
        for path in links:
            target = out / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise BadBoard(f"{self.name}: {path} is a link, and a folder with files of its own")
            target.symlink_to(self.entries[path].value)
        if self.nodes or self.kernel_log is not None:
            notes = {"nodes": [{"path": path, **node} for path, node in sorted(self.nodes.items())]}
            if self.kernel_log is not None:
                notes["kernel_log"] = self.kernel_log
            (out / NODES[1:]).write_text(json.dumps(notes, indent=2) + "\n")
        if self.nix_references:
            (out / NIX_DATABASE[1:]).parent.mkdir(parents=True, exist_ok=True)
            write_nix_database(out / NIX_DATABASE[1:], self.nix_references)
        if self.cache_form is not None:
            ld_cache_writer.write(out, self.cache_form)


def _write_library(target, spec):
    functions = elf_writer.DRIVER_FUNCTIONS if spec.get("functions") == "driver" else spec.get("functions", [])
    elf_writer.write_library(
        target, spec["soname"], spec.get("needed", []), functions,
        elf_writer.build_id_of(spec["build_id_of"]) if "build_id_of" in spec else b"", spec.get("size", 0),
        {"aarch64": elf_writer.AARCH64, "x86_64": elf_writer.X86_64}[spec.get("machine", "aarch64")],
        spec.get("stub", False), spec.get("runpath", ""),
        compat_note=elf_writer.compat_note(spec["compat_note"], spec.get("compat_note_claims")) if "compat_note" in spec else b"",
        device_code=elf_writer.device_code(spec.get("gpu_code", [])))


def _write_module(target, spec):
    elf_writer.write_module(target, spec["modinfo"],
                            elf_writer.build_id_of(spec["build_id_of"]) if "build_id_of" in spec else b"")
    if target.suffix == ".xz":
        target.write_bytes(lzma.compress(target.read_bytes(), check=lzma.CHECK_CRC32))
    elif target.suffix == ".gz":
        target.write_bytes(gzip.compress(target.read_bytes(), mtime=0))


_WRITERS = {
    "text": lambda target, text: target.write_text(text),
    "bytes": lambda target, content: target.write_bytes(content),
    "library": _write_library,
    "module": _write_module,
}


def write_nix_database(target, references):
    """The tables of Nix (src/libstore/schema.sql), as far as closures need them."""
    target.unlink(missing_ok=True)
    database = sqlite3.connect(target)
    with database:
        database.executescript(
            "CREATE TABLE ValidPaths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT UNIQUE NOT NULL, "
            "hash TEXT NOT NULL, registrationTime INTEGER NOT NULL, deriver TEXT, narSize INTEGER, ultimate INTEGER, "
            "sigs TEXT, ca TEXT); "
            "CREATE TABLE Refs (referrer INTEGER NOT NULL, reference INTEGER NOT NULL, PRIMARY KEY (referrer, reference)); "
            "CREATE INDEX IndexReferrer ON Refs(referrer); CREATE INDEX IndexReference ON Refs(reference);")
        paths = list(dict.fromkeys([*references, *(path for needed in references.values() for path in needed)]))
        ids = {path: number for number, path in enumerate(paths, 1)}
        database.executemany("INSERT INTO ValidPaths (id, path, hash, registrationTime) VALUES (?, ?, 'sha256:0', 1)",
                             [(number, path) for path, number in ids.items()])
        database.executemany("INSERT INTO Refs VALUES (?, ?)",
                             sorted({(ids[path], ids[one]) for path, needed in references.items() for one in needed}))
    database.close()
