#!/usr/bin/python3
"""Holds reports to the installed schema, config/report.schema.json.

    validate_report.py [--schema FILE] [REPORT…]

Without files, one report is read from standard input. With --schema, other documents are held to another schema. Ends with 1 when a report breaks the schema or is no JSON, after
naming the file, the JSON pointer and what is wrong there; with 2 when it cannot do its work.

Of a report it also holds what a schema cannot say: the ids of a report's checks are distinct, a key stands once in
its object, and the digest is the one that the schema's words describe, computed here anew.
"""

import argparse
import hashlib
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("validate_report.py needs python3-jsonschema: sudo apt-get install python3-jsonschema", file=sys.stderr)
    sys.exit(2)

REPORT = "jetcuda-check.report/1"
SCHEMA = pathlib.Path(__file__).resolve().parents[3] / "config" / "report.schema.json"


def without_repeated_keys(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object: " + ", ".join(sorted(key for key, _ in pairs)))
    return members


def digest_of(report):
    kept = {key: report[key] for key in ("root", "verdict", "reason", "device", "stack")}
    kept["checks"] = [
        {
            **{key: check[key] for key in ("id", "status", "severity", "code", "waived", "blocked_by")},
            "evidence": [
                {key: evidence[key] for key in ("what", "value", "source")}
                for evidence in check["evidence"]
                if not evidence["volatile"]
            ],
        }
        for check in report["checks"]
    ]
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def flaws_of(text, validator):
    """Every flaw as (JSON pointer, sentence)."""
    try:
        report = json.loads(text, object_pairs_hook=without_repeated_keys)
    except (ValueError, RecursionError) as error:
        return [("", f"no JSON: {error}")]
    errors = sorted(validator.iter_errors(report), key=lambda error: [str(part) for part in error.absolute_path])
    flaws = [("/" + "/".join(str(part) for part in error.absolute_path), error.message) for error in errors]
    if flaws or report.get("schema") != REPORT:
        return flaws
    ids = [check["id"] for check in report["checks"]]
    flaws += [("/checks", f"{id} stands there twice") for id in sorted(set(ids)) if ids.count(id) > 1]
    if report["digest"] != digest_of(report):
        flaws.append(("/digest", f"is {report['digest']}, and the report's content gives {digest_of(report)}"))
    return flaws


def main():
    parser = argparse.ArgumentParser(description="Holds reports to their schema.")
    parser.add_argument("--schema", type=pathlib.Path, default=SCHEMA)
    parser.add_argument("reports", nargs="*", type=pathlib.Path, metavar="REPORT")
    arguments = parser.parse_args()
    try:
        schema = json.loads(arguments.schema.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        texts = [(str(path), path.read_text(encoding="utf-8")) for path in arguments.reports]
        if not texts:
            texts = [("standard input", sys.stdin.read())]
    except (OSError, ValueError, jsonschema.SchemaError) as error:
        print(f"validate_report.py: {error}", file=sys.stderr)
        return 2
    validator = jsonschema.Draft202012Validator(schema)
    broken = False
    for name, text in texts:
        for pointer, sentence in flaws_of(text, validator):
            print(f"{name}: {pointer or 'the whole'}: {sentence}", file=sys.stderr)
            broken = True
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
