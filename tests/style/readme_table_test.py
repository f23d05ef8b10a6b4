#!/usr/bin/env python3
"""The README's table of checks is what `jetcuda-check list --markdown` prints.

    readme_table_test.py JETCUDA_CHECK [--update]
"""

import subprocess
import sys

import tree

BEGIN, END = "<!-- checks: made by `jetcuda-check list --markdown` -->", "<!-- end of checks -->"
table = subprocess.run([sys.argv[1], "list", "--markdown"], check=True, capture_output=True, text=True,
                       env={"PATH": "/usr/bin:/bin"}).stdout.strip()
readme = tree.TOP / "README.md"
text = readme.read_text()
if text.count(BEGIN) != 1 or text.count(END) != 1:
    sys.exit(f"README.md: the lines {BEGIN} and {END} must stand there once each, around the table of checks")
before, rest = text.split(BEGIN)
written, after = rest.split(END)
if sys.argv[2:] == ["--update"]:
    readme.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
elif written.strip() != table:
    sys.exit("README.md: its table of checks is not what the program prints\n\nwhy: people choose by that table\n"
             f"fix: {sys.argv[0]} {sys.argv[1]} --update")
else:
    print(f"{len(table.splitlines()) - 2} checks, as the program prints them")
