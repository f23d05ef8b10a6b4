#!/usr/bin/env python3
"""Makes a board's folder, for `jetcuda-check run --root`.

    make_board.py BOARD OUT            a board of this folder (or of tests/roots), made in OUT
    make_board.py --list               all boards, each with one line that says what it is
    make_board.py --sources BOARD      where each file's content is from
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "roots"))
from board import BadBoard, Board

HERE = Path(__file__).resolve().parent
STORED = HERE.parent / "roots"


def names():
    described = [file.stem for file in (HERE / "descriptions").glob("*.json")]
    return sorted({*described, *(file.parent.name for file in STORED.glob("*/generated.json"))})


def load(name):
    """The board of that name, in memory."""
    if (STORED / name / "generated.json").is_file():
        return _stored(name)
    raise BadBoard(f"{name}: no such board; there are: {', '.join(names())}")


def _stored(name):
    folder = STORED / name
    spec = json.loads((folder / "generated.json").read_text())
    source = f"tests/roots/{name}/SOURCES.md"
    board = load(spec["base"]) if "base" in spec else Board(name)
    board.name = name
    for path in spec.get("remove", []):
        board._remove([path], source)
    nodes = None
    for file in sorted((folder / "root").rglob("*")):
        path = "/" + str(file.relative_to(folder / "root"))
        if path == "/.jetcuda-root.json":
            nodes = json.loads(file.read_text())
        elif file.is_file():
            board.text(path, file.read_text(), source)
    if nodes is not None:
        board.nodes = {node.pop("path"): node for node in nodes["nodes"]}
    for path in spec.get("dirs", []):
        board.folder(path, source)
    for key, put in (("libraries", board.library), ("modules", board.module), ("notes", board.note),
                     ("strings", board.strings), ("links", board.link)):
        for path, value in spec.get(key, {}).items():
            put(path, value, source)
    for path, lines in spec.get("append", {}).items():
        board.text(path, board.read(path) + "\n".join(lines) + "\n", source)
    for path in spec.get("empty", []):
        board.empty(path, source)
    board.nix_references.update(spec.get("nix_database", {}))
    board.cache_form = spec.get("ld_cache", board.cache_form)
    board.driver = json.loads((folder / "simulated_driver.json").read_text())
    if (folder / "arguments.json").is_file():
        board.arguments = json.loads((folder / "arguments.json").read_text())
    return board


def main():
    words = sys.argv[1:]
    try:
        if words == ["--list"]:
            print("\n".join(names()))
        elif len(words) == 2 and words[0] == "--sources":
            board = load(words[1])
            print("\n".join(f"{path}: {entry.source}" for path, entry in sorted(board.entries.items())))
        elif len(words) == 2 and not words[0].startswith("-"):
            out = Path(words[1])
            if out.exists() and any(out.iterdir()):
                sys.exit(f"{out} is there already and not empty; name a new folder")
            out.mkdir(parents=True, exist_ok=True)
            load(words[0]).write(out)
        else:
            sys.exit(__doc__)
    except BadBoard as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
