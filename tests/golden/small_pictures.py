"""CIFAR-10, CIFAR-100 and STL-10 as they are downloaded, of a few pictures each, and what torchvision reads from them.

The pickles are written opcode by opcode as Python 2 wrote those of CIFAR (protocol 2, texts as its `str`, numpy's old
module names): Python 3 writes others.
"""

import gzip
import hashlib
import io
import struct
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import torchvision
from golden_file import announce, origin, output_folder, save_json

CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
STL10 = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]
FINE = [f"fine{i}" for i in range(100)]
COARSE = [f"coarse{i}" for i in range(20)]


def pictures(count, side, seed):
    """[N, 3, side, side]: ramps, other ones for every picture, channel and direction, that compress well."""
    i, c, y, x = np.ogrid[:count, :3, :side, :side]
    return ((3 + (i + seed) % 5) * y + (1 + (2 * i + seed) % 7) * x + 70 * c + 29 * i + seed).astype(np.uint8)


def labels(count, classes, seed):
    return [(7 * i + seed) % classes for i in range(count)]


class Python2Pickle:
    """Just what CIFAR's files hold: a dict of texts, lists and one array."""

    def __init__(self):
        self.out = io.BytesIO()
        self.memos = 0

    def put(self):
        self.out.write(b"q" + bytes([self.memos]) if self.memos < 256 else b"r" + struct.pack("<I", self.memos))
        self.memos += 1

    def text(self, value):
        value = value if isinstance(value, bytes) else value.encode()
        self.out.write((b"U" + bytes([len(value)]) if len(value) < 256 else b"T" + struct.pack("<i", len(value))) + value)
        self.put()

    def integer(self, value):
        self.out.write(b"K" + bytes([value]) if 0 <= value < 256 else
                       b"M" + struct.pack("<H", value) if 0 <= value < 65536 else b"J" + struct.pack("<i", value))

    def array(self, value):
        self.out.write(b"cnumpy.core.multiarray\n_reconstruct\n")
        self.put()
        self.out.write(b"cnumpy\nndarray\n")
        self.put()
        self.out.write(b"K\x00\x85")
        self.put()
        self.text("b")
        self.out.write(b"\x87")
        self.put()
        self.out.write(b"R")
        self.put()
        self.out.write(b"(K\x01")
        for size in value.shape:
            self.integer(size)
        self.out.write(b"\x86")
        self.put()
        self.out.write(b"cnumpy\ndtype\n")
        self.put()
        self.text("u1")
        self.out.write(b"K\x00K\x01\x87")
        self.put()
        self.out.write(b"R")
        self.put()
        self.out.write(b"(K\x03")
        self.text("|")
        self.out.write(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t")
        self.put()
        self.out.write(b"b\x89")
        self.text(value.tobytes())
        self.out.write(b"t")
        self.put()
        self.out.write(b"b")

    def value(self, value):
        if isinstance(value, (str, bytes)):
            self.text(value)
        elif isinstance(value, int):
            self.integer(value)
        elif isinstance(value, np.ndarray):
            self.array(value)
        else:
            self.out.write(b"]")
            self.put()
            self.out.write(b"(")
            for item in value:
                self.value(item)
            self.out.write(b"e")

    def dump(self, items):
        self.out.write(b"\x80\x02}")
        self.put()
        self.out.write(b"(")
        for key, item in items.items():
            self.text(key)
            self.value(item)
        self.out.write(b"u.")
        return self.out.getvalue()


def pickled(**items):
    return Python2Pickle().dump(items)


def records(images, *columns):
    return b"".join(bytes(row) + image.tobytes() for image, row in zip(images, zip(*columns)))


def cifar10():
    """Members of both archives; the binary one lists them out of order, as the real one does."""
    binary = {"batches.meta.txt": "".join(name + "\n" for name in CIFAR10).encode() + b"\n"}
    python = {"batches.meta": pickled(num_cases_per_batch=10000, label_names=CIFAR10, num_vis=3072)}
    batches = [(f"data_batch_{i}", 4, i) for i in (5, 3, 1, 4, 2)] + [("test_batch", 12, 6)]
    for name, count, seed in batches:
        images, classes = pictures(count, 32, seed), labels(count, 10, seed)
        binary[name + ".bin"] = records(images, classes)
        python[name] = pickled(data=images.reshape(count, 3072), labels=classes, batch_label="batch " + name,
                               filenames=[f"picture_{i}.png" for i in range(count)])
    return {"cifar-10-binary.tar.gz": ("cifar-10-batches-bin", binary),
            "cifar-10-python.tar.gz": ("cifar-10-batches-py", python)}


def cifar100():
    binary = {"fine_label_names.txt": "\n".join(FINE).encode() + b"\n",
              "coarse_label_names.txt": "\n".join(COARSE).encode() + b"\n"}
    python = {"meta": pickled(fine_label_names=FINE, coarse_label_names=COARSE)}
    for name, count, seed in (("train", 16, 7), ("test", 12, 8)):
        images, fine = pictures(count, 32, seed), labels(count, 100, 10 * seed)
        coarse = [label // 5 for label in fine]
        binary[name + ".bin"] = records(images, coarse, fine)
        python[name] = pickled(filenames=[f"picture_{i}.png" for i in range(count)], batch_label="all of it",
                               fine_labels=fine, coarse_labels=coarse, data=images.reshape(count, 3072))
    return {"cifar-100-binary.tar.gz": ("cifar-100-binary", binary),
            "cifar-100-python.tar.gz": ("cifar-100-python", python)}


def stl10():
    files = {"class_names.txt": "\n".join(STL10).encode() + b"\n",
             "fold_indices.txt": "".join(" ".join(str((3 * i + fold) % 12) for i in range(4)) + " \n"
                                         for fold in range(10)).encode()}
    for name, count, seed in (("train", 12, 1), ("test", 12, 2), ("unlabeled", 3, 3)):
        # A file holds columns, not rows.
        files[name + "_X.bin"] = pictures(count, 96, seed).transpose(0, 1, 3, 2).tobytes()
        if name != "unlabeled":
            files[name + "_y.bin"] = bytes(label + 1 for label in labels(count, 10, seed))
    return {"stl10_binary.tar.gz": ("stl10_binary", files)}


def write_archive(path, folder, members):
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo(folder)
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
        for name, content in members.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    path.write_bytes(gzip.compress(plain.getvalue(), mtime=0))
    announce(path, f"{len(members)} files")


def row(name, split, dataset, targets, names):
    pixels = b"".join(np.asarray(dataset[i][0]).tobytes() for i in range(len(dataset)))
    return {"archives": name, "split": split, "labels": [int(label) for label in targets], "class_names": list(names),
            "pixels_sha256": hashlib.sha256(pixels).hexdigest()}


def read_with_torchvision(folder):
    """Small files are not the ones whose MD5 torchvision knows."""
    datasets = torchvision.datasets
    datasets.cifar.check_integrity = lambda *_: True
    for kind in (datasets.CIFAR10, datasets.STL10):
        kind._check_integrity = lambda self: True
    rows = []
    for name, kind in (("cifar-10", datasets.CIFAR10), ("cifar-100", datasets.CIFAR100)):
        for split in ("train", "test"):
            dataset = kind(folder, train=split == "train")
            rows.append(row(name, split, dataset, dataset.targets, dataset.classes))
    for split in ("train", "test", "unlabeled"):
        dataset = datasets.STL10(folder, split=split)
        rows.append(row("stl10", split, dataset, dataset.labels, [] if split == "unlabeled" else dataset.classes))
    for fold in (0, 9):
        dataset = datasets.STL10(folder, split="train", folds=fold)
        rows.append(row("stl10", f"train_fold{fold}", dataset, dataset.labels, dataset.classes))
    return rows


def main():
    folder = output_folder(__doc__) / "small_pictures"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked:
        for name, (inside, members) in {**cifar10(), **cifar100(), **stl10()}.items():
            write_archive(folder / name, inside, members)
            with tarfile.open(folder / name) as archive:
                archive.extractall(unpacked, filter="data")
        rows = read_with_torchvision(Path(unpacked))
    save_json(folder / "expected.json", {"rows": rows}, origin(__file__, ["torchvision", "numpy"]))


if __name__ == "__main__":
    main()
