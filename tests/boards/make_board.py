#!/usr/bin/env python3
"""Makes a board's folder, for `jetcuda-check run --root`.

    make_board.py BOARD OUT            the board of descriptions/BOARD.json, made in OUT
    make_board.py --driver BOARD       the settings of the simulated libcuda that stands for this board's
    make_board.py --list               all boards, each with one line that says what it is
    make_board.py --sources BOARD      where each file's content is from
"""

import copy
import functools
import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from board import BadBoard

# What a description says of the report and of the program, and not of the board.
ABOUT = {"what", "source", "healthy", "arguments", "driver", "config", "base", "change", "distribution"}
LAYOUTS = {"ubuntu": "ubuntu", "nixos": "nixos", "yocto": "yocto", "other": "ubuntu"}


def names():
    return sorted(file.stem for file in (HERE / "descriptions").glob("*.json"))


@functools.cache
def _description(name):
    file = HERE / "descriptions" / f"{name}.json"
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        raise BadBoard(f"{name}: no such board; there are: {', '.join(names())}") from None
    except ValueError as problem:
        raise BadBoard(f"{file}: {problem}") from None


def describe(name):
    """What descriptions/NAME.json says; of a board that is changed from another, with what it has from that one."""
    words = copy.deepcopy(_description(name))
    if "base" in words:
        base = describe(words["base"])
        base.pop("healthy", None)
        words = {**base, **words}
    return words


def load(name):
    """The board of that name, in memory; yours to change."""
    return copy.deepcopy(_made(name))


@functools.cache
def _made(name):
    own = _description(name)
    if "what" not in own:
        raise BadBoard(f"descriptions/{name}.json does not say what the board is")
    if "base" in own:
        if unknown := set(own) - ABOUT:
            raise BadBoard(f"descriptions/{name}.json has a base, and also: {', '.join(sorted(unknown))}")
        board = load(own["base"])
        board.name = name
        board = board.changed(own.get("change", {}), own.get("source", f"descriptions/{name}.json: {own['what']}"))
        board.arguments = own.get("arguments", board.arguments)
    else:
        if own.get("distribution") not in LAYOUTS:
            raise BadBoard(f"descriptions/{name}.json: \"distribution\" is none of {', '.join(LAYOUTS)}")
        words = _Read(name, copy.deepcopy(own))
        board = importlib.import_module(LAYOUTS[own["distribution"]]).layout(words)
        board.name = name
        if unread := set(own) - words.read - ABOUT:
            raise BadBoard(f"descriptions/{name}.json: its layout does not know {', '.join(sorted(unread))}")
        board.arguments = own.get("arguments", board.arguments)
    board.driver = {**board.driver, **own.get("driver", {})}
    return board


class _Read(dict):
    """A description that knows which of its keys a layout has read: a word that nobody reads is a mistake."""

    def __init__(self, name, words):
        super().__init__(words, name=name)
        self.read = {"name"}

    def get(self, key, default=None):
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key):
        self.read.add(key)
        try:
            return super().__getitem__(key)
        except KeyError:
            raise BadBoard(f"descriptions/{super().__getitem__('name')}.json: \"{key}\" is missing") from None

    def __contains__(self, key):
        self.read.add(key)
        return super().__contains__(key)


def make(name, out):
    """The board's folder."""
    out.mkdir(parents=True, exist_ok=True)
    load(name).write(out)


def node_sources(board):
    """Device nodes lie in no file of the board that could carry a source; the table of modules has it."""
    sets = json.loads((HERE / "modules.json").read_text())["node_sets"].values()
    for path in sorted(board.nodes):
        yield path, next((one["source"] for one in sets if any(node[0] == path for node in one["nodes"])), "the description")


def main():
    words = sys.argv[1:]
    try:
        if words == ["--list"]:
            print("\n".join(f"{name}: {describe(name)['what']}" for name in names()))
        elif len(words) == 2 and words[0] == "--driver":
            print(json.dumps(load(words[1]).driver))
        elif len(words) == 2 and words[0] == "--sources":
            board = load(words[1])
            print("\n".join(f"{path}: {entry.source}" for path, entry in sorted(board.entries.items())))
            print("\n".join(f"{path}: {source}" for path, source in node_sources(board)))
        elif len(words) == 2 and not words[0].startswith("-"):
            out = Path(words[1])
            if out.exists() and any(out.iterdir()):
                sys.exit(f"{out} is there already and not empty; name a new folder")
            make(words[0], out)
        else:
            sys.exit(__doc__)
    except BadBoard as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
