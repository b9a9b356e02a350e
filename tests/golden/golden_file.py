"""What every script in this folder shares: where a golden file goes, what it carries, how big it may be.

A golden file is written from fixed seeds on one thread, so that the same library versions on the same kind
of CPU give the same bytes. The versions lie in the file: in the safetensors metadata (one entry, "golden",
holding JSON) or under the JSON key "golden".
"""

import argparse
import json
from importlib import metadata
from pathlib import Path

LARGEST = 100_000  # bytes


def output_folder(description):
    """Reads the one optional argument that every script takes: the folder to write to."""
    parser = argparse.ArgumentParser(description=description.strip().splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent,
                        help="where to write (default: the folder of the script)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def origin(script, packages, **facts):
    """The record of where a file came from; `facts` are whatever a reader needs to rebuild the inputs."""
    versions = {package: metadata.version(package) for package in packages}
    return {"script": Path(script).name, "versions": versions, **facts}


def save_tensors(path, tensors, source):
    """Writes torch tensors or numpy arrays; the bytes depend on nothing but the contents."""
    import numpy as np
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(getattr(tensor, "numpy", lambda t=tensor: t)())
              for name, tensor in sorted(tensors.items())}
    # One entry only: the library writes several in an order that changes from run to run.
    save_file(arrays, path, metadata={"golden": json.dumps(source, sort_keys=True)})
    path.chmod(0o644)  # the library leaves it readable by its owner alone
    announce(path, f"{len(arrays)} tensors")


def save_json(path, contents, source):
    """Writes a table with one row a line; floats keep all their digits."""
    def lines(value):
        if not isinstance(value, list):
            return json.dumps(value)
        return "[\n  " + ",\n  ".join(json.dumps(row) for row in value) + "\n ]"

    entries = {"golden": source, **contents}
    text = ",\n ".join(f"{json.dumps(key)}: {lines(value)}" for key, value in entries.items())
    path.write_text("{\n " + text + "\n}\n", encoding="utf-8")
    announce(path, f"{sum(len(rows) for rows in contents.values() if isinstance(rows, list))} rows")


def announce(path, what):
    size = path.stat().st_size
    if size >= LARGEST:
        raise SystemExit(f"{path.name}: {size} bytes; a golden file stays under {LARGEST}")
    print(f"{path.name}: {what}, {size} bytes")
