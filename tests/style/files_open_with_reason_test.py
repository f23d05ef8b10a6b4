#!/usr/bin/env python3
"""A file opens with a paragraph for a reader who is new: what this is, and why it is so. And it stays short enough to
read in one sitting: 500 lines.
"""

import re

import tree

LIMIT = 500
complaints = tree.Complaints(
    "code is read by people who were not there; a file that needs no opening words is rare, and one of a thousand lines is "
    "several files",
    "write a comment of a few lines at its top; cut a long file where it changes its subject")
for path in tree.files(".cpp", ".hpp", ".cu", ".py", ".sh"):
    complaints.looked_at(path)
    content = tree.lines(path)
    if len(content) > LIMIT:
        complaints.add(path, f"has {len(content)} lines; the limit is {LIMIT}")
    text = content[1:] if content and content[0].startswith("#!") else content
    first = next((line for line in text if line.strip()), "")
    # A test, or a source whose header of the same name has the words, may do without.
    silent = path.name.endswith("_test.cpp") or (path.suffix == ".cpp" and (tree.TOP / path.with_suffix(".hpp")).is_file())
    if not silent and not re.match(r'\s*(//|/\*|#(?!include|pragma|define)|"""|r""")', first):
        complaints.add(path, "does not open with a comment that says what it is", 1)
complaints.finish()
