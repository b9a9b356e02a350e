"""Small files as torch and numpy write them, and what they hold.

torch_files/NAME are the files. torch_files.safetensors has each tensor in C order under "FILE|GROUP|NAME".
"""

import argparse
import pathlib
from collections import Counter, OrderedDict

import numpy as np
import torch
from golden_file import announce, origin, output_folder
from safetensors.torch import save_file


def tensors():
    """One tensor of each kind that a state_dict can hold."""
    torch.manual_seed(0)
    base = torch.randn(4, 6)
    named = OrderedDict()
    for dtype in ("float32", "float16", "bfloat16", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16"):
        named["dtype." + dtype] = (base * 9).abs().to(getattr(torch, dtype))
    named["dtype.bool"] = base > 0
    named["layout.transposed"] = base.t()
    named["layout.columns"] = base[:, 1:4]
    named["layout.rows"] = base[1:3]
    named["layout.steps"] = torch.arange(12.0)[1::3]
    named["layout.channels_last"] = torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last)
    named["layout.ones"] = torch.randn(1, 3, 1).transpose(0, 2)
    named["scalar"] = torch.tensor(2.5)
    named["empty"] = torch.empty(0, 3)
    named["parameter"] = torch.nn.Parameter(torch.randn(3))
    named["tied.a"] = named["tied.b"] = torch.randn(2, 2)
    return named


def checkpoint(foreign):
    """What training scripts put beside the weights."""
    torch.manual_seed(1)
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "args": argparse.Namespace(lr=float("nan"), limit=float("inf"), folder=pathlib.PurePosixPath("/data/images"),
                                   large=1 << 40, larger=(1 << 64) - 1, largest=-(1 << 70), sizes=[1, 2], name="tiny"),
        "numpy": {"accuracy": np.float64(0.5), "count": np.int64(7), "flag": np.bool_(True), "text": np.str_("é"),
                  "half": np.float16(1.5), "mean": np.array([0.1, 0.2, 0.3]), "table": np.asfortranarray([[1, 2, 3], [4, 5, 6]])},
        "size": torch.Size([2, 3]),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "pair": [torch.ones(2), torch.zeros(1)],
        "nothing": None,
        **foreign,
    }


def arrays():
    generator = np.random.default_rng(0)
    return {"floats": generator.standard_normal((3, 4)).astype(np.float32), "halfs": np.arange(6, dtype=np.float16),
            "integers": np.arange(5), "flags": np.array([True, False]), "scalar": np.array(2.5),
            "empty": np.zeros((0, 2)), "fortran": np.asfortranarray(generator.standard_normal((3, 5))),
            "layer/kernel:0": np.ones((2, 2), np.float32), "names": np.array(["cat", "Häuschen", ""]),
            "bytes": np.array([b"a", b"bc"])}


def write_numpy(folder):
    numbers = arrays()["fortran"]
    np.savez(folder / "arrays.npz", **arrays())
    np.savez_compressed(folder / "arrays_compressed.npz", **arrays())
    np.savez(folder / "objects.npz", fine=np.ones(2), thing=np.array([{}], dtype=object))
    np.save(folder / "fortran.npy", numbers)
    np.save(folder / "big_endian.npy", numbers.astype(">f8"))
    np.save(folder / "structure.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i8")]))
    np.save(folder / "names.npy", np.array([["a", "b"], ["c", "d"]]))
    for version in ((2, 0), (3, 0)):
        with open(folder / f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, np.ascontiguousarray(numbers), version=version)


def write_torch(folder):
    torch.save(tensors(), folder / "tensors.pt")
    # A dtype without a storage class of its own: version 3 of a tensor.
    legacy = {name: tensor for name, tensor in tensors().items() if name != "dtype.uint16"}
    torch.save(legacy, folder / "tensors_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(checkpoint({"counter": Counter("aab"), "complex": torch.ones(2, dtype=torch.complex64)}), folder / "checkpoint.pt")
    torch.save(checkpoint({}), folder / "checkpoint_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(tensors()["layout.transposed"], folder / "tensor.pt")
    base = torch.arange(3.0)
    torch.save({"expanded": base.expand(4, 3)}, folder / "expanded.pt")


def flattened(prefix, value, group="", name=""):
    """FILE|GROUP|NAME to tensor, the way repbench names them."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "US":
        return {}
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value.copy())
    if isinstance(value, torch.Tensor):
        if value.is_complex():
            return {}
        return {f"{prefix}|{group}|{name or 'tensor'}": value.detach().contiguous().clone()}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    path = ".".join(part for part in (group, name) if part)
    found = {}
    for key, item in items:
        found.update(flattened(prefix, item, path, str(key)))
    return found


def main():
    folder = output_folder(__doc__)
    files = folder / "torch_files"
    files.mkdir(exist_ok=True)
    write_torch(files)
    write_numpy(files)
    numbers = arrays()["fortran"]
    expected = flattened("tensors.pt", tensors())
    expected.update(flattened("tensors_legacy.pt", {k: v for k, v in tensors().items() if k != "dtype.uint16"}))
    expected.update(flattened("checkpoint.pt", checkpoint({})))
    expected.update(flattened("checkpoint_legacy.pt", checkpoint({})))
    expected.update(flattened("tensor.pt", tensors()["layout.transposed"]))
    for name in ("arrays.npz", "arrays_compressed.npz"):
        expected.update(flattened(name, arrays()))
    for name in ("fortran.npy", "version2.npy", "version3.npy"):
        expected.update(flattened(name, {"array": numbers}))
    import json
    source = json.dumps(origin(__file__, ["torch", "numpy"]), sort_keys=True)
    save_file(expected, folder / "torch_files.safetensors", metadata={"golden": source})
    (folder / "torch_files.safetensors").chmod(0o644)
    announce(folder / "torch_files.safetensors", f"{len(expected)} tensors")
    for path in sorted(files.iterdir()):
        announce(path, "as torch or numpy writes it")


if __name__ == "__main__":
    main()
