#!/usr/bin/env python3
"""Words that do not belong in the tree: notes to self, places of the machine it was written on, hosts to download from."""

import re

import tree

# Written in pieces, so that this file does not complain about itself.
WORDS = {
    r"\b" + "TO" + r"DO\b": "a note to self",
    r"\b" + "FIX" + r"ME\b": "a note to self",
    r"\b" + "XX" + r"X\b": "a note to self",
    r"(?<![\w.])/wo" + r"rk/": "a path of one machine",
    r"(?i)\b(deb|security|ftp)\.deb" + r"ian\.org\b": "a package host: the distribution's own tools know theirs",
    r"(?i)\b(archive|ports)\.ubu" + r"ntu\.com\b": "a package host",
    r"(?i)\b(pypi|files\.pythonhosted)\.o" + r"rg\b": "a package host",
    r"(?i)\bregistry\.npm" + r"js\.org\b": "a package host",
}
complaints = tree.Complaints(
    "the tree must read the same to everybody and build without a network; what is left to do belongs to the tracker",
    "say what is so instead, or take the line out")
for path in tree.files():
    if path.suffix not in tree.TEXTS and path.suffix:
        continue
    complaints.looked_at(path)
    try:
        content = tree.lines(path)
    except UnicodeDecodeError:
        continue
    for number, line in enumerate(content, 1):
        for word, what in WORDS.items():
            match = re.search(word, line)
            if match:
                complaints.add(path, f"holds {match[0]!r}, {what}", number)
complaints.finish()
