"""timm's Mixup in batch mode with given draws: mixed pictures and targets.

Keys: `images` [4, 2, 6, 5] float32, `labels` [4]; `<case>.images`, `<case>.targets` [4, 5] (smoothing 0.1);
`<case>.drawn` the share as drawn, `<case>.share` as corrected, `<case>.box` top, bottom, left, right.
"""

from unittest import mock

import numpy as np
import torch
from golden_file import origin, output_folder, save_tensors
from timm.data import mixup

CASES = {  # the share drawn, and for cuts the centre
    "mixup": (0.3, None), "cut": (0.4, (3, 2)), "corner": (0.25, (0, 4)), "odd": (0.9, (5, 0)),
}


def mixed(images, labels, share, centre):
    """timm's own function with numpy's chance replaced."""
    cut = centre is not None
    mixer = mixup.Mixup(mixup_alpha=0.0 if cut else 1.0, cutmix_alpha=1.0 if cut else 0.0, label_smoothing=0.1,
                        num_classes=5)
    boxes = []
    original = mixup.cutmix_bbox_and_lam

    def remember(*arguments, **keywords):
        boxes.append(original(*arguments, **keywords))
        return boxes[-1]

    places = iter(centre or ())
    with (mock.patch.object(mixup.np.random, "beta", lambda *_, **__: share),
          mock.patch.object(mixup.np.random, "rand", lambda *_: 0.0),
          mock.patch.object(mixup.np.random, "randint", lambda *_, **__: next(places)),
          mock.patch.object(mixup, "cutmix_bbox_and_lam", remember)):
        pictures, targets = mixer(images.clone(), labels)
    box, share = boxes[0] if cut else ((0, 0, 0, 0), share)
    return pictures, targets, np.array([float(share)]), np.array([int(side) for side in box])


def main():
    folder = output_folder(__doc__)
    generator = torch.Generator().manual_seed(19)
    images = torch.randn(4, 2, 6, 5, generator=generator)
    labels = torch.tensor([1, 4, 0, 1])
    tensors = {"images": images, "labels": labels}
    for name, (share, centre) in CASES.items():
        pictures, targets, corrected, box = mixed(images, labels, share, centre)
        tensors |= {f"{name}.images": pictures, f"{name}.targets": targets, f"{name}.drawn": np.array([share]),
                    f"{name}.share": corrected, f"{name}.box": box}
    save_tensors(folder / "mixing.safetensors", tensors, origin(__file__, ("timm", "torch", "numpy")))


if __name__ == "__main__":
    main()
