"""What the style tests share: the tree they look at, and how they complain.

Every test here guards a rule that a reader or a reviewer would otherwise have to keep in mind. A complaint names file
and line, says why the rule is there, and how to mend it.
"""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
OUTSIDE = {".git", "build", ".cache", "__pycache__"}
TEXTS = {".cpp", ".hpp", ".c", ".h", ".cu", ".S", ".py", ".sh", ".md", ".txt", ".json", ".xml", ".service", ".socket",
         ".timer", ".conf", ".cmake", ".in", ".1", ".8", ".rules", ".policy", ".yml", ".yaml", ".nix", ".catalog"}


def files(*suffixes, below=("",)):
    """Files of the tree as paths relative to its top, sorted."""
    found = set()
    for folder in below:
        for path in (TOP / folder).rglob("*"):
            inside = path.relative_to(TOP)
            if OUTSIDE.isdisjoint(inside.parts) and path.is_file() and not path.is_symlink() \
                    and (not suffixes or path.suffix in suffixes):
                found.add(inside)
    return sorted(found)


def lines(path):
    return (TOP / path).read_text(encoding="utf-8").splitlines()


def includes(path):
    """(line number, name, quoted?) of every #include."""
    for number, line in enumerate(lines(path), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            yield number, match[2], match[1] == '"'


class Complaints:
    """Gathers what breaks one rule; `finish` tells all of it at once."""

    def __init__(self, reason, fix):
        self.reason, self.fix, self.told, self.looked = reason, fix, [], 0

    def looked_at(self, _):
        self.looked += 1

    def add(self, path, text, number=None):
        self.told.append(f"{path}{f':{number}' if number else ''}: {text}")

    def finish(self):
        if not self.looked:
            sys.exit("this test found nothing to look at; it is broken, or the tree was moved")
        if self.told:
            sys.exit("\n".join(self.told) + f"\n\nwhy: {self.reason}\nfix: {self.fix}")
        print(f"{self.looked} looked at, all keep the rule")
