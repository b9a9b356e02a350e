"""Writes HTML5's named character references as a C++ table: datasets/text/html5_entities.inc.

The names are those of the HTML standard, as Python's html.entities holds them.
"""

from html.entities import html5
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "datasets" / "text" / "html5_entities.inc"


def row(name):
    text = "".join(f"\\x{ord(character):X}" for character in html5[name + ";"])
    semicolon = "optional" if name in html5 else "needed"
    return f'{{"{name}", U"{text}", Semicolon::{semicolon}}},\n'


names = sorted({name.rstrip(";") for name in html5})
TABLE.write_text("".join(map(row, names)), encoding="ascii")
print(f"{TABLE.name}: {len(names)} names, {TABLE.stat().st_size} bytes")
