"""Small webdataset tars as Python's tarfile writes them, and the samples that webdataset finds in them.

`shards/{ustar,gnu,pax}.tar` hold long and non-ASCII names, folders, links, metadata, upper-case and double
extensions. `shards.json` holds, for each, webdataset's samples in order as rows [key, sha256 of the picture,
class, captions], and what braceexpand makes of patterns.
"""

import hashlib
import io
import json
import tarfile

import webdataset
from braceexpand import braceexpand
from golden_file import announce, origin, output_folder, save_json
from PIL import Image

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
PATTERNS = ["a.tar", "a-{8..11}.tar", "{08..11}", "{000000..000002}", "{1..005}", "{3..1}", "{0..10..5}", "{-01..01}",
            "{2..-2..2}", "{train,val}-{0..1}.tar", "{a,b{1..2}}c", "{a}{,x}", "x{{0..1},b}{}"]


def picture(i):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (20 * i, 200, 90)).save(file, "JPEG")
    return file.getvalue()


def samples(name):
    """Key, members by extension."""
    yield "000", {"jpg": picture(0), "txt": b" A dog.\n", "cls": b"2\n"}
    yield "a.b/001", {"json": json.dumps({"captions": ["A cat.", "Caf\u00e9."]}).encode(), "JPG": picture(1), "cls": b"0"}
    yield "x" * 60 + "/" + "y" * 60 + "/002", {"seg.png": b"none", "jpg": picture(2), "txt": b"Two\nlines", "cls": b"1"}
    if name != "ustar":
        yield "\u00e9" * 80 + "/" + "z" * 99 + "/003", {"jpg": picture(3), "txt": b"Far away", "cls": b"1"}
    yield "004", {"cls": b"2", "txt": "\u00dcber".encode(), "npy": b"?", "jpg": picture(4)}


def add(tar, name, data, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.mtime, info.uname = kind, 1.5, "\u00fcser"
    info.size = len(data)
    if kind == tarfile.SYMTYPE:
        info.linkname = "000.jpg"
    tar.addfile(info, io.BytesIO(data))


def write(path, name):
    with tarfile.open(path, "w", format=FORMATS[name]) as tar:
        add(tar, "a.b", b"", tarfile.DIRTYPE)
        add(tar, "__info__/x.jpg", b"metadata")
        add(tar, "README", b"without a dot")
        for key, members in samples(name):
            for extension, data in members.items():
                add(tar, f"{key}.{extension}", data)
            add(tar, f"{key}.link.jpg", b"", tarfile.SYMTYPE)
    announce(path, "tar")


def found(path):
    rows = []
    for sample in webdataset.WebDataset(str(path), shardshuffle=False):
        captions = [sample["txt"].decode().strip()] if "txt" in sample else json.loads(sample["json"])["captions"]
        rows.append([sample["__key__"], hashlib.sha256(sample["jpg"]).hexdigest(), int(sample["cls"]), captions])
    return rows


def main():
    folder = output_folder(__doc__)
    (folder / "shards").mkdir(exist_ok=True)
    rows = {}
    for name in FORMATS:
        path = folder / "shards" / f"{name}.tar"
        write(path, name)
        rows[name] = found(path)
    rows["braces"] = [[pattern, list(braceexpand(pattern))] for pattern in PATTERNS]
    save_json(folder / "shards.json", rows, origin(__file__, ["webdataset", "braceexpand", "Pillow"]))


if __name__ == "__main__":
    main()
