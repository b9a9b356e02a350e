"""Validates reports against their schema (JSON Schema, draft 2020-12) with the jsonschema package.

NaN and infinities, which Python's reader would take, are refused as JSON refuses them.
"""

import argparse
import json
from pathlib import Path

from checks import Checks
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def problems(validator, path):
    """All that is wrong with one report, as lines."""
    try:
        report = read(path)
    except (OSError, ValueError) as error:
        return [str(error)]
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("schema", type=Path)
    parser.add_argument("reports", type=Path, nargs="+")
    arguments = parser.parse_args()

    checks = Checks()
    schema = read(arguments.schema)
    try:
        Draft202012Validator.check_schema(schema)
        checks.that(True, f"{arguments.schema} is a schema of draft 2020-12")
    except SchemaError as error:
        checks.that(False, f"{arguments.schema}: {error.json_path}: {error.message}")
        checks.finish()
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for path in arguments.reports:
        found = problems(validator, path)
        checks.that(not found, f"{path} is valid" if not found else f"{path}:")
        for line in found:
            print(f"       {line}")
    checks.finish()


if __name__ == "__main__":
    main()
